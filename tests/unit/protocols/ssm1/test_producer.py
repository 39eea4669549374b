# SPDX-License-Identifier: Apache-2.0
"""A producer, frame by frame and second by second."""

import pytest

from ssm.errors import LocalProtocolError
from ssm.protocols.ssm1.frames import Frame, Kind
from ssm.protocols.ssm1.producer import (
    Acknowledged,
    Ignored,
    NoCertificate,
    Offered,
    Producer,
    Refused,
    Timers,
    Unanswered,
)

CHANNEL = "/topic/replies.host.17"
HASH, OTHER = "120ea8a25e5d487bf68b5f7096440019", "0" * 32


def ack(word: str) -> Frame:
    return Frame(Kind.ACKNOWLEDGEMENT, word)


@pytest.fixture
def producer() -> Producer:
    """One that knows its consumer."""
    made = Producer(CHANNEL)
    made.connected(0)
    made.trust(b"PEM", 0)
    return made


def test_a_certificate_is_asked_for_offered_and_trusted() -> None:
    producer = Producer(CHANNEL)
    producer.connected(0)
    assert producer.request_certificate(0) == Frame(Kind.CERTIFICATE_REQUEST, "noid", b"", CHANNEL)
    assert producer.receive(Frame(Kind.CERTIFICATE_RESPONSE, body=b"PEM")) == Offered(b"PEM")
    producer.trust(b"PEM", 1)
    assert producer.certificate_pem == b"PEM"
    assert producer.on_time(61) == []


def test_after_one_that_does_not_hold_the_next_is_looked_at() -> None:
    producer = Producer(CHANNEL)
    producer.connected(0)
    producer.request_certificate(0)
    assert producer.receive(Frame(Kind.CERTIFICATE_RESPONSE, body=b"false")) == Offered(b"false")
    producer.distrust("another DN")
    assert producer.receive(Frame(Kind.CERTIFICATE_RESPONSE, body=b"true")) == Offered(b"true")


def test_without_a_certificate_the_wait_ends_and_says_what_was_wrong() -> None:
    producer = Producer(CHANNEL)
    producer.connected(0)
    producer.request_certificate(10)
    producer.distrust("another DN")
    assert producer.on_time(69.9) == []
    assert producer.on_time(70) == [NoCertificate("another DN")]
    assert producer.on_time(71) == []


def test_a_second_certificate_is_ignored(producer: Producer) -> None:
    assert isinstance(producer.receive(Frame(Kind.CERTIFICATE_RESPONSE, body=b"another")), Ignored)
    assert producer.certificate_pem == b"PEM"


def test_a_certificate_is_asked_for_again_after_a_day(producer: Producer) -> None:
    producer.on_time(86_399)
    assert producer.certificate_pem == b"PEM"
    producer.on_time(86_400)
    assert producer.certificate_pem is None


def test_a_message_is_acknowledged_by_its_fingerprint_and_the_next_frame_says_so(producer: Producer) -> None:
    assert producer.publish("f1", HASH, b"sealed", 0) == Frame(Kind.MESSAGE, "f1", b"sealed", CHANNEL)
    assert producer.receive(ack(HASH)) == Acknowledged("f1")
    assert producer.publish("f2", OTHER, b"more", 1).reack == HASH
    assert producer.receive(ack(OTHER)) == Acknowledged("f2")
    assert producer.farewell() == Frame(Kind.PING, "ping", b"", CHANNEL, OTHER)
    assert producer.farewell() is None


def test_the_acknowledgement_need_not_be_called_one(producer: Producer) -> None:
    producer.publish("f1", HASH, b"sealed", 0)
    assert producer.receive(Frame("anything", HASH)) == Acknowledged("f1")


@pytest.mark.parametrize(
    "frame",
    [ack(OTHER), ack(""), ack(HASH.upper()), ack("rejected"), Frame("", HASH), Frame("ping", HASH), Frame("certreq")],
)
def test_nothing_else_ends_the_wait(producer: Producer, frame: Frame) -> None:
    producer.publish("f1", HASH, b"sealed", 0)
    assert isinstance(producer.receive(frame), Ignored)
    assert producer.receive(ack(HASH)) == Acknowledged("f1")


def test_a_refusal_is_seen_at_once_and_confirms_nothing(producer: Producer) -> None:
    producer.publish("f1", HASH, b"sealed", 0)
    assert producer.receive(ack("REJECTED")) == Refused("f1")
    assert producer.publish("f2", OTHER, b"more", 0).reack is None


@pytest.mark.parametrize("word", [HASH, OTHER, "REJECTED"])
def test_an_answer_that_nobody_waits_for_is_ignored(producer: Producer, word: str) -> None:
    assert isinstance(producer.receive(ack(word)), Ignored)
    producer.publish("f1", HASH, b"sealed", 0)
    producer.receive(ack(HASH))
    assert isinstance(producer.receive(ack(word)), Ignored)


def test_silence_ends_after_a_minute_and_the_message_may_be_sent_again(producer: Producer) -> None:
    producer.publish("f1", HASH, b"sealed", 5)
    assert producer.on_time(64.9) == []
    assert producer.on_time(65) == [Unanswered("f1")]
    assert producer.publish("f1", HASH, b"sealed", 66).body == b"sealed"


def test_nobody_is_late_while_the_message_is_still_leaving(producer: Producer) -> None:
    producer.publish("f1", HASH, b"sealed", 0)
    producer.postpone(59)
    assert producer.on_time(118.9) == []
    producer.postpone(10)  # never earlier
    assert producer.on_time(119) == [Unanswered("f1")]
    producer.postpone(120)
    producer.request_certificate(120)
    producer.postpone(130)
    assert NoCertificate("") not in producer.on_time(189.9)
    assert NoCertificate("") in producer.on_time(190)


def test_one_message_at_a_time_and_none_before_the_certificate(producer: Producer) -> None:
    producer.publish("f1", HASH, b"sealed", 0)
    with pytest.raises(LocalProtocolError):
        producer.publish("f2", OTHER, b"more", 0)
    with pytest.raises(LocalProtocolError):
        Producer(CHANNEL).publish("f1", HASH, b"sealed", 0)


def test_a_new_connection_forgets_what_was_in_flight_and_what_was_to_be_confirmed(producer: Producer) -> None:
    producer.publish("f1", HASH, b"sealed", 0)
    producer.receive(ack(HASH))
    producer.connected(1)
    assert producer.farewell() is None
    producer.publish("f2", OTHER, b"more", 1)
    producer.connected(2)
    assert isinstance(producer.receive(ack(OTHER)), Ignored)
    assert producer.certificate_pem == b"PEM"


def test_pings_come_every_two_minutes_and_confirm_nothing_that_the_next_message_does() -> None:
    producer = Producer(CHANNEL, Timers(ping_seconds=120))
    producer.connected(0)
    producer.trust(b"PEM", 0)
    producer.publish("f1", HASH, b"sealed", 0)
    producer.receive(ack(HASH))
    assert producer.on_time(119) == []
    assert producer.on_time(120) == [Frame(Kind.PING, "ping", b"", CHANNEL)]
    assert producer.on_time(240) == [Frame(Kind.PING, "ping", b"", CHANNEL)]
    assert producer.publish("f2", OTHER, b"sealed", 250).reack == HASH
