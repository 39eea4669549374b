# SPDX-License-Identifier: Apache-2.0
"""Who may sign, and how an envelope is opened: two questions the receiving workflow asks."""

from typing import Protocol

from ssm.envelope.opened import OpenedMessage
from ssm.names import DistinguishedName


class Opener(Protocol):
    """Unseals; wiring binds keys, limits and the CA directory into it."""

    def __call__(self, message: bytes) -> OpenedMessage:
        """Raise a RejectError that is final, or CannotJudgeError when the fault is ours."""
        ...


class SignerList(Protocol):
    """The list of permitted DNs, re-read when its file changes."""

    def permits(self, signer: DistinguishedName) -> bool:
        """True when this exact DN is on the list."""
        ...

    def refresh(self) -> None:
        """Re-read if changed; keeps the old list, and says so, when the new one is empty or broken."""
        ...
