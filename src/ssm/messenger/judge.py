# SPDX-License-Identifier: Apache-2.0
"""What shall become of one delivery: a decision, from the octets and two questions asked of the world.

The order is fixed: bounds, then the envelope (decrypt, verify, path), then the list of permitted signers.
Nothing of a message is used before its signature is proved; what fails is kept as it came.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from ssm.errors import (
    CannotJudgeError,
    DecryptionError,
    NotForUsError,
    RejectError,
    UnauthorisedSignerError,
)
from ssm.messenger.events import Event
from ssm.names import DistinguishedName
from ssm.ports.filing import Box, Verdict
from ssm.ports.signers import Opener, SignerList
from ssm.ports.transport import Delivery, Transport

PING = "ping"  # SSM 2.0 receivers kept their connection alive with empty messages of this id
MOST_ENDS = 3  # how often a message may end the program before it is set aside


class Decider(Protocol):
    """What turns a delivery into a verdict."""

    def __call__(self, delivery: Delivery, digest: bytes, *, ends: int = 0) -> Verdict:
        """The verdict on one delivery, which ended the program ``ends`` times before."""
        ...


@dataclass(frozen=True, slots=True)
class Listener:
    """One way in, and how what comes by it is judged."""

    transport: Transport
    judge: Decider
    way: str = ""
    """Said of each message that comes by it, where there are several: `` by [receiver.NAME]``."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Both questions, bound together."""

    open: Opener
    signers: SignerList

    def __call__(self, delivery: Delivery, digest: bytes, *, ends: int = 0) -> Verdict:
        """The verdict on one delivery, which ended the program ``ends`` times before."""
        if ends >= MOST_ENDS:
            error = f"Set aside: judging this message ended the program {ends} times"
            return refused(digest, delivery, error, reason="set-aside")
        if delivery.full_size is not None:
            error = f"Message of {delivery.full_size} octets exceeds max_message_size; only its beginning is kept"
            return refused(digest, delivery, error, reason="too-large")
        if not delivery.body.strip():
            return refused(digest, delivery, "Empty text passed to _handle_msg.", reason="empty")
        return self.judge(digest, delivery)

    def judge(self, digest: bytes, delivery: Delivery) -> Verdict:
        """The verdict of envelope and list."""
        signer: DistinguishedName | None = None
        try:
            opened = self.open(delivery.body)
            signer = opened.signer
            if not self.signers.permits(signer):
                raise UnauthorisedSignerError(f"Signer not in valid DNs list: {signer}")
        except RejectError as error:
            return refused(digest, delivery, sentence(error), reason=error.reason, signer=signer)
        except CannotJudgeError as error:
            text = f"Cannot judge now: {error}" + (f" ({error.hint})" if error.hint else "")
            return Verdict(digest, Box.DEFERRED, delivery.body, None, delivery.message_id, text, "deferred")
        return Verdict(digest, Box.INCOMING, opened.payload, str(signer), delivery.message_id)


def refused(
    digest: bytes, delivery: Delivery, error: str, *, reason: str, signer: DistinguishedName | None = None
) -> Verdict:
    """Rejected, with the octets untouched."""
    text = str(signer) if signer is not None else None
    return Verdict(digest, Box.REJECTED, delivery.body, text, delivery.message_id, error, reason)


def sentence(error: RejectError) -> str:
    """The reason as it is kept beside a rejected message, in the words that tools in the field look for."""
    match error:
        case UnauthorisedSignerError():
            return str(error)
        case DecryptionError() | NotForUsError():
            return f"Failed to decrypt message: {error}"
        case _:
            return f"Failed to verify message: {error}"


def digest_of(delivery: Delivery) -> bytes:
    """What a message is known by: SHA-256 of the sealed octets. Ids are not unique in the field."""
    return hashlib.sha256(delivery.body).digest()


def is_ping(delivery: Delivery) -> bool:
    """True for the keep-alive of old receivers, which carries nothing."""
    return delivery.message_id == PING and not delivery.body.strip()


def event_of(verdict: Verdict) -> Event:
    """The event that tells of this verdict once it is filed."""
    if verdict.reason == "set-aside":
        return Event.SET_ASIDE
    match verdict.box:
        case Box.INCOMING:
            return Event.ACCEPTED
        case Box.REJECTED:
            return Event.REJECTED
        case Box.DEFERRED:
            return Event.DEFERRED
