# SPDX-License-Identifier: Apache-2.0
"""Reading a text message: cut into lines and records, the quick way where it fits, the careful way where not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, chain

from ssm.errors import FormatError
from ssm.records.fault import Fault, Level, Place
from ssm.records.field import Record
from ssm.records.formats.text_characters import ODD, is_calm
from ssm.records.formats.text_header import read_header
from ssm.records.formats.text_lines import Careful
from ssm.records.formats.text_pieces import SEPARATOR, pieces
from ssm.records.formats.text_shapes import Shape, Shapes
from ssm.records.gathering import Gathering
from ssm.records.message import BATCH_RECORDS, BYTE_ORDER_MARK, MAX_RECORD_OCTETS, Batch, Message

FORMAT = "apel-text"


def read(blocks: Iterator[bytes]) -> Message:
    """A text message; FormatError where its header is none."""
    portions = whole_lines(blocks)
    number = 1
    begun = ("", False)
    for begun in portions:
        first, _ = begun
        number += first[: len(first) - len(first.lstrip())].count("\n")
        if first.strip():
            break
    first, odd = begun
    line, _, rest = first[first.rfind("\n", 0, len(first) - len(first.lstrip())) + 1 :].partition("\n")
    header = read_header(line, number)
    reading = Reading(Shapes(header.type, header.names_version), number + 1)
    batches = read_batches(reading, chain([(rest, odd)], portions))
    return Message(FORMAT, header.type, header.version, header.names_version, batches, list(header.faults), number)


def whole_lines(blocks: Iterator[bytes]) -> Iterator[tuple[str, bool]]:
    """The text in portions that end with a line, and whether there may be odd characters in it.

    Line ends are LF, CRLF or CR, and become LF.
    """
    held = b""
    is_first = True
    for block in blocks:
        data = held + block
        if is_first and len(data) >= len(BYTE_ORDER_MARK):
            data = data.removeprefix(BYTE_ORDER_MARK)
            is_first = False
        end = (data.rfind(b"\n") if b"\n" in data else data.rfind(b"\r", 0, -1)) + 1
        if end:
            yield decoded(data[:end])
        held = data[end:]
        if len(held) > MAX_RECORD_OCTETS:
            raise FormatError(f"a line is longer than {MAX_RECORD_OCTETS} octets", code="too-long")
    if held:
        yield decoded(held.removeprefix(BYTE_ORDER_MARK) if is_first else held)


def decoded(data: bytes) -> tuple[str, bool]:
    """Text, in which octets that are not UTF-8 stay recognisable; and whether it needs a closer look."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = data.decode("utf-8", "surrogateescape")
    return text, not is_calm(text, data)


def read_batches(reading: "Reading", portions: Iterable[tuple[str, bool]]) -> Iterator[Batch]:
    """The records after the header."""
    names = reading.shapes.names
    held = ""
    held_is_odd = False
    for portion, odd in portions:
        text = held + portion
        alike = None if odd or held_is_odd else reading.uniform(text)
        if alike is not None:
            batch, held = alike
            yield batch
        else:
            (*chunks, held), is_mistaken = pieces(text, names)
            reading.may_be_odd = odd or held_is_odd or is_mistaken
            held_is_odd = odd or (held_is_odd and not chunks)
            yield from reading.batches(chunks)
        reading.refuse_long(held)
    (*chunks, last), _ = pieces(held, names)
    reading.may_be_odd = True
    yield from reading.batches(chunks)
    if last.strip():
        last_line = reading.line + last.rstrip().count("\n")
        said = "the message does not end with %%; repositories accept that"
        yield reading.batch([last.rstrip("\n") + "\n"], [Fault(Level.NOTE, "no-final-separator", said, last_line)])


