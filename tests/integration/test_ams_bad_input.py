# SPDX-License-Identifier: Apache-2.0
"""What a service, a load balancer or a network may answer instead of what is due, and what comes of it."""

import asyncio
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace

import pytest

from ssm.broker.ams.state import Json
from ssm.errors import ConnectFailedError, RefusedError, RemoteProtocolError, TimedOutError, TransportError
from ssm.transport.ams.service import SMALL_REPLY_OCTETS
from tests.ams import QUICK, AmsPlace, ams_place
from tests.exchange import give, taken
from tests.pki import Pki
from tests.servers.ams.server import Fault

SECONDS = 60.0
IMPATIENT = replace(QUICK, answer_seconds=0.5, connect_seconds=0.5, patience_seconds=0.0)
HURRIED = replace(QUICK, answer_seconds=0.4, connect_seconds=0.4, patience_seconds=3.0)
HTML = b"<html><body><h1>503 Service Unavailable</h1></body></html>"
FOREVER = 1000


def with_more(said: Json) -> Json:
    """Members that nobody told us of, at every level."""

    def more(value: object) -> object:
        if isinstance(value, dict):
            return {"aFutureMember": {"x": [1]}, **{name: more(one) for name, one in value.items()}, "z": None}
        return [more(one) for one in value] if isinstance(value, list) else value

    changed = more(said)
    assert isinstance(changed, dict)
    # Attributes are texts by contract; what a publisher adds to them is a text, too.
    text = json.dumps(changed).replace('"aFutureMember": {"x": [1]}, "empaid"', '"aFutureMember": "x", "empaid"')
    loaded: dict[str, object] = json.loads(text)
    return loaded


# What passes: the call is repeated, or nothing is wrong at all.
PASSING: dict[str, Fault] = {
    "408": Fault(status=408),
    "429": Fault(status=429),
    "429 with a time": Fault(status=429, headers={"Retry-After": "1"}),
    "429 with a date in the past": Fault(status=429, headers={"Retry-After": "Tue, 24 Nov 2020 12:00:00 GMT"}),
    "429 with nonsense": Fault(status=429, headers={"Retry-After": "soon"}),
    "500": Fault(status=500),
    "502": Fault(status=502, body=HTML, headers={"Content-Type": "text/html"}),
    "503": Fault(status=503, body=b""),
    "504": Fault(status=504, body=HTML),
    "599": Fault(status=599),
    "time-out": Fault(is_silent=True),
    "connection lost": Fault(is_dropped=True),
    "half an answer": Fault(is_cut=True),
    "half an error": Fault(status=503, is_cut=True),
    "done, but the answer lost": Fault(is_carried_out=True, is_dropped=True),
    "done, but said otherwise": Fault(status=503, is_carried_out=True),
    "unknown members": Fault(change=with_more),
    "token expired": Fault(status=401),
}
# What does not: the caller is told, in the words of the service, at once.
LASTING: dict[str, tuple[Fault, str]] = {
    "401": (Fault(status=401), "login is refused"),
    "403": (Fault(status=403, body=b'{"error":{"message":"Access to this resource is forbidden"}}'), "Access to this"),
    "403 empty": (Fault(status=403, body=b""), r"forbidden \(HTTP 403\)"),
    "404": (Fault(status=404, body=b'{"error":{"message":"project doesn\'t exist","code":404}}'), "doesn't exist"),
    "404 in HTML": (Fault(status=404, body=HTML), r"not found \(HTTP 404\)"),
    "409": (Fault(status=409), "HTTP 409"),
    "201": (Fault(status=201, body=b'{"messageIds":["0"]}'), "HTTP 201"),
    "204": (Fault(status=204, body=b""), "HTTP 204"),
    "418": (Fault(status=418), "HTTP 418"),
}
# An answer of which nothing can be made.
MALFORMED: dict[str, Fault] = {
    "not JSON": Fault(body=HTML),
    "empty": Fault(body=b""),
    "half of the JSON": Fault(body=b'{"messageIds":["0"'),
    "something else": Fault(body=b'{"status":"ok"}'),
    "a list": Fault(body=b"[]"),
    "too deep": Fault(body=b"[" * 200_000),
    "packed": Fault(body=b"\x1f\x8b\x08\x00", headers={"Content-Encoding": "gzip"}),
}


