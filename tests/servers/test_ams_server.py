# SPDX-License-Identifier: Apache-2.0
"""The test service is what it says: argo-ams-library, which knows nothing of us, publishes to it and pulls from it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from argo_ams_library import (
    AmsConnectionException,
    AmsException,
    AmsMessage,
    AmsServiceException,
    ArgoMessagingService,
)
from argo_ams_library.amsexceptions import AmsBalancerException, AmsTimeoutException

from tests.ams import PROJECT, SUBSCRIPTION, TOPIC, AmsPlace, ams_place
from tests.pki import Pki
from tests.servers.ams.server import Fault


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AmsPlace]:
    pki = Pki(tmp_path / "pki")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(b"".join(path.read_bytes() for path in pki.ca_directory.glob("*.0")))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with ams_place(pki) as made:
        yield made


def client(place: AmsPlace, token: str, project: str = PROJECT) -> ArgoMessagingService:
    return ArgoMessagingService(endpoint=f"127.0.0.1:{place.server.port}", project=project, token=token)


def test_what_it_publishes_it_pulls_in_order_and_acknowledges(place: AmsPlace) -> None:
    publisher, consumer = client(place, place.publisher_token), client(place, place.consumer_token)
    sent = [AmsMessage(data=f"body {number}", attributes={"empaid": f"id/{number}"}) for number in range(5)]
    assert publisher.publish(TOPIC, sent[:1]) == {"messageIds": ["0"]}
    assert publisher.publish(TOPIC, sent[1:])["messageIds"] == ["1", "2", "3", "4"]
    pulled = consumer.pull_sub(SUBSCRIPTION, 3)
    assert [(message.get_data(), message.get_attr()) for _, message in pulled] == [
        (f"body {number}".encode(), {"empaid": f"id/{number}"}) for number in range(3)
    ]
    assert [ack_id for ack_id, _ in pulled] == [
        f"projects/{PROJECT}/subscriptions/{SUBSCRIPTION}:{number}" for number in range(3)
    ]
    assert [ack_id for ack_id, _ in consumer.pull_sub(SUBSCRIPTION, 3)] == [ack_id for ack_id, _ in pulled]
    assert consumer.ack_sub(SUBSCRIPTION, [pulled[1][0], pulled[0][0]])
    assert [message.get_msgid() for _, message in consumer.pull_sub(SUBSCRIPTION, 10)] == ["2", "3", "4"]
    assert consumer.getoffsets_sub(SUBSCRIPTION) == {"max": 5, "min": 0, "current": 2}


def test_it_pulls_and_acknowledges_in_one_call(place: AmsPlace) -> None:
    client(place, place.publisher_token).publish(TOPIC, [AmsMessage(data="x"), AmsMessage(data="y")])
    consumer = client(place, place.consumer_token)
    assert [one.get_data() for one in consumer.pullack_sub(SUBSCRIPTION, 5)] == [b"x", b"y"]
    assert consumer.pullack_sub(SUBSCRIPTION, 5) == []


def test_it_exchanges_a_certificate_for_its_token(place: AmsPlace) -> None:
    own = place.publisher
    made = ArgoMessagingService(
        endpoint="127.0.0.1",
        project=PROJECT,
        cert=str(own.certificate_path),
        key=str(own.key_path),
        authn_port=place.server.authn_port,
    )
    assert made.token == place.publisher_token


def test_a_certificate_that_nobody_knows_has_no_token(place: AmsPlace) -> None:
    stranger = place.pki.issue("stranger.example.org")
    with pytest.raises(AmsServiceException) as caught:
        ArgoMessagingService(
            endpoint="127.0.0.1",
            project=PROJECT,
            cert=str(stranger.certificate_path),
            key=str(stranger.key_path),
            authn_port=place.server.authn_port,
        )
    assert (caught.value.code, "Binding was not found" in caught.value.msg) == (404, True)


def test_an_administrator_makes_topics_and_subscriptions(place: AmsPlace) -> None:
    admin = client(place, place.server.state.add_user("admin", PROJECT, "project_admin"))
    assert (
        admin.create_topic("eu-egi-cloud-accounting")["name"] == f"/projects/{PROJECT}/topics/eu-egi-cloud-accounting"
    )
    admin.publish("eu-egi-cloud-accounting", AmsMessage(data="before"))
    made = admin.create_sub("cloud", "eu-egi-cloud-accounting", ackdeadline=20)
    assert made["ackDeadlineSeconds"] == 20
    assert admin.pull_sub("cloud", 5) == []
    admin.publish("eu-egi-cloud-accounting", AmsMessage(data="after"))
    assert [one.get_data() for _, one in admin.pull_sub("cloud", 5)] == [b"after"]
    admin.modifyoffset_sub("cloud", 0)
    assert [one.get_data() for _, one in admin.pull_sub("cloud", 5)] == [b"before", b"after"]
    place.server.state.drop_oldest(place.server.state.topics[PROJECT, "eu-egi-cloud-accounting"], 1)
    assert [one.get_msgid() for _, one in admin.pull_sub("cloud", 5)] == ["1"]


@pytest.mark.parametrize(
    ("token", "project", "topic", "code", "words"),
    [
        ("publisher", PROJECT, "missing", 404, "Topic doesn't exist"),
        ("publisher", "missing", TOPIC, 404, "project doesn't exist"),
        ("publisher", PROJECT, "a.b", 400, "Invalid topic name"),
        ("nobody", PROJECT, TOPIC, 401, "Unauthorized"),
        ("consumer", PROJECT, TOPIC, 403, "Access to this resource is forbidden"),
        ("other", PROJECT, TOPIC, 403, "Access to this resource is forbidden"),
    ],
)
def test_each_refusal_has_its_status_and_words(
    place: AmsPlace, token: str, project: str, topic: str, code: int, words: str
) -> None:
    tokens = {
        "publisher": place.publisher_token,
        "consumer": place.consumer_token,
        "other": place.server.state.add_user("other", PROJECT, "publisher"),
        "nobody": "0" * 40,
    }
    with pytest.raises(AmsException) as caught:
        client(place, tokens[token], project).publish(topic, AmsMessage(data="x"))
    assert (caught.value.code, words in caught.value.msg) == (code, True)


def test_a_message_that_is_too_large_is_refused_and_those_before_it_are_not(place: AmsPlace) -> None:
    large = AmsMessage(data="x" * 2_000_000)
    with pytest.raises(AmsServiceException) as caught:
        client(place, place.publisher_token).publish(TOPIC, [AmsMessage(data="small"), large])
    assert (caught.value.code, caught.value.status) == (413, "INVALID_ARGUMENT")
    assert len(place.topic.messages) == 1


def test_acknowledging_has_its_conditions(place: AmsPlace) -> None:
    client(place, place.publisher_token).publish(TOPIC, [AmsMessage(data="x"), AmsMessage(data="y")])
    consumer = client(place, place.consumer_token)
    stem = f"projects/{PROJECT}/subscriptions/{SUBSCRIPTION}:"
    with pytest.raises(AmsBalancerException, match="no ack pending"):
        consumer.ack_sub(SUBSCRIPTION, [stem + "0"])
    consumer.pull_sub(SUBSCRIPTION, 1)
    with pytest.raises(AmsBalancerException, match="wrong ack"):
        consumer.ack_sub(SUBSCRIPTION, [stem + "1"])
    for odd in (["projects/other/subscriptions/x:0"], [stem + "x"], []):
        with pytest.raises(AmsServiceException, match="Invalid ack id"):
            consumer.ack_sub(SUBSCRIPTION, odd)
    place.server.state.clock = lambda: time.monotonic() + 11.5
    with pytest.raises(AmsTimeoutException, match="ack timeout"):
        consumer.ack_sub(SUBSCRIPTION, [stem + "0"])
    consumer.pull_sub(SUBSCRIPTION, 1)
    assert consumer.ack_sub(SUBSCRIPTION, [stem + "0"])


def test_a_number_where_a_text_is_due_is_refused(place: AmsPlace) -> None:
    consumer = client(place, place.consumer_token)
    with pytest.raises(AmsServiceException, match="Invalid Pull Parameters Arguments"):
        consumer.do_post(
            f"https://127.0.0.1:{place.server.port}/v1/projects/{PROJECT}/subscriptions/{SUBSCRIPTION}:pull",
            '{"maxMessages": 1}',
            "sub_pull",
        )


def test_faults_come_when_they_are_asked_for(place: AmsPlace) -> None:
    publisher = client(place, place.publisher_token)
    place.server.fail("publish", Fault(status=503))
    place.server.fail("publish", Fault(status=504, is_carried_out=True))
    place.server.fail("publish", Fault(is_dropped=True))
    for kind, count in ((AmsBalancerException, 0), (AmsTimeoutException, 1), (AmsConnectionException, 1)):
        with pytest.raises(kind):
            publisher.publish(TOPIC, AmsMessage(data="x"))
        assert len(place.topic.messages) == count
    assert publisher.publish(TOPIC, AmsMessage(data="x")) == {"messageIds": ["1"]}
    assert place.server.counts["publish"] == 4
