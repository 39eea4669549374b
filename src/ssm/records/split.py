# SPDX-License-Identifier: Apache-2.0
"""Cutting a message into several, and joining several into one: records stay whole, and as they were written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from ssm.errors import FormatError
from ssm.records.formats import recognise
from ssm.records.message import Cut


@dataclass(frozen=True, slots=True)
class Size:
    """How large a piece may be; at least one of the two is given."""

    octets: int | None = None
    records: int | None = None


@dataclass(slots=True)
class Cutting:
    """How far the piece has come that is being put together; its records are not held."""

    cut: Cut
    size: Size
    records: int = 0
    octets: int = 0

    def with_another(self, record: bytes) -> int:
        """Octets of the piece, if this record were its last."""
        between = len(self.cut.between) if self.records else 0
        return len(self.cut.head) + self.octets + between + len(record) + len(self.cut.tail)

    def fits(self, record: bytes) -> bool:
        """Whether another record can be added."""
        if self.size.records is not None and self.records >= self.size.records:
            return False
        return self.size.octets is None or self.with_another(record) <= self.size.octets

    def add(self, record: bytes) -> bytes:
        """One more: what is to be written for it."""
        before = self.cut.between if self.records else self.cut.head
        self.octets += len(record) + (len(before) if self.records else 0)
        self.records += 1
        return before + record


def portions(blocks: Iterable[bytes], size: Size) -> Iterator[tuple[int, bytes]]:
    """The pieces of a message in portions, each with the number of its piece, counted from 1.

    FormatError where the message is broken, or a record alone is larger than a piece may be.
    """
    form, again = recognise(iter(blocks))
    cut = form.cut(again)
    number, piece = 1, Cutting(cut, size)
    for count, record in enumerate(cut.records, 1):
        if piece.records and not piece.fits(record):
            yield number, cut.tail
            number, piece = number + 1, Cutting(cut, size)
        if not piece.records and not piece.fits(record):
            said = (
                f"record {count} alone makes a message of {piece.with_another(record)} octets, of {size.octets} allowed"
            )
            raise FormatError(said, code="record-too-large")
        yield number, piece.add(record)
    if piece.records:
        yield number, cut.tail


def split(blocks: Iterable[bytes], size: Size) -> Iterator[bytes]:
    """The pieces of a message, each whole; FormatError as above."""
    for _, some in groupby(portions(blocks, size), key=itemgetter(0)):
        yield b"".join([octets for _, octets in some])


def merge(messages: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    """One message with the records of all, in portions; FormatError where they do not have the same header."""
    first: Cut | None = None
    is_empty = True
    for number, blocks in enumerate(messages, 1):
        form, again = recognise(iter(blocks))
        cut = form.cut(again)
        if first is None:
            first = cut
            yield cut.head
        elif same(cut.head) != same(first.head):
            said = (
                f"message {number} has another header than the first; convert it to the same format and version first"
            )
            raise FormatError(said, code="different-header")
        for record in cut.records:
            yield record if is_empty else first.between + record
            is_empty = False
    if first is not None:
        yield first.tail


def same(head: bytes) -> bytes:
    """What must be the same of two headers: blanks, line ends and an XML declaration need not."""
    text = b" ".join(head.split())
    if text.startswith(b"<?xml"):
        text = text.partition(b"?>")[2].strip()
    return text
