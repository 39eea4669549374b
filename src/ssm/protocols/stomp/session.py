# SPDX-License-Identifier: Apache-2.0
"""The client's half of a STOMP conversation: octets and the time in, events and octets out.

This file never opens a socket and never looks at a clock. What may be done when is the table ``MOVES``; everything
else follows from the frames. Each SEND waits for its own receipt.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from ssm.errors import LocalProtocolError, RefusedError, RemoteProtocolError, TimedOutError
from ssm.protocols.stomp.codec import Decoder
from ssm.protocols.stomp.frames import Frame, Version, encode, encode_head

SUBSCRIPTION = "1"
SUBSCRIBE_RECEIPT = "subscribe"
DISCONNECT_RECEIPT = "disconnect"
AWAITED = {SUBSCRIBE_RECEIPT: "our subscription", DISCONNECT_RECEIPT: "the end of the conversation"}
"""What receipts are for that are not for a message."""
SILENCE_FACTOR = 2.5  # how many heart-beats may be missing before the peer counts as gone


class State(Enum):
    """Where the conversation is."""

    NEW = auto()
    CONNECTING = auto()
    CONNECTED = auto()
    SUBSCRIBED = auto()
    CLOSING = auto()
    CLOSED = auto()


# What we do ("CONNECT" …) and what comes ("<CONNECTED" …): from where, to where. Nothing else is legal.
MOVES: dict[tuple[State, str], State] = {
    (State.NEW, "CONNECT"): State.CONNECTING,
    (State.CONNECTING, "<CONNECTED"): State.CONNECTED,
    (State.CONNECTING, "<ERROR"): State.CLOSED,
    (State.CONNECTED, "SEND"): State.CONNECTED,
    (State.CONNECTED, "SUBSCRIBE"): State.SUBSCRIBED,
    (State.CONNECTED, "DISCONNECT"): State.CLOSING,
    (State.CONNECTED, "<RECEIPT"): State.CONNECTED,
    (State.CONNECTED, "<ERROR"): State.CONNECTED,  # most brokers hang up next, but not all
    (State.SUBSCRIBED, "SEND"): State.SUBSCRIBED,
    (State.SUBSCRIBED, "ACK"): State.SUBSCRIBED,
    (State.SUBSCRIBED, "DISCONNECT"): State.CLOSING,
    (State.SUBSCRIBED, "<MESSAGE"): State.SUBSCRIBED,
    (State.SUBSCRIBED, "<RECEIPT"): State.SUBSCRIBED,
    (State.SUBSCRIBED, "<ERROR"): State.SUBSCRIBED,
    (State.CLOSING, "<MESSAGE"): State.CLOSING,
    (State.CLOSING, "<RECEIPT"): State.CLOSING,
    (State.CLOSING, "<ERROR"): State.CLOSED,
}


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What the two ends agree on when they meet."""

    host: str = "/"
    """Virtual host; RabbitMQ knows "/", ActiveMQ takes any."""
    login: str | None = None
    passcode: str | None = field(default=None, repr=False)
    heartbeat_seconds: float = 30.0
    """How often we offer and ask for a sign of life; 0 for never."""
    connect_timeout_seconds: float = 10.0
    receipt_timeout_seconds: float = 60.0
    max_body_octets: int = 160 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has taken us."""

    version: Version
    server: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The broker has done what the frame with this receipt asked for."""

    receipt: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message for our subscription."""

    frame: Frame
    token: str
    """What to acknowledge it by."""


@dataclass(frozen=True, slots=True)
class ErrorFrame:
    """The broker complains; about one frame of ours where ``receipt`` names it."""

    text: str
    receipt: str | None


Event: TypeAlias = Connected | Receipt | Message | ErrorFrame


class ClientSession:
    """One conversation."""

    def __init__(self, settings: SessionSettings) -> None:
        self.settings = settings
        self.state = State.NEW
        self.version = Version.V1_0
        self.decoder = Decoder(settings.max_body_octets)
        self.receipts: dict[str, float] = {}
        """Deadlines of what waits for its receipt, in the order of sending."""
        self.connect_deadline: float | None = None
        self.beat_every = 0.0
        self.silence_allowed = 0.0
        self.last_written = 0.0
        self.last_read = 0.0

    def move(self, step: str) -> None:
        """Take one legal step."""
        following = MOVES.get((self.state, step))
        if following is None:
            kind = RemoteProtocolError if step.startswith("<") else LocalProtocolError
            raise kind(f"{step.lstrip('<')} is not due while {self.state.name.lower()}")
        self.state = following

    def connect(self, now: float) -> bytes:
        """The first frame (STOMP 1.2, Connecting)."""
        self.move("CONNECT")
        beat = round(self.settings.heartbeat_seconds * 1000)
        headers = {"accept-version": "1.0,1.1,1.2", "host": self.settings.host, "heart-beat": f"{beat},{beat}"}
        if self.settings.login is not None:
            headers |= {"login": self.settings.login, "passcode": self.settings.passcode or ""}
        self.connect_deadline = now + self.settings.connect_timeout_seconds
        self.last_written = self.last_read = now
        return encode(Frame("CONNECT", headers), Version.V1_0)

    def send(self, headers: Mapping[str, str], body: bytes, receipt: str, now: float) -> Sequence[bytes]:
        """A message that waits for this receipt, in pieces: the body is not copied.

        RefusedError when this version of STOMP cannot carry a header.
        """
        self.move("SEND")
        try:
            head = encode_head("SEND", {**headers, "receipt": receipt, "content-length": str(len(body))}, self.version)
        except ValueError as error:
            raise RefusedError(f"a header of the message cannot be sent: {error}") from error
        self.receipts[receipt] = now + self.settings.receipt_timeout_seconds
        self.last_written = now
        return (head, body, b"\0")

    def subscribe(self, destination: str, prefetch: int, prefetch_octets: int, now: float) -> bytes:
        """One subscription, acknowledged message by message; each broker has its own word for the prefetch.

        It is to be confirmed like a message: a broker that beats, but has forgotten us, would look like an empty queue.
        """
        self.move("SUBSCRIBE")
        headers = {
            "destination": destination,
            "id": SUBSCRIPTION,
            "ack": "client-individual",
            "activemq.prefetchSize": str(prefetch),
            "prefetch-count": str(prefetch),
            "consumer-window-size": str(prefetch_octets),
            "receipt": SUBSCRIBE_RECEIPT,
        }
        self.receipts[SUBSCRIBE_RECEIPT] = now + self.settings.receipt_timeout_seconds
        self.last_written = now
        return encode(Frame("SUBSCRIBE", headers), self.version)

    def acknowledge(self, tokens: Sequence[str], now: float) -> bytes:
        """ACK frames for these, in one piece (STOMP 1.2, ACK; 1.1 and 1.0 name the message instead)."""
        self.move("ACK")
        self.last_written = now
        return b"".join(encode(Frame("ACK", self.ack_headers(token)), self.version) for token in tokens)

    def ack_headers(self, token: str) -> dict[str, str]:
        """By which headers a version acknowledges."""
        match self.version:
            case Version.V1_2:
                return {"id": token}
            case Version.V1_1:
                return {"message-id": token, "subscription": SUBSCRIPTION}
            case Version.V1_0:  # pragma: no branch - there is no fourth, as mypy proves
                return {"message-id": token}

    def disconnect(self, now: float) -> bytes:
        """Say goodbye, and ask to be told when all before it is done."""
        self.move("DISCONNECT")
        self.receipts[DISCONNECT_RECEIPT] = now + self.settings.receipt_timeout_seconds
        return encode(Frame("DISCONNECT", {"receipt": DISCONNECT_RECEIPT}), self.version)

    def receive(self, data: bytes, now: float) -> Iterator[Event]:
        """What these octets mean. RemoteProtocolError when the peer breaks the rules."""
        self.last_read = now
        for frame in self.decoder.feed(data):
            self.move(f"<{frame.command}")
            yield self.event_of(frame)

    def event_of(self, frame: Frame) -> Event:
        """One frame, understood."""
        match frame.command:
            case "CONNECTED":
                return self.on_connected(frame)
            case "RECEIPT":
                receipt = frame.headers.get("receipt-id", "")
                if self.receipts.pop(receipt, None) is None:
                    raise RemoteProtocolError("a receipt that nobody waits for")
                return Receipt(receipt)
            case "MESSAGE":
                return Message(frame, self.token_of(frame))
            case _:
                receipt = frame.headers.get("receipt-id", "")
                known = self.receipts.pop(receipt, None) is not None
                return ErrorFrame(error_text(frame), receipt if known else None)

    def on_connected(self, frame: Frame) -> Connected:
        """Agree on the version and on signs of life (STOMP 1.2, Heart-beating)."""
        try:
            self.version = Version(frame.headers.get("version", "1.0"))
        except ValueError as error:
            raise RemoteProtocolError("the broker speaks an unknown version of STOMP") from error
        self.decoder.version = self.version
        self.connect_deadline = None
        offered, wanted = read_heartbeat(frame.headers.get("heart-beat", "0,0"))
        ours = self.settings.heartbeat_seconds
        self.beat_every = max(ours, wanted) if ours and wanted else 0.0
        self.silence_allowed = max(ours, offered) * SILENCE_FACTOR if ours and offered else 0.0
        return Connected(self.version, frame.headers.get("server", ""))

    def token_of(self, frame: Frame) -> str:
        """What this version acknowledges by."""
        name = "ack" if self.version == Version.V1_2 else "message-id"
        token = frame.headers.get(name)
        if token is None:
            raise RemoteProtocolError(f"a message without {name}")
        return token

    def postpone(self, now: float) -> None:
        """Octets of ours are still going out: what waits for a receipt cannot have it yet."""
        least = now + self.settings.receipt_timeout_seconds
        self.receipts = {receipt: max(deadline, least) for receipt, deadline in self.receipts.items()}

    def on_time(self, now: float) -> bytes:
        """What is due: a heart-beat to write, or TimedOutError when the peer has been silent for too long."""
        if self.connect_deadline is not None and now >= self.connect_deadline:
            raise TimedOutError("the broker did not answer CONNECT in time")
        if self.receipts and now >= next(iter(self.receipts.values())):
            what = AWAITED.get(next(iter(self.receipts)), "a message")
            raise TimedOutError(f"the broker did not confirm {what} in time")
        if self.silence_allowed and now >= self.last_read + self.silence_allowed:
            raise TimedOutError("the broker has been silent for too long")
        if self.beat_every and now >= self.last_written + self.beat_every:
            self.last_written = now
            return b"\n"
        return b""


def read_heartbeat(text: str) -> tuple[float, float]:
    """Both figures of a heart-beat header, in seconds."""
    offered, comma, wanted = text.partition(",")
    digits = offered.strip() + wanted.strip()
    if not (comma and digits.isascii() and offered.strip().isdigit() and wanted.strip().isdigit() and len(text) < 40):  # noqa: PLR2004
        raise RemoteProtocolError("a malformed heart-beat header")
    return int(offered) / 1000, int(wanted) / 1000


def error_text(frame: Frame) -> str:
    """What an ERROR frame says, bounded and in one line."""
    text = frame.headers.get("message", "") or frame.body[:500].decode("utf-8", "replace")
    return " ".join(text.split())[:500]
