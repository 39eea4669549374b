# SPDX-License-Identifier: Apache-2.0
"""AMS over real HTTPS: tokens, batches, the one position of a subscription, its deadline, and whom we believe."""

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ssm.errors import ConnectFailedError, ConnectionLostError, RemoteProtocolError, TooLargeError, TransportError
from ssm.ports.transport import Consumer, Delivery, Transport
from ssm.transport.ams.consumer import HELD_OCTETS, SLACK_OCTETS
from ssm.transport.ams.transport import AmsTransport
from tests.ams import PROJECT, SUBSCRIPTION, TOPIC, AmsPlace, ams_place
from tests.exchange import give, nothing_comes, taken
from tests.pki import Pki
from tests.servers.ams.server import AmsServer, Fault

SECONDS = 60.0


@pytest.fixture
def place(server_pki: Pki) -> Iterator[AmsPlace]:
    with ams_place(server_pki) as made:
        yield made


def run(work: Coroutine[None, None, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(SECONDS):
            await work

    asyncio.run(bounded())


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


def bodies_of(deliveries: Sequence[Delivery]) -> list[bytes]:
    return [one.body for one in deliveries]


async def all_of(transport: Transport, count: int) -> list[bytes]:
    consumer = await transport.open_consumer()
    found = bodies_of(await taken(consumer, count))
    await consumer.close()
    return found


def jump(place: AmsPlace, seconds: float) -> None:
    """The service's clock goes on."""
    before = place.server.state.clock
    place.server.state.clock = lambda: before() + seconds


# Tokens.


def test_a_certificate_is_exchanged_once_for_all_connections(place: AmsPlace) -> None:
    async def work() -> None:
        transport = place.sending()
        for _ in range(3):
            await give(transport, *numbered(3))

    run(work())
    assert place.server.counts["exchange"] == 1
    assert len(place.topic.messages) == 9


def test_a_token_that_expires_in_mid_run_is_renewed_by_one_of_all_who_need_it(place: AmsPlace) -> None:
    async def work() -> None:
        producer = await place.sending().open_producer()
        consumer = await place.taking().open_consumer()
        await producer.publish("a", b"before")
        first = await taken(consumer, 1, acknowledge=False)
        place.server.state.expire("site")
        place.server.state.expire("server")
        await asyncio.gather(*(producer.publish(f"b/{number}", b"after") for number in range(50)))
        await consumer.acknowledge(first)
        assert bodies_of(await taken(consumer, 50)) == [b"after"] * 50
        await producer.close()
        await consumer.close()

    run(work())
    assert place.server.counts["exchange"] == 4
    assert place.subscription.current == 51


def test_a_token_that_is_configured_is_used_and_no_certificate_exchanged(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(token=place.publisher_token), b"x")
        assert await all_of(place.taking(token=place.consumer_token), 1) == [b"x"]

    run(work())
    assert place.server.counts["exchange"] == 0


def test_a_configured_token_that_is_refused_is_said_so_and_not_exchanged(place: AmsPlace) -> None:
    async def work() -> None:
        with pytest.raises(ConnectFailedError, match=r"login is refused: Unauthorized \(HTTP 401\)") as caught:
            await place.sending(token="0" * 40).open_producer()
        assert "registered" in caught.value.hint
        producer = await place.sending(token=place.publisher_token).open_producer()
        place.server.state.expire("site")
        with pytest.raises(TransportError, match="login is refused"):
            await producer.publish("id", b"x")
        await producer.close()

    run(work())
    assert place.server.counts["exchange"] == 0


def test_tokens_are_in_a_header_and_nowhere_else(place: AmsPlace, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = [place.publisher_token, place.consumer_token]
    echo = f'{{"error":{{"message":"token {place.publisher_token} has no rights"}}}}'.encode()
    shown: list[object] = []

    async def work() -> None:
        sending = place.sending(token=place.publisher_token)
        producer = await sending.open_producer()
        place.server.fail("publish", Fault(status=403, body=echo))
        with pytest.raises(TransportError) as caught:
            await producer.publish("id", b"x")
        shown.extend([sending.settings, sending.endpoints, vars(producer), caught.value, caught.getrepr()])
        await producer.close()
        taking = place.taking()
        await give(sending, b"x")
        await all_of(taking, 1)
        shown.extend([taking.settings, taking.endpoints])

    run(work())
    sent = [one for one in place.server.asked if one.call in {"publish", "pull", "acknowledge"}]
    assert {one.headers["x-api-key"] for one in sent} == set(tokens)
    for token in tokens:
        assert token not in caplog.text
        assert not any(token in str(one) + repr(one) for one in shown)
        assert not any(token in one.target or token in one.body.decode() for one in place.server.asked)
    assert all("x-api-key" not in one.headers for one in place.server.asked if one.call == "exchange")


# Publishing.


def test_what_waits_together_goes_together_in_its_order(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(500))
        assert await all_of(place.taking(), 500) == numbered(500)

    run(work())
    assert place.server.counts["publish"] <= 6
    assert place.server.connections <= 4


def test_one_request_holds_no_more_than_is_recommended_but_a_large_message_alone(place: AmsPlace) -> None:
    large = bytes(1_000_000)

    async def work() -> None:
        await give(place.sending(), *[bytes(200_000)] * 8, large, b"small")

    run(work())
    requests = [one.body for one in place.server.asked if one.call == "publish"]
    counts = {body.count(b'"empaid"') for body in requests if len(body) > 1_000_100}
    assert counts == {1}
    assert len(requests) < 10
    assert len(place.topic.messages) == 10


def test_one_message_that_is_too_large_is_refused_and_the_others_go(place: AmsPlace) -> None:
    place.server.state.max_message_octets = 10_000

    async def work() -> None:
        producer = await place.sending().open_producer()
        bodies = [b"a", b"x" * 20_000, b"b", b"c"]
        results = await asyncio.gather(
            *(producer.publish(f"id/{number}", body) for number, body in enumerate(bodies)), return_exceptions=True
        )
        assert [type(one) for one in results] == [type(None), TooLargeError, type(None), type(None)]
        assert "Message size is too large" in str(results[1])
        await producer.publish("later", b"d")
        await producer.close()

    run(work())
    # What stood before it in the request was published by it, and once more alone: at least once.
    assert [one["attributes"] for one in place.topic.messages[-3:]] == [
        {"empaid": "id/2"},
        {"empaid": "id/3"},
        {"empaid": "later"},
    ]


def test_closing_in_the_middle_tells_whoever_waits(place: AmsPlace) -> None:
    async def work() -> None:
        producer = await place.sending().open_producer()
        place.server.fail("publish", Fault(is_silent=True))
        waiting = [asyncio.ensure_future(producer.publish(f"{number}", b"x")) for number in range(3)]
        while place.server.counts["publish"] < 2:
            await asyncio.sleep(0.01)
        waiting.append(asyncio.ensure_future(producer.publish("late", b"x")))
        await asyncio.sleep(0)
        begun = time.monotonic()
        await producer.close()
        assert time.monotonic() - begun < 5
        for one in waiting:
            with pytest.raises(ConnectionLostError):
                await one

    run(work())


# The position of a subscription.


def test_only_what_is_filed_without_a_gap_is_acknowledged(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(5))
        consumer = await place.taking().open_consumer()
        deliveries = await taken(consumer, 5, acknowledge=False)
        await consumer.acknowledge([deliveries[0], deliveries[1], deliveries[3], deliveries[4]])
        await consumer.close()
        assert place.subscription.current == 2
        assert await all_of(place.taking(), 3) == [b"2", b"3", b"4"]

    run(work())


def test_a_batch_is_acknowledged_with_one_request_when_all_of_it_is_filed(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(32))
        consumer = await place.taking().open_consumer()
        for _ in range(4):
            assert place.subscription.current == 0
            await consumer.acknowledge(await consumer.receive(8))
        assert place.subscription.current == 32
        assert place.server.counts["acknowledge"] == 1
        await consumer.close()

    run(work())


def test_the_next_batch_waits_for_the_last_to_be_filed(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(10))
        consumer = await place.taking(prefetch=5).open_consumer()
        first = await taken(consumer, 5, acknowledge=False)
        coming = asyncio.ensure_future(consumer.receive(5))
        await asyncio.sleep(0.1)
        assert not coming.done()
        await consumer.acknowledge(first)
        assert bodies_of(await coming) == [b"5", b"6", b"7", b"8", b"9"]
        await consumer.close()

    run(work())


def test_an_acknowledgement_that_comes_too_late_pulls_again_and_hands_out_nothing_twice(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(10))
        consumer = await place.taking().open_consumer()
        first = await taken(consumer, 10, acknowledge=False)
        jump(place, 11.5)
        await consumer.acknowledge(first)
        assert place.subscription.current == 10
        assert await nothing_comes(consumer, 0.6)
        await give(place.sending(), b"next")
        assert bodies_of(await taken(consumer, 1)) == [b"next"]
        await consumer.close()

    run(work())
    assert place.server.counts["acknowledge"] == 3


def test_when_filing_is_slow_what_is_filed_is_acknowledged_and_the_rest_pulled_again(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(30))
        consumer = await place.taking(ack_deadline_seconds=0.4).open_consumer()
        found: list[bytes] = []
        positions = []
        while len(found) < 30:
            some = await consumer.receive(4)
            await asyncio.sleep(0.15)
            await consumer.acknowledge(some)
            found += bodies_of(some)
            positions.append(place.subscription.current)
        assert found == numbered(30)
        assert positions[-1] == 30
        assert any(0 < one < 30 for one in positions)
        await consumer.close()

    run(work())


def test_what_another_consumer_acknowledged_is_not_ours_to_acknowledge(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(4))
        one, other = await place.taking().open_consumer(), await place.taking().open_consumer()
        ours, theirs = await one.receive(10), await other.receive(10)
        assert bodies_of(ours) == bodies_of(theirs) == numbered(4)
        await other.acknowledge(theirs)
        await one.acknowledge(ours)
        assert place.subscription.current == 4
        await give(place.sending(), b"next")
        assert bodies_of(await taken(one, 1)) == [b"next"]
        await one.close()
        await other.close()

    run(work())


def test_a_position_that_somebody_sets_back_is_followed(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(3))
        consumer = await place.taking().open_consumer()
        await taken(consumer, 3)
        place.subscription.current = 1
        assert bodies_of(await taken(consumer, 2)) == [b"1", b"2"]
        assert place.subscription.current == 3
        await consumer.close()

    run(work())


def test_messages_that_are_not_kept_any_more_are_passed_over(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(5))
        place.server.state.drop_oldest(place.topic, 3)
        assert await all_of(place.taking(), 2) == [b"3", b"4"]

    run(work())
    assert place.subscription.current == 5


def test_closing_acknowledges_what_is_filed(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), *numbered(6))
        consumer = await place.taking().open_consumer()
        await consumer.acknowledge(await consumer.receive(2))
        assert place.subscription.current == 0
        await consumer.close()
        assert place.subscription.current == 2

    run(work())


def test_a_message_that_comes_later_is_found(place: AmsPlace) -> None:
    async def work() -> None:
        consumer = await place.taking().open_consumer()
        coming = asyncio.ensure_future(consumer.receive(5))
        await asyncio.sleep(0.5)
        assert not coming.done()
        await give(place.sending(), b"late")
        assert bodies_of(await coming) == [b"late"]
        await consumer.close()

    run(work())


def test_a_closed_consumer_wakes_whoever_waits(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), b"x")
        consumer = await place.taking().open_consumer()
        await consumer.receive(1)
        waiting = asyncio.ensure_future(consumer.receive(1))
        await asyncio.sleep(0.05)
        await consumer.close()
        with pytest.raises(ConnectionLostError):
            await waiting

    run(work())


# Bounds.


def test_many_large_messages_come_in_as_many_answers_as_it_takes(place: AmsPlace) -> None:
    count, size = 20, 1_000_000
    assert count * size > HELD_OCTETS

    async def work() -> None:
        await give(place.sending(), *(bytes([number]) * size for number in range(count)))
        consumer = await place.taking().open_consumer()
        found = await taken(consumer, count)
        assert bodies_of(found) == [bytes([number]) * size for number in range(count)]
        await consumer.close()

    run(work())
    assert place.subscription.current == count


@pytest.mark.parametrize("size", [2998, 2999, 3000, 3001, 3002, 1_000_000])
def test_a_message_that_is_asked_for_alone_is_cut_on_its_way(place: AmsPlace, size: int) -> None:
    large = bytes(range(250)) * (size // 250 + 1)

    async def work() -> None:
        await give(place.sending(), large[:size], b"after")
        consumer: Consumer = await place.taking(prefetch=1, max_octets=3000).open_consumer()
        cut, after = await taken(consumer, 2)
        assert cut.body == large[: min(size, 3000)]
        assert cut.full_size == (size if size > 3000 else None)
        assert (cut.message_id, after.body) == ("id/0", b"after")
        await consumer.close()

    run(work())


def test_an_answer_that_is_long_around_its_one_message_is_not_held(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), b"x")
        consumer = await place.taking(prefetch=1, max_octets=1000).open_consumer()
        await taken(consumer, 1)
        place.server.fail("pull", Fault(body=b" " * (SLACK_OCTETS + 10_000)))
        with pytest.raises(RemoteProtocolError, match="longer than"):
            await consumer.receive(1)
        await consumer.close()

    run(work())


def test_a_service_that_says_an_old_token_is_not_quoted(place: AmsPlace) -> None:
    async def work() -> None:
        producer = await place.sending().open_producer()
        old = place.publisher_token
        echo = f'{{"error":{{"message":"no such token: {old}"}}}}'.encode()
        place.server.fail("publish", Fault(status=401, body=echo), 2)
        with pytest.raises(TransportError, match="no such token: …"):
            await producer.publish("id", b"x")
        await producer.close()

    run(work())


# Whom we believe.


def failing(transport: AmsTransport) -> str:
    words: list[str] = []

    async def work() -> None:
        with pytest.raises(ConnectFailedError) as caught:
            await transport.open_producer()
        words.append(str(caught.value))

    run(work())
    return words[0]


def test_a_service_whose_ca_is_not_in_the_directory_is_not_believed(place: AmsPlace, tmp_path: Path) -> None:
    other = Pki(tmp_path / "other", name="Another CA")
    transport = place.sending(tls=replace(place.sending().settings.tls, ca_directory=other.ca_directory))
    assert "certificate does not hold" in failing(transport)
    assert place.server.asked == []


def test_a_service_of_another_name_is_not_believed(server_pki: Pki) -> None:
    with ams_place(server_pki) as place, AmsServer(server_pki, server=server_pki.issue(san=["elsewhere"])) as liar:
        transport = place.sending(hosts=(("127.0.0.1", liar.port),), authn_port=liar.authn_port)
        assert "certificate does not hold" in failing(transport)
        assert liar.asked == []


def test_the_system_s_store_is_believed_where_it_was_chosen_and_only_there(
    place: AmsPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transport = place.sending(tls=replace(place.sending().settings.tls, ca_directory=None))
    assert "is its CA where ams_trust says" in failing(transport)
    bundle = tmp_path / "system.pem"
    bundle.write_bytes(b"".join(path.read_bytes() for path in place.pki.ca_directory.glob("*.0")))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    run(give(transport, b"x"))
    assert len(place.topic.messages) == 1


def test_nothing_of_the_environment_leads_elsewhere(place: AmsPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    run(give(place.sending(), b"x"))
    assert len(place.topic.messages) == 1


def test_a_redirect_is_not_followed_with_a_token_in_hand(place: AmsPlace, server_pki: Pki) -> None:
    with AmsServer(server_pki) as elsewhere:
        target = f"https://127.0.0.1:{elsewhere.port}/v1/projects/{PROJECT}/topics/{TOPIC}:publish"
        place.server.fail("publish", Fault(status=307, headers={"Location": target}))
        assert "(HTTP 307)" in failing(place.sending())
        assert elsewhere.asked == []


def test_the_next_service_is_tried_when_one_is_not_there(place: AmsPlace) -> None:
    async def work() -> None:
        hosts = (("127.0.0.1", 1), ("127.0.0.1", place.server.port))
        transport = place.sending(hosts=hosts)
        producer = await transport.open_producer()
        assert producer.peer == f"127.0.0.1:{place.server.port}"
        await producer.close()
        with pytest.raises(ConnectFailedError) as caught:
            await place.sending(hosts=(("127.0.0.1", 1),), token="x").open_producer()
        assert caught.value.attempts == ("127.0.0.1:1: connection refused",)

    run(work())


@pytest.mark.parametrize("host", ["999.1.1.1", "fe80::1%lo", "::1"])
@pytest.mark.parametrize("token", [None, "a-token"])
def test_a_host_that_is_none_is_no_connection_and_no_accident(place: AmsPlace, host: str, token: str | None) -> None:
    assert failing(place.sending(hosts=((host, 1),), authn_port=1, token=token)).startswith(
        "no service could be reached"
    )


def test_a_subscription_must_be_there(place: AmsPlace) -> None:
    async def work() -> None:
        with pytest.raises(ConnectFailedError, match=r"Subscription doesn't exist \(HTTP 404\)"):
            await place.taking(destination="missing").open_consumer()
        with pytest.raises(ConnectFailedError, match="forbidden"):
            await AmsTransport(place.settings(place.publisher, SUBSCRIPTION)).open_consumer()

    run(work())