@pytest.fixture
def place(server_pki: Pki) -> Iterator[AmsPlace]:
    with ams_place(server_pki) as made:
        yield made


def run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(SECONDS):
            await work()

    asyncio.run(bounded())


def published(place: AmsPlace) -> set[str]:
    return {json.dumps(one["attributes"]) for one in place.topic.messages}


# Publishing.


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_does_not_lose_a_message_that_is_published(place: AmsPlace, name: str) -> None:
    async def work() -> None:
        producer = await place.sending(pace=HURRIED).open_producer()
        place.server.fail("publish", PASSING[name])
        await asyncio.gather(*(producer.publish(f"id/{number}", b"x") for number in range(5)))
        await producer.close()

    run(work)
    assert published(place) == {json.dumps({"empaid": f"id/{number}"}) for number in range(5)}
    # Once, but where we could not know that it was done already.
    assert len(place.topic.messages) == (10 if name.startswith("done") or name == "half an answer" else 5)


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_is_told_at_once_and_no_message_is_blamed(place: AmsPlace, name: str) -> None:
    fault, words = LASTING[name]

    async def work() -> None:
        producer = await place.sending().open_producer()
        before = place.server.counts["publish"]
        place.server.fail("publish", fault, 2)
        with pytest.raises(TransportError, match=words) as caught:
            await producer.publish("id", b"x")
        assert not isinstance(caught.value, RefusedError)
        assert place.server.counts["publish"] - before == (2 if name == "401" else 1)
        place.server.faults.clear()
        await producer.publish("id", b"x")
        await producer.close()

    run(work)
    assert len(place.topic.messages) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=413, body=b'{"error":{"message":"Message size is too large","code":413}}'), "too large"),
        (Fault(status=413, body=HTML), r"too large \(HTTP 413\)"),
        (Fault(status=400, body=b'{"error":{"message":"Invalid Message Arguments"}}'), "Invalid Message Arguments"),
    ],
)
def test_a_message_that_the_service_does_not_take_is_refused_and_the_line_goes_on(
    place: AmsPlace, fault: Fault, words: str
) -> None:
    async def work() -> None:
        producer = await place.sending().open_producer()
        place.server.fail("publish", fault)
        with pytest.raises(RefusedError, match=words):
            await producer.publish("id", b"x")
        await producer.publish("next", b"y")
        await producer.close()

    run(work)
    assert published(place) == {'{"empaid": "next"}'}


@pytest.mark.parametrize("name", MALFORMED)
def test_an_answer_of_which_nothing_can_be_made_leaves_the_fate_unknown(place: AmsPlace, name: str) -> None:
    async def work() -> None:
        producer = await place.sending().open_producer()
        place.server.fail("publish", MALFORMED[name])
        with pytest.raises(RemoteProtocolError):
            await producer.publish("id", b"x")
        await producer.publish("id", b"x")
        await producer.close()

    run(work)


@pytest.mark.parametrize("ids", ["[]", '["1"]', '["1","2","3"]', "null", "2"])
def test_not_as_many_ids_as_messages_leave_their_fate_unknown(place: AmsPlace, ids: str) -> None:
    async def work() -> None:
        producer = await place.sending().open_producer()
        place.server.fail("publish", Fault(body=f'{{"messageIds":{ids}}}'.encode()))
        results = await asyncio.gather(*(producer.publish(one, b"x") for one in "ab"), return_exceptions=True)
        assert [type(one) for one in results] == [RemoteProtocolError] * 2
        await producer.close()

    run(work)


