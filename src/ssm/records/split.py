# SPDX-License-Identifier: Apache-2.0
"""Cutting a message into several, and joining several into one: records stay whole, and as they were written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ssm.errors import FormatError
from ssm.records.formats import recognise
from ssm.records.message import Cut


@dataclass(frozen=True, slots=True)
class Size:
    """How large a piece may be; at least one of the two is given."""

    octets: int | None = None
    records: int | None = None


@dataclass(slots=True)
class Piece:
    """One message being put together."""

    cut: Cut
    parts: list[bytes] = field(default_factory=list)
    octets: int = 0

    def fits(self, record: bytes, size: Size) -> bool:
        """Whether another record can be added."""
        if not self.parts:
            return True
        if size.records is not None and len(self.parts) >= size.records:
            return False
        return size.octets is None or self.with_frame(len(self.cut.between) + len(record)) <= size.octets

    def with_frame(self, more: int) -> int:
        """Octets of the whole message with so many more."""
        return len(self.cut.head) + self.octets + more + len(self.cut.tail)

    def add(self, record: bytes) -> None:
        """One more."""
        self.octets += len(record) + (len(self.cut.between) if self.parts else 0)
        self.parts.append(record)

    def octets_of(self) -> bytes:
        """The message."""
        return self.cut.head + self.cut.between.join(self.parts) + self.cut.tail


def split(blocks: Iterable[bytes], size: Size) -> Iterator[bytes]:
    """The pieces of a message; FormatError where it is broken, or a record alone is larger than a piece may be."""
    form, again = recognise(iter(blocks))
    cut = form.cut(again)
    piece = Piece(cut)
    for count, record in enumerate(cut.records, 1):
        if not piece.fits(record, size):
            yield piece.octets_of()
            piece = Piece(cut)
        if not piece.parts and size.octets is not None and piece.with_frame(len(record)) > size.octets:
            alone = piece.with_frame(len(record))
            said = f"record {count} alone makes a message of {alone} octets, of {size.octets} allowed"
            raise FormatError(said, code="record-too-large")
        piece.add(record)
    if piece.parts:
        yield piece.octets_of()


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
