# SPDX-License-Identifier: Apache-2.0
"""The consumer's half of SSM 1: a frame in, what follows from it out.

It shows its certificate to whoever asks, hands messages over to be judged and filed, and, once its owner says what
became of one, answers on the producer's reply channel. What has been acknowledged is remembered by whoever files,
for that must survive this program; ``Heard.seen`` says what need not be remembered any more (SSM 1,
re-acknowledgement).
"""

from dataclasses import dataclass

from ssm.protocols.ssm1.frames import Frame, Kind


@dataclass(frozen=True, slots=True)
class Reply:
    """A frame for a producer."""

    channel: str
    frame: Frame


@dataclass(frozen=True, slots=True)
class Message:
    """A sealed message, to be judged."""

    id: str
    """The producer's name for it."""
    sealed: bytes
    channel: str | None
    """Where its producer waits for the answer."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from one frame, in this order."""

    seen: str | None = None
    """The producer has seen the acknowledgement of the message with this fingerprint."""
    reply: Reply | None = None
    message: Message | None = None
    is_foreign: bool = False
    """No frame of SSM 1 at all: a message that somebody sent here by another protocol."""
    ignored: str | None = None
    """Why nothing else follows."""


class Consumer:
    """A consumer on one destination."""

    def __init__(self, destination: str, certificate_pem: bytes) -> None:
        self.destination = destination
        self.certificate_pem = certificate_pem

    def receive(self, frame: Frame) -> Heard:
        """What a frame means (SSM 1, order of tests on an incoming frame)."""
        channel = frame.reply_to if frame.reply_to != self.destination else None  # never talk to ourselves
        match frame.kind:
            case Kind.PING:
                return Heard(frame.reack)
            case Kind.CERTIFICATE_REQUEST if channel is not None:
                answer = Frame(Kind.CERTIFICATE_RESPONSE, body=self.certificate_pem)
                return Heard(frame.reack, reply=Reply(channel, answer))
            case Kind.MESSAGE:
                return Heard(frame.reack, message=Message(frame.id, frame.body, channel))
            case Kind.CERTIFICATE_REQUEST:
                return Heard(frame.reack, ignored="somebody asks for our certificate and does not say where to send it")
            case "" if frame.body:
                return Heard(frame.reack, is_foreign=True)
            case _:
                kind = frame.kind[:40] or "no type"
                return Heard(frame.reack, ignored=f"a frame of {kind!r} is not for a consumer")

    @staticmethod
    def answer(channel: str, word: str) -> Reply:
        """The acknowledgement of a message that is filed, by its fingerprint; or the word REJECTED."""
        return Reply(channel, Frame(Kind.ACKNOWLEDGEMENT, word))