@dataclass(slots=True)
class Reading:
    """Where we are in a message."""

    shapes: Shapes
    line: int
    """Line on which the next chunk begins."""
    may_be_odd: bool = True
    """Whether what needs a closer look, characters or a separator inside a value, can be in what comes."""

    def uniform(self, text: str) -> tuple[Batch, str] | None:
        """All whole records of a calm text at a stroke, when they are alike, and what is left of it."""
        last = text.rfind(SEPARATOR)
        whole = text[: last + len(SEPARATOR)] if last >= 0 else ""
        table = self.shapes.table(whole) if whole else None
        if table is None:
            return None
        start = self.line
        self.line += len(table) * (len(table.columns) + 1) - (not whole.startswith("\n"))  # every line is accounted for

        @cache
        def finder() -> Finder:
            chunks = whole.split(SEPARATOR)[:-1]
            return Finder(self.shapes, chunks, list(range(len(chunks))), starts_of(chunks, start))

        return Batch(table, [], lambda index, attribute: finder().place(index, attribute)), text[len(whole) :]

    def batches(self, chunks: list[str]) -> Iterator[Batch]:
        """The records in some chunks, each of them what stands between two separators."""
        for start in range(0, len(chunks), BATCH_RECORDS):
            yield self.batch(chunks[start : start + BATCH_RECORDS], [])

    def batch(self, chunks: list[str], faults: list[Fault]) -> Batch:
        """As above, a bounded number; ``faults`` are there already."""
        found, careful = quick_records(self.shapes, chunks, look_for_odd=self.may_be_odd)
        starts = starts_of(chunks, self.line)
        for index in careful:
            self.refuse_long(chunks[index])
            found[index] = Careful(self.shapes.version, starts[index], Gathering(self.shapes.kind, faults)).read(
                chunks[index]
            )
        self.line = starts[-1]
        kept = [index for index, record in enumerate(found) if record is not None]
        place = Finder(self.shapes, chunks, kept, starts).place
        return Batch([record for record in found if record is not None], faults, place)

    def refuse_long(self, chunk: str) -> None:
        """FormatError when a record is so long that it cannot be one."""
        if len(chunk) > MAX_RECORD_OCTETS:
            said = f"a record is longer than {MAX_RECORD_OCTETS} octets"
            raise FormatError(said, code="too-long", line=self.line)


def starts_of(chunks: Iterable[str], first: int) -> list[int]:
    """On which line each chunk begins, and the one after the last."""
    return list(accumulate((chunk.count("\n") for chunk in chunks), initial=first))


def quick_records(shapes: Shapes, chunks: list[str], *, look_for_odd: bool) -> tuple[list[Record | None], list[int]]:
    """The records that leave no doubt, and the indices of the chunks that need a closer look."""
    found: list[Record | None] = [None] * len(chunks)
    careful: list[int] = []
    by_shape: dict[int, tuple[Shape, list[int], list[tuple[str, ...]]]] = {}
    for index, match in enumerate(shapes.match(chunks)):
        if match is None or (look_for_odd and (SEPARATOR in chunks[index] or ODD.search(chunks[index]))):
            careful.append(index)
            continue
        shape, groups = match
        _, indices, rows = by_shape.setdefault(id(shape), (shape, [], []))
        indices.append(index)
        rows.append(groups.groups())
    for shape, indices, rows in by_shape.values():
        try:
            records = shape.table(rows).records()
        except ValueError:
            careful += indices
            continue
        for index, record in zip(indices, records, strict=True):
            found[index] = record
    careful.sort()
    return found, [index for index in careful if chunks[index].strip()]


@dataclass(frozen=True, slots=True)
class Finder:
    """Where the values of a batch stand."""

    shapes: Shapes
    chunks: list[str]
    kept: list[int]
    """Of each record, its chunk."""
    starts: list[int]

    def place(self, index: int, attribute: str) -> Place:
        """The line of an attribute, or the first of its record."""
        chunk = self.chunks[self.kept[index]]
        readable = self.shapes.kind.readable(self.shapes.version)
        lines = chunk.split("\n")
        for offset, text in reversed(list(enumerate(lines))):
            one = readable.get(text.partition(":")[0].strip())
            if one is not None and one.attribute == attribute:
                return Place(self.starts[self.kept[index]] + offset, "", one.name)
        first = next((offset for offset, text in enumerate(lines) if text.strip()), 0)
        name = next((one.name for one in readable.values() if one.attribute == attribute), "")
        return Place(self.starts[self.kept[index]] + first, "", name)
