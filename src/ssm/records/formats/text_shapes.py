# SPDX-License-Identifier: Apache-2.0
"""The quick way through text messages: producers write all records of a message in one shape.

A shape is a sequence of field names. It is compiled once into a regular expression that takes a whole record;
the values of many records then form columns, and a column is turned into values at a stroke. Whatever does
not fit, down to the last odd blank, is left to the careful way, which can also say what is wrong.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat

from ssm.records.field import Field, Need, Record, RecordType, WireField
from ssm.records.kinds import TEXT

SHAPES = 16
MAX_LINES = 64
MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Shape:
    """One sequence of field names, compiled."""

    record: type[Record]
    pattern: "re.Pattern[str]"
    columns: tuple[WireField, ...]
    attributes: tuple[int | None, ...]
    """For each attribute of the record, the column it comes from."""

    def records(self, rows: Iterable[tuple[str, ...]]) -> list[Record]:
        """The records of some rows; ValueError when any of them needs the careful way."""
        texts = list(zip(*rows, strict=True))
        values = [read_column(one, text) for one, text in zip(self.columns, texts, strict=True)]
        nothing: Iterable[object] = repeat(None)
        return list(map(self.record, *(nothing if at is None else values[at] for at in self.attributes)))


def read_column(one: WireField, texts: Sequence[str]) -> Iterable[object]:
    """One column's values."""
    values = one.kind.column(texts)
    if one.field.need is Need.REQUIRED and isinstance(values, list) and None in values:
        raise ValueError("a value is missing")
    return values


def compile_shape(kind: RecordType, version: str, names: Sequence[str]) -> Shape | None:
    """The shape of these names; None when there is something to be said about them."""
    wire = kind.readable(version)
    if not 0 < len(names) <= MAX_LINES or not wire.keys() >= set(names):
        return None
    columns = tuple(wire[name] for name in names)
    place = {one.attribute: index for index, one in enumerate(columns)}
    if len(place) < len(columns) or any(one.attribute not in place for one in kind.fields() if is_required(one)):
        return None
    attributes = tuple(place.get(field.attribute) for field in kind.fields())
    pattern = re.compile(r"[ \t]*\n?" + "".join(map(line_pattern, columns)))
    return Shape(kind.record, pattern, columns, attributes)


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
        shape = compile_shape(self.kind, self.version, names)
        if shape is not None:
            self.recent.insert(0, shape)
        return shape
