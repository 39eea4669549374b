# SPDX-License-Identifier: Apache-2.0
"""Frames of SSM 1 and their headers."""

import pytest

from ssm.protocols.ssm1.frames import Frame, Kind, headers_of, read_frame

HASH = "120ea8a25e5d487bf68b5f7096440019"


@pytest.mark.parametrize(
    "frame",
    [
        Frame(Kind.MESSAGE, "file-1", b"sealed", "/topic/replies.host.17", HASH),
        Frame(Kind.PING, "ping"),
        Frame(Kind.CERTIFICATE_REQUEST, reply_to="/queue/replies"),
        Frame(Kind.ACKNOWLEDGEMENT, "REJECTED"),
    ],
)
def test_a_frame_comes_back_from_its_headers(frame: Frame) -> None:
    assert read_frame(headers_of(frame), frame.body) == frame


def test_what_is_not_said_is_not_a_header() -> None:
    assert headers_of(Frame(Kind.PING, "ping")) == {"ssm-msg-type": "ping", "ssm-msg-id": "ping"}


def test_a_frame_without_headers_is_of_no_kind() -> None:
    assert read_frame({}, b"x") == Frame("", "", b"x")


@pytest.mark.parametrize(
    "channel",
    ["", "replies", "/exchange/amq.topic/x", "/topic/", "/topic/a b", "/topic/a\nb", "/topic/é", "/topic/" + "x" * 260],
)
def test_what_no_broker_would_take_as_a_destination_is_no_reply_channel(channel: str) -> None:
    assert read_frame({"ssm-msg-type": "msg", "reply-to": channel}, b"").reply_to is None


@pytest.mark.parametrize(
    "channel", ["/topic/a.b", "/queue/a", "/temp-queue/a", "/reply-queue/amq.gen-1", "/temp-topic/ID:x"]
)
def test_each_kind_of_destination_can_be_a_reply_channel(channel: str) -> None:
    assert read_frame({"reply-to": channel}, b"").reply_to == channel


@pytest.mark.parametrize("reack", ["", "REJECTED", HASH[:-1], HASH + "0", HASH.upper(), "../" + HASH[3:], "%" * 32])
def test_what_is_no_fingerprint_releases_nothing(reack: str) -> None:
    assert read_frame({"ssm-reack": reack}, b"").reack is None