def test_an_answer_without_end_is_not_held(place: AmsPlace) -> None:
    async def work() -> None:
        producer = await place.sending().open_producer()
        place.server.fail("publish", Fault(body=b" " * (SMALL_REPLY_OCTETS + 1)))
        with pytest.raises(RemoteProtocolError, match="longer than"):
            await producer.publish("id", b"x")
        place.server.fail("publish", Fault(status=403, body=b"x" * (4 * SMALL_REPLY_OCTETS)))
        with pytest.raises(TransportError, match="HTTP 403"):
            await producer.publish("id", b"x")
        await producer.publish("id", b"x")
        await producer.close()

    run(work)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [(Fault(status=503), TransportError), (Fault(is_silent=True), TimedOutError), (Fault(status=429), TransportError)],
)
def test_patience_ends(place: AmsPlace, fault: Fault, kind: type[TransportError]) -> None:
    pace = replace(HURRIED, patience_seconds=0.3)

    async def work() -> None:
        producer = await place.sending(pace=pace).open_producer()
        place.server.fail("publish", fault, FOREVER)
        with pytest.raises(kind) as caught:
            await producer.publish("id", b"x")
        assert not isinstance(caught.value, RefusedError)
        await producer.close()

    begun = time.monotonic()
    run(work)
    assert time.monotonic() - begun < 10
    assert place.topic.messages == []


def test_a_service_that_asks_for_an_hour_is_left_alone(place: AmsPlace) -> None:
    async def work() -> None:
        transport = place.sending()
        producer = await transport.open_producer()
        place.server.fail("publish", Fault(status=429, headers={"Retry-After": "3600"}))
        with pytest.raises(TransportError, match="HTTP 429"):
            await producer.publish("id", b"x")
        await producer.close()
        before = place.server.counts.total()
        with pytest.raises(ConnectFailedError, match=r"asks us to come again in 3[56]"):
            await transport.open_producer()
        assert place.server.counts.total() == before

    run(work)


def test_a_time_that_is_asked_for_is_given(place: AmsPlace) -> None:
    async def work() -> None:
        producer = await place.sending().open_producer()
        place.server.fail("publish", Fault(status=503, headers={"Retry-After": "1"}))
        begun = time.monotonic()
        await producer.publish("id", b"x")
        assert time.monotonic() - begun >= 0.9
        await producer.close()

    run(work)


# Taking.


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_does_not_lose_a_message_that_is_pulled(place: AmsPlace, name: str) -> None:
    async def work() -> None:
        await give(place.sending(), b"0")
        consumer = await place.taking(pace=HURRIED).open_consumer()
        await taken(consumer, 1)
        await give(place.sending(), b"1", b"2")
        place.server.fail("pull", PASSING[name])
        assert [one.body for one in await taken(consumer, 2)] == [b"1", b"2"]
        await consumer.close()

    run(work)
    assert place.subscription.current == 3


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_does_not_lose_an_acknowledgement(place: AmsPlace, name: str) -> None:
    async def work() -> None:
        await give(place.sending(), b"1", b"2")
        consumer = await place.taking(pace=HURRIED).open_consumer()
        place.server.fail("acknowledge", PASSING[name])
        assert [one.body for one in await taken(consumer, 2)] == [b"1", b"2"]
        assert place.subscription.current == 2
        await give(place.sending(), b"3")
        assert [one.body for one in await taken(consumer, 1)] == [b"3"]
        await consumer.close()

    run(work)
    assert place.subscription.current == 3


@pytest.mark.parametrize("call", ["pull", "acknowledge"])
@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_ends_a_consumer_in_plain_words_and_nothing_is_lost(place: AmsPlace, name: str, call: str) -> None:
    fault, words = LASTING[name]

    async def work() -> None:
        await give(place.sending(), b"1", b"2")
        consumer = await place.taking(prefetch=1).open_consumer()
        place.server.fail(call, fault, 2)
        with pytest.raises(TransportError, match=words):
            await taken(consumer, 2)
        place.server.faults.clear()
        await consumer.close()
        done = place.subscription.current
        again = await place.taking().open_consumer()
        assert [one.body for one in await taken(again, 2 - done)] == [b"1", b"2"][done:]
        await again.close()

    run(work)


