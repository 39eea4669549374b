# SPDX-License-Identifier: Apache-2.0
"""The quick way through text messages: producers write all records of a message in one shape.

A shape is a sequence of field names. It is compiled once into regular expressions, one that takes a whole record and
one that finds every record in a longer text; the values of many records then form columns, and a column is turned into
values at a stroke. Whatever does not fit, down to the last odd blank, is left to the careful way, which can also say
what is wrong.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ssm.records.field import Field, Need, Record, RecordType, WireField
from ssm.records.formats.text_pieces import SEPARATOR
from ssm.records.kinds import TEXT
from ssm.records.table import Column, Table

SHAPES = 16
MAX_LINES = 64
MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Shape:
    """One sequence of field names, compiled."""

    record: type[Record]
    columns: tuple[WireField, ...]
    pattern: "re.Pattern[str]"
    """A record without its separator."""
    every: "re.Pattern[str]"
    """A record with its separator, from the beginning of a line to the end of one."""

    def table(self, rows: Sequence[tuple[str, ...]]) -> Table:
        """The values of some rows, at least one; ValueError when any of them needs the careful way."""
        texts = zip(*rows, strict=True)
        values = {one.attribute: read_column(one, text) for one, text in zip(self.columns, texts, strict=True)}
        return Table(self.record, len(rows), values)

    def rows(self, text: str) -> list[tuple[str, ...]]:
        """All records of a text that ends with a separator; empty when there is anything in it besides.

        Each find takes whole lines, as many as there are fields, and one separator. So when all lines and all
        separators are accounted for, nothing was passed over.
        """
        lines, height = text.count("\n") + (not text.startswith("\n")), len(self.columns) + 1
        if lines % height:
            return []  # seen at once, where records differ
        found: list[tuple[str, ...]] = self.every.findall(text)
        if len(found) * height != lines:
            return []
        # Counting single signs is quicker, and enough where values have none.
        none_inside = text.count(SEPARATOR[0]) == len(found) * len(SEPARATOR) or text.count(SEPARATOR) == len(found)
        return found if none_inside else []


def read_column(one: WireField, texts: Sequence[str]) -> Column:
    """One column's values."""
    values = one.kind.column(texts)
    if one.field.need is Need.REQUIRED and None in values:
        raise ValueError("a value is missing")
    return values


def shape_of(kind: RecordType, version: str, names: tuple[str, ...]) -> Shape | None:
    """The shape of these names; None when there is something to be said about them."""
    wire = kind.readable(version)
    if not 0 < len(names) <= MAX_LINES or not wire.keys() >= set(names):
        return None
    said = {wire[name].attribute for name in names}
    if len(said) < len(names) or any(one.attribute not in said for one in kind.fields() if is_required(one)):
        return None
    return compile_shape(kind, version, names)


@lru_cache(256)
def compile_shape(kind: RecordType, version: str, names: tuple[str, ...]) -> Shape:
    """The same for names that leave no doubt; kept, for small messages of a site are all of one shape."""
    wire = kind.readable(version)
    columns = tuple(wire[name] for name in names)
    lines = "".join(map(line_pattern, columns))
    every = f"(?m:^){lines}{SEPARATOR}(?m:$)"
    return Shape(kind.record, columns, re.compile(r"[ \t]*\n?" + lines), re.compile(every))


def is_required(one: Field) -> bool:
    """Whether a message without it is refused."""
    return one.need is Need.REQUIRED and one.in_text


def line_pattern(one: WireField) -> str:
    """A line that leaves no doubt."""
    if one.kind.name == TEXT.name:
        return f"{one.name}:[ \t]?([^\n]{{0,{one.field.most or MAX_TEXT}}})\n"
    if one.field.most:
        return f"{one.name}:[ \t]?([0-9]{{1,9}}|None)\n"
    quick = one.kind.quick if one.field.need is Need.REQUIRED else f"{one.kind.quick}|None"
    return f"{one.name}:[ \t]*({quick})[ \t]*\n"


class Shapes:
    """The shapes seen lately in one message, the last one first."""

    def __init__(self, kind: RecordType, version: str) -> None:
        self.kind = kind
        self.version = version
        self.known: set[tuple[str, ...]] = set()
        self.recent: list[Shape] = []
        self.names = kind.readable(version).keys() | kind.ignored
        """What a line of a record may begin with."""

    def table(self, text: str) -> Table | None:
        """All records of a text that ends with a separator, when they are of one shape and leave no doubt."""
        shape = self.recent[0] if self.recent else self.learn(text.partition(SEPARATOR)[0])
        rows = [] if shape is None else shape.rows(text)
        try:
            return shape.table(rows) if shape is not None and rows else None
        except ValueError:
            return None

    def match(self, chunks: Sequence[str]) -> "list[tuple[Shape, re.Match[str]] | None]":
        """For each chunk the shape it fits, if there is one."""
        if not self.recent and chunks:
            self.learn(chunks[0])
        if not self.recent:
            return [self.match_others(chunk) for chunk in chunks]
        first = self.recent[0]
        matches = map(first.pattern.fullmatch, chunks)
        return [(first, one) if one else self.match_others(chunk) for chunk, one in zip(chunks, matches, strict=True)]

    def match_others(self, chunk: str) -> "tuple[Shape, re.Match[str]] | None":
        """The same, for the shapes seen earlier, and for a new one."""
        for shape in (*self.recent[1:], self.learn(chunk)):
            match = shape.pattern.fullmatch(chunk) if shape is not None else None
            if shape is not None and match is not None:
                return shape, match
        return None

    def learn(self, chunk: str) -> Shape | None:
        """The shape of a chunk, if it is a new one that needs no closer look."""
        names = tuple(text.partition(":")[0] for text in chunk.strip().split("\n", MAX_LINES))
        if names in self.known or len(self.known) >= SHAPES:
            return None
        self.known.add(names)
        shape = shape_of(self.kind, self.version, names)
        if shape is not None:
            self.recent.insert(0, shape)
        return shape
