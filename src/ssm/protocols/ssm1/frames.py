# SPDX-License-Identifier: Apache-2.0
"""Frames of SSM 1 as values, and the headers that carry them over STOMP (SSM 1, STOMP headers)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

TYPE, ID, REACK, REPLY_TO = "ssm-msg-type", "ssm-msg-id", "ssm-reack", "reply-to"
REJECTED = "REJECTED"
NO_ID = "noid"
FINGERPRINT = re.compile(r"[0-9a-f]{32}")
MAX_CHANNEL = 255
# What a broker calls a destination. Anything else it would answer by hanging up on whoever sends there.
CHANNEL = re.compile(r"/(?:topic|queue|temp-topic|temp-queue|reply-queue|remote-temp-topic|remote-temp-queue)/[!-~]+")


class Kind(StrEnum):
    """What a frame is for."""

    MESSAGE = "msg"
    ACKNOWLEDGEMENT = "ack"
    PING = "ping"
    CERTIFICATE_REQUEST = "certreq"
    CERTIFICATE_RESPONSE = "certresp"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    kind: str
    """A ``Kind``, or whatever else somebody wrote; empty where nothing is said."""
    id: str = NO_ID
    body: bytes = b""
    reply_to: str | None = None
    """The sender's reply channel; None where none is named that can be one."""
    reack: str | None = None
    """Fingerprint of the message whose acknowledgement the sender has seen."""


def read_frame(headers: Mapping[str, str], body: bytes) -> Frame:
    """A frame from its headers; what cannot be a channel or a fingerprint counts as not said."""
    reply_to, reack = headers.get(REPLY_TO, ""), headers.get(REACK, "")
    return Frame(
        headers.get(TYPE, ""),
        headers.get(ID, ""),
        body,
        reply_to if len(reply_to) <= MAX_CHANNEL and CHANNEL.fullmatch(reply_to) else None,
        reack if FINGERPRINT.fullmatch(reack) else None,
    )


def headers_of(frame: Frame) -> dict[str, str]:
    """The headers, but for destination and receipt."""
    headers = {TYPE: str(frame.kind), ID: frame.id}
    if frame.reply_to is not None:
        headers[REPLY_TO] = frame.reply_to
    if frame.reack is not None:
        headers[REACK] = frame.reack
    return headers
