# SPDX-License-Identifier: Apache-2.0
"""Both shells of SSM 1 over a connection that is only memory: what is said to whom, and in which order."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from ssm.envelope.certificate import Recipient
from ssm.errors import (
    CannotJudgeError,
    ConnectionLostError,
    CredentialError,
    LocalProtocolError,
    RefusedError,
    TimedOutError,
    TransportError,
    UntrustedCertificateError,
)
from ssm.lookup.fixed import FixedBrokers
from ssm.protocols.ssm1.consumer import Consumer
from ssm.protocols.ssm1.payload import fingerprint
from ssm.protocols.ssm1.producer import Timers
from ssm.protocols.stomp.frames import Frame
from ssm.transport.ssm1.consumer import ASKING_AT_ONCE, Ssm1Consumer, Ssm1Receiver
from ssm.transport.ssm1.producer import Sending, Ssm1Producer, Ssm1Sender
from ssm.transport.stomp.connection import Connection
from ssm.transport.stomp.transport import StompSettings, StompTransport
from tests.pki import Pki
from tests.unit.transport.stomp.test_connection import Peer, run, turn

CENTRAL, CHANNEL = "/topic/central", "/topic/replies"
HASH = fingerprint(b"payload")


class OneConnection(StompTransport):
    """Hands out one connection that is there already."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(StompSettings(FixedBrokers((("broker", 61613),)), CHANNEL, None))
        self.connection = connection

    async def open_consumer(self) -> Connection:
        self.connection.subscribe(10)
        return self.connection


@pytest.fixture(scope="module")
def recipient(tmp_path_factory: pytest.TempPathFactory) -> Recipient:
    return Recipient.from_pem(Pki(tmp_path_factory.mktemp("ssm1") / "pki").issue().certificate_pem)


# The consumer's end.


async def consuming(peer: Peer) -> Ssm1Consumer:
    consumer = await Ssm1Receiver(OneConnection(peer.connection), Consumer(CENTRAL, b"PEM")).open_consumer()
    [subscribed] = [frame for frame in await peer.hears() if frame.command == "SUBSCRIBE"]
    assert subscribed.headers["ack"] == "client-individual"
    return consumer


def hand_out(peer: Peer, token: str, kind: str, body: bytes = b"", **more: str) -> None:
    headers = {"ack": token, "ssm-msg-type": kind, "ssm-msg-id": "file-1"}
    peer.says("MESSAGE", headers | {name.replace("_", "-"): value for name, value in more.items()}, body)


def said(frames: list[Frame]) -> list[tuple[str, str]]:
    return [(one.command, one.headers.get("id") or one.headers.get("ssm-msg-id", "")) for one in frames]


def test_the_broker_is_told_first_and_then_the_producer() -> None:
    async def work() -> None:
        peer = Peer()
        consumer = await consuming(peer)
        hand_out(peer, "t1", "msg", b"sealed", reply_to=CHANNEL)
        [delivery] = await consumer.receive(5)
        assert (delivery.body, delivery.message_id, delivery.seen) == (b"sealed", "file-1", None)
        assert await peer.hears() == []
        telling = asyncio.ensure_future(consumer.acknowledge([replace(delivery, body=b"", answer=HASH)]))
        frames = await peer.hears()
        assert said(frames) == [("ACK", "t1"), ("SEND", HASH)]
        answer = frames[1]
        assert (answer.headers["destination"], answer.headers["ssm-msg-type"], answer.body) == (CHANNEL, "ack", b"")
        assert "persistent" not in answer.headers
        peer.confirms(answer)
        await telling
        await consumer.close()

    run(work)


def test_without_an_answer_or_a_channel_only_the_broker_is_told() -> None:
    async def work() -> None:
        peer = Peer()
        consumer = await consuming(peer)
        hand_out(peer, "t1", "msg", b"a", reply_to=CHANNEL)
        hand_out(peer, "t2", "msg", b"b")
        first, second = await consumer.receive(5)
        await consumer.acknowledge([first, replace(second, answer=HASH)])
        assert said(await peer.hears()) == [("ACK", "t1"), ("ACK", "t2")]

    run(work)


def test_an_answer_that_the_broker_does_not_take_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        peer = Peer()
        consumer = await consuming(peer)
        hand_out(peer, "t1", "msg", b"a", reply_to=CHANNEL)
        [delivery] = await consumer.receive(5)
        telling = asyncio.ensure_future(consumer.acknowledge([replace(delivery, answer=HASH)]))
        _, answer = await peer.hears()
        peer.says("ERROR", {"receipt-id": answer.headers["receipt"], "message": "no such destination"})
        await telling

    run(work)
    assert "no answer can be sent to /topic/replies" in caplog.text