@pytest.mark.parametrize("name", [*MALFORMED, "no offset", "no list"])
def test_a_pull_of_which_nothing_can_be_made_ends_the_consumer_and_loses_nothing(place: AmsPlace, name: str) -> None:
    more = {
        "no offset": Fault(body=b'{"receivedMessages":[{"ackId":"x","message":{}}]}'),
        "no list": Fault(body=b'{"receivedMessages":{}}'),
    }

    async def work() -> None:
        await give(place.sending(), b"1", b"2")
        consumer = await place.taking(prefetch=1).open_consumer()
        await taken(consumer, 1)
        place.server.fail("pull", (MALFORMED | more)[name])
        with pytest.raises(RemoteProtocolError):
            await consumer.receive(1)
        assert [one.body for one in await taken(consumer, 1)] == [b"2"]
        await consumer.close()

    run(work)


def test_a_subscription_that_never_moves_is_not_tried_for_ever(place: AmsPlace) -> None:
    async def work() -> None:
        await give(place.sending(), b"1")
        consumer = await place.taking(pace=IMPATIENT).open_consumer()
        place.server.fail("acknowledge", Fault(status=500), FOREVER)
        with pytest.raises(TransportError, match=r"could not be acknowledged: Backend Error \(HTTP 500\)"):
            await taken(consumer, 1)
        place.server.faults.clear()
        await consumer.close()

    run(work)
    assert place.subscription.current == 1


def test_data_that_is_not_base64_is_a_message_and_stops_nothing(place: AmsPlace) -> None:
    state = place.server.state
    state.publish(
        place.topic, [{"data": "no base64!", "attributes": {"empaid": "odd"}}, {"data": ""}, {"data": "YQ=="}]
    )

    async def work() -> None:
        consumer = await place.taking().open_consumer()
        found = await taken(consumer, 3)
        assert [(one.body, one.message_id) for one in found] == [(b"no base64!", "odd"), (b"", None), (b"a", None)]
        await consumer.close()

    run(work)
    assert place.subscription.current == 3


# The exchange.


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_in_an_exchange_is_gone_at_the_next_try(place: AmsPlace, name: str) -> None:
    async def work() -> None:
        transport = place.sending(pace=HURRIED)
        place.server.fail("exchange", PASSING[name])
        if name != "unknown members":
            with pytest.raises(ConnectFailedError):
                await transport.open_producer()
            if name == "429 with a time":
                await asyncio.sleep(1.05)
        await give(transport, b"x")

    run(work)
    assert len(place.topic.messages) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(status=400, body=b'{"error":{"message":"No certificate provided"}}'), "No certificate provided"),
        (Fault(status=403, body=b'{"error":{"message":"certificate expired"}}'), "certificate expired"),
        (Fault(status=404, body=b'{"error":{"message":"Binding was not found"}}'), "Binding was not found"),
        (Fault(status=422), "HTTP 422"),
        (Fault(status=500), "HTTP 500"),
        (Fault(body=b"{}"), "no token"),
        (Fault(body=b'{"token":""}'), "no token"),
        (Fault(body=b'{"token":"a\\r\\nb: c"}'), "no token"),
        (Fault(body=HTML), "not JSON"),
        (Fault(is_silent=True), "no answer in time"),
    ],
)
def test_without_a_token_there_is_no_connection_and_a_plain_word(place: AmsPlace, fault: Fault, words: str) -> None:
    async def work() -> None:
        place.server.fail("exchange", fault)
        with pytest.raises(ConnectFailedError, match=words):
            await place.sending(pace=HURRIED).open_producer()

    run(work)
    assert place.server.counts["publish"] == 0


def test_a_port_where_no_tokens_are_given_is_named(place: AmsPlace) -> None:
    async def work() -> None:
        with pytest.raises(
            ConnectFailedError, match=r"no token for our certificate, port 1: connection refused"
        ) as caught:
            await place.sending(pace=HURRIED, authn_port=1).open_producer()
        assert "authn_port" in caught.value.hint

    run(work)


def test_a_certificate_that_nobody_knows_gets_no_token(place: AmsPlace) -> None:
    stranger = place.pki.issue("stranger.example.org")
    tls = replace(place.sending().settings.tls, certificate=stranger.certificate_path, key=stranger.key_path)

    async def work() -> None:
        with pytest.raises(
            ConnectFailedError, match=r"no token for our certificate: Binding was not found \(HTTP 404\)"
        ):
            await place.sending(tls=tls).open_producer()

    run(work)
