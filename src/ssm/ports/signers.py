# SPDX-License-Identifier: Apache-2.0
"""Who may sign, and how an envelope is opened: two questions the receiving workflow asks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ssm.names import DistinguishedName


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """A message whose signature, certificate path, dates and revocation are proved."""

    payload: bytes
    signer: DistinguishedName
    encrypted: bool
    signing_time: datetime | None
    """The sender's word for when; timezone-aware UTC. Proves nothing."""


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
