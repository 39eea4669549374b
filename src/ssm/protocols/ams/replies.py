# SPDX-License-Identifier: Apache-2.0
"""What the ARGO Messaging Service answers: statuses, error bodies, tokens, messages.

Members that nobody told us of are passed over. Of what is missing, only that is an error without which we cannot go on:
a message with odd data is a message all the same, and it is for the envelope to be refused.
"""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto

from ssm.names import printable
from ssm.protocols.ams.requests import ID_ATTRIBUTE

MOST_TEXT = 300
MOST_TOKEN = 4096
MOST_DIGITS = 18
MOST_WAIT_SECONDS = 86400.0
TOKEN = re.compile(r"[!-~]+")
ACK_ID = re.compile(r"[ -~]{1,1024}")


class MalformedReplyError(ValueError):
    """An answer that says less than it must; one sentence."""


class Fate(Enum):
    """What an answer means for the request."""

    DONE = auto()
    TEMPORARY = auto()
    """The same request may do later."""
    LOGIN = auto()
    """The token is missing, unknown or expired."""
    TOO_LARGE = auto()
    """What was published is too large."""
    WRONG = auto()
    """The service does not like this very request."""
    REFUSED = auto()
    """Not for us, not there, or not an answer of this service."""


# Only 200 is success (AMS, errors); 429 and the rest of 5xx are a load balancer's.
FATES = {
    200: Fate.DONE,
    400: Fate.WRONG,
    401: Fate.LOGIN,
    408: Fate.TEMPORARY,
    413: Fate.TOO_LARGE,
    429: Fate.TEMPORARY,
}
SERVER_ERRORS = 500
# For answers without words of their own.
PHRASES = {
    400: "bad request",
    401: "unauthorized",
    403: "forbidden",
    404: "not found",
    408: "time-out",
    413: "too large",
    429: "too many requests",
    500: "internal error",
    502: "bad gateway",
    503: "unavailable",
    504: "gateway time-out",
}


@dataclass(frozen=True, slots=True)
class Pulled:
    """One message of a subscription."""

    ack_id: str
    offset: int
    message_id: str | None
    body: bytes = field(repr=False)
    full_size: int | None = None
    """Octets of the whole message when it was cut, else None."""


def fate_of(status: int) -> Fate:
    """What a status means."""
    return FATES.get(status, Fate.TEMPORARY if status >= SERVER_ERRORS else Fate.REFUSED)


def explain(status: int, body: bytes) -> str:
    """One sentence for the operator: the service's own words if it has any, else the status."""
    words = PHRASES.get(status, "no reason given")
    try:
        error = members(load(body)).get("error")
        said = members(error).get("message")
    except MalformedReplyError:
        said = None  # a load balancer's page, perhaps
    if isinstance(said, str) and said.strip():
        words = printable(said.strip()[:MOST_TEXT])
    return f"{words} (HTTP {status})"


def read_token(body: bytes) -> str:
    """The token of a certificate. MalformedReplyError when there is none that a header can carry."""
    token = members(load(body)).get("token")
    if not isinstance(token, str) or len(token) > MOST_TOKEN or TOKEN.fullmatch(token) is None:
        raise MalformedReplyError("the answer holds no token")
    return token


def require_published(body: bytes, count: int) -> None:
    """As many ids as messages were published, or MalformedReplyError: then their fate is unknown."""
    ids = members(load(body)).get("messageIds")
    if not isinstance(ids, list) or len(ids) != count:
        raise MalformedReplyError(f"the answer does not hold the ids of {count} messages")


def read_pulled(body: bytes, max_octets: int) -> Sequence[Pulled]:
    """The messages, in their order. MalformedReplyError when one could never be acknowledged."""
    received = members(load(body)).get("receivedMessages")
    if not isinstance(received, list):
        raise MalformedReplyError("the answer holds no list of messages")
    return [read_message(members(one), max_octets) for one in received]


def read_message(received: dict[str, object], max_octets: int) -> Pulled:
    """One of them."""
    ack_id = received.get("ackId")
    offset = ack_id.rpartition(":")[2] if isinstance(ack_id, str) and ACK_ID.fullmatch(ack_id) else ""
    if not (offset.isascii() and offset.isdigit() and len(offset) <= MOST_DIGITS):
        raise MalformedReplyError("a message in the answer has no ackId that ends with its offset")
    message = received.get("message")
    message = message if isinstance(message, dict) else {}
    attributes = message.get("attributes")
    message_id = attributes.get(ID_ATTRIBUTE) if isinstance(attributes, dict) else None
    body = read_data(message.get("data"))
    return Pulled(
        str(ack_id),
        int(offset),
        message_id if isinstance(message_id, str) else None,
        body[:max_octets],
        len(body) if len(body) > max_octets else None,
    )


def read_data(data: object) -> bytes:
    """What was published. The service does not check that it is base64: then the text itself is what we got."""
    if not isinstance(data, str):
        return b""
    raw = data.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(raw, validate=True)
    except binascii.Error:
        pass
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error:
        return raw


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a service asks us to wait: a number or a date (RFC 9110, 10.2.3); None when it says nothing."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS:
        return min(float(text), MOST_WAIT_SECONDS)
    try:
        until = parsedate_to_datetime(text)
        seconds = (until if until.tzinfo is not None else until.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError, IndexError):  # the reader of dates is lenient, and lets some of these through
        return None
    return min(max(seconds.total_seconds(), 0.0), MOST_WAIT_SECONDS)


def load(body: bytes) -> object:
    """JSON, or MalformedReplyError."""
    try:
        loaded: object = json.loads(body.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise MalformedReplyError("the answer is not JSON") from error
    return loaded


def members(value: object) -> dict[str, object]:
    """The members of an object, or MalformedReplyError."""
    if not isinstance(value, dict):
        raise MalformedReplyError("the answer is not a JSON object")
    return value