def test_what_a_producer_has_seen_comes_as_a_ping_where_there_is_no_message() -> None:
    async def work() -> None:
        peer = Peer()
        consumer = await consuming(peer)
        hand_out(peer, "t1", "ping", ssm_reack=HASH)
        hand_out(peer, "t2", "msg", b"b", reply_to=CHANNEL, ssm_reack=HASH)
        ping, message = await consumer.receive(5)
        assert (ping.message_id, ping.body, ping.seen) == ("ping", b"", bytes.fromhex(HASH))
        assert (message.body, message.seen) == (b"b", bytes.fromhex(HASH))

    run(work)


def test_other_frames_leave_the_broker_at_once_and_receiving_goes_on() -> None:
    async def work() -> None:
        peer = Peer()
        consumer = await consuming(peer)
        receiving = asyncio.ensure_future(consumer.receive(5))
        hand_out(peer, "t1", "ping")
        hand_out(peer, "t2", "certreq", reply_to=CHANNEL)
        hand_out(peer, "t3", "rubbish")
        await turn()
        frames = await peer.hears()
        assert said(frames) == [("ACK", "t1"), ("ACK", "t2"), ("ACK", "t3"), ("SEND", "noid")]
        assert frames[-1].body == b"PEM"
        assert not receiving.done()
        hand_out(peer, "t4", "msg", b"x")
        assert [one.token for one in await receiving] == ["t4"]
        await consumer.close()

    run(work)


def test_a_flood_of_requests_is_bounded() -> None:
    async def work() -> None:
        peer = Peer()
        consumer = await consuming(peer)
        receiving = asyncio.ensure_future(consumer.receive(1))
        for number in range(3 * ASKING_AT_ONCE):
            hand_out(peer, f"t{number}", "certreq", reply_to=CHANNEL)
        for _ in range(3 * ASKING_AT_ONCE):
            await turn()
        assert len(consumer.asides) == ASKING_AT_ONCE
        receiving.cancel()
        peer.connection.fail(ConnectionLostError("gone"))
        await turn()
        await turn()
        assert consumer.asides == set()

    run(work)


def test_each_end_does_its_own_work_only(recipient: Recipient) -> None:
    async def work() -> None:
        peer = Peer()
        with pytest.raises(LocalProtocolError):
            await Ssm1Receiver(OneConnection(peer.connection), Consumer(CENTRAL, b"PEM")).open_producer()
        with pytest.raises(LocalProtocolError):
            await sender(peer, lambda _: recipient).open_consumer()

    run(work)


# The producer's end.


def sender(peer: Peer, examine: Callable[[bytes], Recipient], *, seconds: float = 60.0) -> Ssm1Sender:
    def seal(payload: bytes, _: Recipient) -> bytes:
        return b"sealed " + payload

    sending = Sending(CENTRAL, CHANNEL, examine, seal, Timers(answer_seconds=seconds))
    return Ssm1Sender(OneConnection(peer.connection), sending)


async def producing(peer: Peer, made: Ssm1Sender) -> Ssm1Producer:
    producer = await made.open_producer()
    assert (await peer.hears())[-1].command == "SUBSCRIBE"
    return producer


async def next_send(peer: Peer) -> Frame:
    """The next frame that is sent, with its receipt given."""
    while True:
        for frame in await peer.hears():
            if frame.command == "SEND":
                peer.confirms(frame)
                return frame
        await asyncio.sleep(0.01)


async def with_certificate(peer: Peer) -> None:
    request = await next_send(peer)
    assert request.headers["ssm-msg-type"] == "certreq"
    hand_out(peer, "c1", "certresp", b"PEM")


def test_a_message_is_sent_after_the_certificate_and_confirmed_by_its_consumer_alone(recipient: Recipient) -> None:
    async def work() -> None:
        peer = Peer()
        producer = await producing(peer, sender(peer, lambda _: recipient))
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        await with_certificate(peer)
        message = await next_send(peer)
        assert message.body == b"sealed payload"
        assert message.headers["destination"] == CENTRAL
        assert message.headers["persistent"] == "true"
        assert message.headers["reply-to"] == CHANNEL
        await turn()
        assert not publishing.done(), "the broker's receipt is not enough"
        hand_out(peer, "a1", "ack", ssm_msg_id=HASH)
        await publishing
        closing = asyncio.ensure_future(producer.close())
        last = await next_send(peer)
        assert (last.headers["ssm-msg-type"], last.headers["ssm-reack"]) == ("ping", HASH)
        peer.connection.fail(TransportError("gone"))
        await closing

    run(work)


def test_one_after_the_other_also_when_asked_for_together(recipient: Recipient) -> None:
    async def work() -> None:
        peer = Peer()
        producer = await producing(peer, sender(peer, lambda _: recipient))
        both = [asyncio.ensure_future(producer.publish(name, name.encode())) for name in ("a", "b")]
        await with_certificate(peer)
        for name in ("a", "b"):
            assert (await next_send(peer)).body == b"sealed " + name.encode()
            await turn()
            assert not [one for one in await peer.hears() if one.command == "SEND"]
            hand_out(peer, "t", "ack", ssm_msg_id=fingerprint(name.encode()))
        await asyncio.gather(*both)

    run(work)


