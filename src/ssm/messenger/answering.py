# SPDX-License-Identifier: Apache-2.0
"""Judging for senders that keep each message until they are told what became of it.

Such a message is told apart by its payload and its signer as well as by its octets, for its sender may seal it anew
each time. What cannot be judged now is left with its sender. A refusal is remembered under a name of its own: when the
reason is gone, the message may come again and be accepted.
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
                return replace(verdict, answer=self.answer(verdict.body), twin=twin)
            case Box.REJECTED:
                told = self.refusal if verdict.reason == UnauthorisedSignerError.reason else None
                other = hashlib.sha256(b"refused\0" + twin).digest()
                return replace(verdict, digest=other, answer=told, error=f"{verdict.error}{KEPT}")
            case Box.DEFERRED:
                return replace(verdict, is_left=True)


def twin_of(answer: str, signer: str) -> bytes:
    """The name of a payload from a signer; it begins with the answer, by which it is forgotten."""
    return bytes.fromhex(answer) + hashlib.sha256(signer.encode()).digest()[:16]
