# SPDX-License-Identifier: Apache-2.0
"""A message while it is read: what it claims to be, then its records batch by batch, and what is wrong with each.

Only a batch is held at a time, so memory does not grow with the message. Where in the message a value stood is
worked out only when somebody asks, for most values are never asked about.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from ssm.records.fault import Fault, Place
from ssm.records.field import Record, RecordType
from ssm.records.table import Column, Table

BATCH_RECORDS = 512
MAX_RECORD_OCTETS = 1024 * 1024
MAX_BLANK_OCTETS = 1024 * 1024
"""What may stand before a message, and says nothing."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Tolerated before a message of any format."""
Blocks = Iterable[bytes]
"""The octets of a message, in any portions."""


def begun(octets: bytes) -> bytes:
    """The beginning of a message, without what may stand before it."""
    return octets.removeprefix(BYTE_ORDER_MARK).lstrip()


@dataclass(slots=True)
class Batch:
    """Some records of a message, in order; as they were read, one by one or column by column."""

    content: list[Record] | Table
    """A record with faults is here too, without the values that could not be read."""
    faults: list[Fault]
    """What was wrong in reading them."""
    place: Callable[[int, str], Place]
    """Where an attribute of one of the records stands; for an empty attribute, where the record begins."""

    def __len__(self) -> int:
        """How many records."""
        return len(self.content)

    @property
    def records(self) -> list[Record]:
        """One by one; made when first asked for."""
        if isinstance(self.content, Table):
            self.content = self.content.records()
        return self.content

    def column(self, attribute: str) -> Column | None:
        """One attribute of all of them; None where nobody says it."""
        if isinstance(self.content, Table):
            return self.content.columns.get(attribute)
        values: list[object] = list(map(attrgetter(attribute), self.content))
        return None if values.count(None) == len(values) else values


def made(records: Iterable[Record]) -> Batch:
    """Records that nobody has read, as if they had been."""
    return Batch(list(records), [], lambda _, attribute: Place(field=attribute))


@dataclass(slots=True)
class Message:
    """What a message is, and its records, which can be run through once."""

    format: str
    type: RecordType
    version: str
    """As the message names it."""
    names_version: str
    """The version of the type whose names and kinds are used."""
    batches: Iterator[Batch]
    """May raise FormatError where the message cannot be read on."""
    faults: list[Fault] = field(default_factory=list)
    """What is wrong with its frame."""
    line: int | None = None
    """Where its header or its root stands."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The octets of a message, taken apart between its records: ``head`` + records joined by ``between`` + ``tail``."""

    head: bytes
    records: Iterator[bytes]
    """Each exactly as it stands; FormatError where the message is broken."""
    between: bytes
    tail: bytes