def test_a_refusal_comes_at_once(recipient: Recipient) -> None:
    async def work() -> None:
        peer = Peer()
        producer = await producing(peer, sender(peer, lambda _: recipient))
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        await with_certificate(peer)
        await next_send(peer)
        hand_out(peer, "a1", "ack", ssm_msg_id="REJECTED")
        with pytest.raises(RefusedError, match="not on its list") as caught:
            await publishing
        assert "administrator" in caught.value.hint

    run(work)


def test_silence_is_a_time_out_and_the_next_try_has_the_same_octets(recipient: Recipient) -> None:
    async def work() -> None:
        peer = Peer()
        made = sender(peer, lambda _: recipient, seconds=0.6)
        producer = await producing(peer, made)
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        await with_certificate(peer)
        first = await next_send(peer)
        with pytest.raises(TimedOutError, match="acknowledge") as caught:
            await publishing
        assert "the consumer's own log" in caught.value.hint
        again = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        assert (await next_send(peer)).body == first.body
        hand_out(peer, "a1", "ack", ssm_msg_id=HASH)
        await again
        assert made.last is None

    run(work)


@pytest.mark.parametrize(
    "error",
    [UntrustedCertificateError("of another"), CannotJudgeError("a CRL is missing"), CredentialError("elliptic")],
)
def test_a_certificate_that_does_not_hold_is_named_when_no_other_comes(error: Exception) -> None:
    def examine(_: bytes) -> Recipient:
        raise error

    async def work() -> None:
        peer = Peer()
        producer = await producing(peer, sender(peer, examine, seconds=0.6))
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        await with_certificate(peer)
        with pytest.raises(TimedOutError, match=f"no certificate .*{error}") as caught:
            await publishing
        assert "consumer_dn" in caught.value.hint

    run(work)


def test_the_certificate_outlives_the_connection(recipient: Recipient) -> None:
    async def work() -> None:
        peer = Peer()
        made = sender(peer, lambda _: recipient)
        producer = await producing(peer, made)
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        await with_certificate(peer)
        await next_send(peer)
        peer.connection.fail(ConnectionLostError("gone"))
        with pytest.raises(TransportError):
            await publishing
        with pytest.raises(TransportError):
            await producer.publish("file-1", b"payload")
        await producer.close()
        other = Peer()
        made.stomp = OneConnection(other.connection)
        producer = await producing(other, made)
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        assert (await next_send(other)).headers["ssm-msg-type"] == "msg"
        hand_out(other, "a1", "ack", ssm_msg_id=HASH)
        await publishing

    run(work)


def test_a_message_that_the_broker_refuses_lets_the_next_one_through(recipient: Recipient) -> None:
    async def work() -> None:
        peer = Peer()
        producer = await producing(peer, sender(peer, lambda _: recipient))
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        await with_certificate(peer)
        frames: list[Frame] = []
        while not frames:
            frames = [one for one in await peer.hears() if one.command == "SEND"]
            await asyncio.sleep(0.01)
        peer.says("ERROR", {"receipt-id": frames[0].headers["receipt"], "message": "too large"})
        with pytest.raises(RefusedError, match="too large"):
            await publishing
        again = asyncio.ensure_future(producer.publish("file-2", b"payload"))
        await next_send(peer)
        hand_out(peer, "a1", "ack", ssm_msg_id=HASH)
        await again

    run(work)


def test_a_message_that_takes_long_to_leave_is_not_late(recipient: Recipient) -> None:
    async def work() -> None:
        peer = Peer()
        producer = await producing(peer, sender(peer, lambda _: recipient, seconds=0.8))
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        await with_certificate(peer)
        frames: list[Frame] = []
        while not frames:
            frames = [one for one in await peer.hears() if one.command == "SEND"]
            await asyncio.sleep(0.01)
        await asyncio.sleep(2)  # the broker has not confirmed it: most of it may still be on its way
        assert not publishing.done()
        peer.confirms(frames[0])
        hand_out(peer, "a1", "ack", ssm_msg_id=HASH)
        await publishing

    run(work)


def test_a_bug_in_looking_at_a_certificate_is_not_hidden() -> None:
    def examine(_: bytes) -> Recipient:
        raise ZeroDivisionError

    async def work() -> None:
        peer = Peer()
        producer = await producing(peer, sender(peer, examine))
        publishing = asyncio.ensure_future(producer.publish("file-1", b"payload"))
        await with_certificate(peer)
        with pytest.raises(ZeroDivisionError):
            await publishing
        with pytest.raises(ZeroDivisionError):
            await producer.publish("file-1", b"payload")

    run(work)


def test_a_reply_channel_is_ours_alone() -> None:
    import os

    from ssm.wiring.ssm1 import reply_channel

    assert reply_channel("/topic/a.$host.$pid") == f"/topic/a.{os.uname().nodename}.{os.getpid()}"
    assert reply_channel("/topic/a") == "/topic/a"
