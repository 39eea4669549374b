# SPDX-License-Identifier: Apache-2.0
"""The journal: each change of state of each message, with time and reason; and the sealed copies in flight.

A lost journal costs at worst a duplicate, never a message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of state of one message."""

    state: str
    """A name from the catalogue of events (``ssm.messenger.events``)."""
    digest: bytes | None
    """SHA-256 of the sealed octets, once there are any."""
    message_id: str | None
    """The sender's id for it."""
    element: str | None
    """Spool element it came from or went to, as ``box/name``."""
    signer: str | None = None
    reason: str | None = None


class Journal(Protocol):
    """History, for both roles. Entries of one call share one transaction; time is stamped by the journal."""

    def record(self, entries: Sequence[Entry]) -> None:
        """Append; a failure raises SpoolUnavailableError."""


@dataclass(frozen=True, slots=True)
class SealedCopy:
    """A sealed message that is, or may be, on its way."""

    name: str
    """The outgoing element it was made from."""
    payload_digest: bytes
    """SHA-256 of the payload and of how it was sealed: a file that was replaced under its name is a new message."""
    sealed: bytes
    digest: bytes
    """SHA-256 of ``sealed``."""


class SealedCopies(Protocol):
    """Keeps the exact bytes of what is in flight, so that a resend after a crash is the same message."""

    def find(self, name: str, payload_digest: bytes) -> bytes | None:
        """The sealed bytes kept for this element, if they are whole and of this very payload."""

    def keep(self, copies: Sequence[SealedCopy]) -> None:
        """Keep a batch; survives the death of the program."""

    def drop(self, names: Sequence[str]) -> None:
        """Their elements have left the spool."""
