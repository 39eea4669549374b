# SPDX-License-Identifier: Apache-2.0
"""The repository: records as rows, each counted once, whoever loads them and how often.

Promises of every implementation:

* ``store`` is one transaction: when it returns, all of it survives the death of program and machine; when it raises,
  nothing of it is there. A message is known by digest and element from the same transaction on, and rows of a known
  message are not stored again;
* of two rows with one key, the one whose message arrived later stays, whichever was stored first, of any number of
  versions in any order; the same row again is not a change, but it is that of the later message from then on;
* months of sites in which a row was added or changed are marked in the same transaction, and no others;
* RepositoryUnavailableError: the same may be tried again. RepositoryError and CredentialError: not before somebody
  has done something.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

Value: TypeAlias = "str | int | float | bytes | None"
Row: TypeAlias = "tuple[Value, ...]"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it came."""

    id: int
    """Sorts by time of arrival: see ``ssm.accounting.arrivals``."""
    digest: bytes
    """SHA-256 of the payload."""
    element: str
    """Its name in incoming, which tells a message that comes again from one that is loaded again."""
    signer: str | None
    message_id: str | None
    """The sender's word for it."""
    received: int
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One message and how many records were in it."""

    arrival: Arrival
    kind: str
    """Name of its type of records."""
    records: int


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of one table: each key once, in the order of their keys."""

    kind: str
    """Name of the type of records."""
    rows: Sequence[Row]
    """In the order of the table's columns."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a transaction did."""

    rows: int
    """Rows that were given."""
    changed: int
    """Of these, added or changed: given values that differ from those before."""


class Repository(Protocol):
    """A database that is open. Not for several threads at a time."""

    def known(self, arrivals: Collection[Arrival]) -> Mapping[tuple[bytes, str], int]:
        """Of these, by digest and element, those that were stored before, and the id they have."""

    def store(self, messages: Sequence[Stored], blocks: Sequence[Block]) -> Changes:
        """All of it or nothing."""

    def close(self) -> None:
        """Release the connection; never raises."""
