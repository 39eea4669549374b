# SPDX-License-Identifier: Apache-2.0
"""Judging for senders that keep each message until they are told what became of it.

Such a message is told apart by its payload and its signer as well as by its octets, for its sender may seal it anew
each time. What cannot be judged now is left with its sender.

Acceptances and refusals are remembered under names of their own. When the reason of a refusal is gone, the message may
come again and be accepted. And the same octets may be something else to a listener that opens them in another way:
whoever brings them there first must not make a message known that was never filed as what it is.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from ssm.envelope.opened import OpenedMessage
from ssm.errors import UnauthorisedSignerError
from ssm.messenger.judge import Judge
from ssm.ports.filing import Box, Verdict
from ssm.ports.signers import Opener, SignerList
from ssm.ports.transport import Delivery

KEPT = "; its sender keeps it, and sends it again"


@dataclass(frozen=True, slots=True)
class AnsweringJudge:
    """Implements ``ssm.messenger.judge.Decider``."""

    open: Opener
    signers: SignerList
    answer: Callable[[bytes], str]
    """The word that acknowledges a payload: 32 hexadecimal digits."""
    refusal: str
    """The word for a good signer who is not on the list; others are told nothing."""

    def __call__(self, delivery: Delivery, digest: bytes, *, ends: int = 0) -> Verdict:
        """The verdict, with the answer and the names that belong to it."""
        opened: list[OpenedMessage] = []

        def opening(message: bytes) -> OpenedMessage:
            opened.append(self.open(message))
            return opened[0]

        verdict = Judge(opening, self.signers)(delivery, digest, ends=ends)
        twin = twin_of(self.answer(opened[0].payload), str(opened[0].signer)) if opened else digest
        match verdict.box:
            case Box.INCOMING:
                own = name_of(b"accepted", digest)
                return replace(verdict, digest=own, answer=self.answer(verdict.body), twin=twin)
            case Box.REJECTED:
                told = self.refusal if verdict.reason == UnauthorisedSignerError.reason else None
                own = name_of(b"refused", twin)
                return replace(verdict, digest=own, answer=told, error=f"{verdict.error}{KEPT}")
            case Box.DEFERRED:
                return replace(verdict, is_left=True)


def name_of(what: bytes, digest: bytes) -> bytes:
    """The name under which this is remembered of a message."""
    return hashlib.sha256(what + b"\0" + digest).digest()


def twin_of(answer: str, signer: str) -> bytes:
    """The name of a payload from a signer; it begins with the answer, by which it is forgotten."""
    return bytes.fromhex(answer) + hashlib.sha256(signer.encode()).digest()[:16]
