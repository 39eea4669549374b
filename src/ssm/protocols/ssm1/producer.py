# SPDX-License-Identifier: Apache-2.0
"""The producer's half of SSM 1: frames and the time in, events and frames out; one message at a time.

Its owner judges an offered certificate, seals the message for it, and sends what is returned. A message is told apart
by the fingerprint of its payload: the acknowledgement that bears it ends the wait, REJECTED ends it as well, and
nothing else does. Whatever comes twice, late or for nobody is ignored, and says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ssm.errors import LocalProtocolError
from ssm.protocols.ssm1.frames import NO_ID, REJECTED, Frame, Kind


@dataclass(frozen=True, slots=True)
class Timers:
    """How long things may take (SSM 1, timers)."""

    answer_seconds: float = 60.0
    """For the acknowledgement of a message, and for a certificate."""
    ping_seconds: float = 120.0
    certificate_seconds: float = 86_400.0
    """After this the consumer's certificate is asked for again."""


@dataclass(frozen=True, slots=True)
class Offered:
    """Somebody says that this is the consumer's certificate: call ``trust`` or ``distrust``."""

    certificate_pem: bytes


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The consumer has filed the message."""

    id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The consumer does not take the message."""

    id: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer came in time; the same message may be published again."""

    id: str


@dataclass(frozen=True, slots=True)
class NoCertificate:
    """No certificate that holds came in time."""

    why: str
    """What was wrong with the last one, or empty."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """A frame that changes nothing."""

    why: str


Event: TypeAlias = Offered | Acknowledged | Refused | Unanswered | NoCertificate | Ignored


@dataclass(frozen=True, slots=True)
class Waiting:
    """The one message on its way."""

    id: str
    fingerprint: str
    deadline: float


class Producer:
    """A producer with one reply channel and one consumer."""

    def __init__(self, reply_channel: str, timers: Timers | None = None) -> None:
        self.reply_channel = reply_channel
        self.timers = timers or Timers()
        self.certificate_pem: bytes | None = None
        self.stale_at = 0.0
        self.asked_until: float | None = None
        self.doubt = ""
        self.waiting: Waiting | None = None
        self.to_reack: str | None = None
        self.next_ping = 0.0

    def connected(self, now: float) -> None:
        """A new connection: what was in flight, and what was to be confirmed, is forgotten (SSM 1, start)."""
        self.abandon()
        self.to_reack = None
        self.next_ping = now + self.timers.ping_seconds

    # What we send.

    def request_certificate(self, now: float) -> Frame:
        """Ask for the consumer's certificate."""
        self.asked_until = now + self.timers.answer_seconds
        self.doubt = ""
        return self.outgoing(Kind.CERTIFICATE_REQUEST)

    def publish(self, message_id: str, fingerprint: str, sealed: bytes, now: float) -> Frame:
        """The message, with what the consumer need not remember any more."""
        if self.waiting is not None or self.certificate_pem is None:
            raise LocalProtocolError("one message at a time, and none before the consumer's certificate")
        self.waiting = Waiting(message_id, fingerprint, now + self.timers.answer_seconds)
        return self.outgoing(Kind.MESSAGE, message_id, sealed)

    def farewell(self) -> Frame | None:
        """A last ping when there is still something to confirm."""
        return self.outgoing(Kind.PING, Kind.PING) if self.to_reack is not None else None

    def outgoing(self, kind: Kind, frame_id: str = NO_ID, body: bytes = b"") -> Frame:
        """A frame of ours; it says once what we have seen."""
        reack, self.to_reack = self.to_reack, None
        return Frame(kind, frame_id, body, self.reply_channel, reack)

    # What comes.

    def receive(self, frame: Frame) -> Event:
        """A frame on the reply channel."""
        match frame.kind:
            case Kind.CERTIFICATE_RESPONSE:
                if self.certificate_pem is not None:
                    return Ignored("a certificate, though we have one")
                return Offered(frame.body)
            case Kind.PING | Kind.CERTIFICATE_REQUEST:
                return Ignored(f"a {frame.kind} is not for a producer")
            case "":
                return Ignored("a frame without type")
            case _:
                return self.answered(frame.id)  # the type need not be "ack" (SSM 1, message sequence)

    def answered(self, word: str) -> Event:
        """An acknowledgement, or REJECTED."""
        waiting = self.waiting
        if waiting is None:
            return Ignored(f"an answer, {word[:40]!r}, though no message waits for one")
        if word == REJECTED:
            self.waiting = None
            return Refused(waiting.id)
        if word != waiting.fingerprint:
            return Ignored(f"an answer to another message, {word[:40]!r}")
        self.waiting = None
        self.to_reack = waiting.fingerprint
        return Acknowledged(waiting.id)

    def trust(self, certificate_pem: bytes, now: float) -> None:
        """This certificate holds, and is the consumer's."""
        self.certificate_pem = certificate_pem
        self.stale_at = now + self.timers.certificate_seconds
        self.asked_until = None

    def distrust(self, why: str) -> None:
        """It does not: wait for another."""
        self.doubt = why

    def postpone(self, now: float) -> None:
        """What is waited for has not left us entirely: nobody can have answered it yet."""
        least = now + self.timers.answer_seconds
        if self.waiting is not None:
            self.waiting = replace(self.waiting, deadline=max(self.waiting.deadline, least))
        if self.asked_until is not None:
            self.asked_until = max(self.asked_until, least)

    def abandon(self) -> None:
        """Nobody waits any more."""
        self.waiting = None
        self.asked_until = None

    # What time brings.

    def on_time(self, now: float) -> Sequence[Event | Frame]:
        """What is due: waits that are over, and a ping."""
        due: list[Event | Frame] = []
        if self.waiting is not None and now >= self.waiting.deadline:
            due.append(Unanswered(self.waiting.id))
            self.waiting = None
        if self.asked_until is not None and now >= self.asked_until:
            due.append(NoCertificate(self.doubt))
            self.asked_until = None
        if self.certificate_pem is not None and self.waiting is None and now >= self.stale_at:
            self.certificate_pem = None
        if now >= self.next_ping:
            self.next_ping = now + self.timers.ping_seconds
            # It confirms nothing: the last message may be about to leave its spool, and be sent again if we die.
            due.append(Frame(Kind.PING, Kind.PING, reply_to=self.reply_channel))
        return due
