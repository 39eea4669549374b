# SPDX-License-Identifier: Apache-2.0
"""What a consumer makes of each frame."""

import pytest

from ssm.protocols.ssm1.consumer import Consumer, Heard, Message, Reply
from ssm.protocols.ssm1.frames import Frame, Kind

HASH = "120ea8a25e5d487bf68b5f7096440019"
CHANNEL = "/topic/replies.host.17"
CONSUMER = Consumer("/topic/central", b"PEM")


def test_a_message_is_to_be_judged_and_its_channel_remembered() -> None:
    heard = CONSUMER.receive(Frame(Kind.MESSAGE, "file-1", b"sealed", CHANNEL))
    assert heard == Heard(message=Message("file-1", b"sealed", CHANNEL))


def test_what_a_producer_has_seen_counts_on_every_kind_of_frame() -> None:
    for kind in (*Kind, "other", ""):
        assert CONSUMER.receive(Frame(kind, reply_to=CHANNEL, reack=HASH)).seen == HASH


def test_whoever_asks_gets_the_certificate() -> None:
    heard = CONSUMER.receive(Frame(Kind.CERTIFICATE_REQUEST, reply_to=CHANNEL))
    assert heard.reply == Reply(CHANNEL, Frame(Kind.CERTIFICATE_RESPONSE, "noid", b"PEM"))


def test_a_ping_is_heard_and_nothing_follows() -> None:
    assert CONSUMER.receive(Frame(Kind.PING, "ping", reply_to=CHANNEL)) == Heard()


@pytest.mark.parametrize("channel", [None, "/topic/central"])
def test_nobody_is_answered_without_a_channel_or_on_our_own(channel: str | None) -> None:
    heard = CONSUMER.receive(Frame(Kind.CERTIFICATE_REQUEST, reply_to=channel))
    assert heard.reply is None
    assert heard.ignored is not None
    message = CONSUMER.receive(Frame(Kind.MESSAGE, "f", b"sealed", channel)).message
    assert message == Message("f", b"sealed", None)


def test_a_message_without_type_is_none_of_ours_and_is_not_passed_over() -> None:
    assert CONSUMER.receive(Frame("", "", b"sealed", CHANNEL, HASH)) == Heard(HASH, is_foreign=True)
    empty = CONSUMER.receive(Frame(""))
    assert (empty.is_foreign, empty.message) == (False, None)
    assert empty.ignored is not None


@pytest.mark.parametrize("kind", ["ack", "certresp", "noack", "x" * 5000])
def test_other_frames_are_ignored_and_said_to_be(kind: str) -> None:
    heard = CONSUMER.receive(Frame(kind, "id", b"body", CHANNEL))
    assert (heard.reply, heard.message, heard.is_foreign) == (None, None, False)
    assert heard.ignored is not None
    assert len(heard.ignored) < 100


def test_an_answer_bears_the_fingerprint_or_the_word_and_no_body() -> None:
    assert Consumer.answer(CHANNEL, HASH) == Reply(CHANNEL, Frame(Kind.ACKNOWLEDGEMENT, HASH))
    assert Consumer.answer(CHANNEL, "REJECTED").frame.id == "REJECTED"
