# SPDX-License-Identifier: Apache-2.0
"""An XML document as a stream of its records, each with its own octets.

The parser is fed up to the end of one record at a time. Between two records it is at rest, and that is where a
run of records that look like some seen before can be taken past it: a pattern that fits a whole record, and in
which no value holds markup, proves as much as the parser would. See ``xml_shapes``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ssm.errors import FormatError
from ssm.records.formats.safe_xml import Element, Elements, SafeParser
from ssm.records.message import BYTE_ORDER_MARK, MAX_RECORD_OCTETS

START_TAG = re.compile(rb"<([A-Za-z_][\w.:\-]*)")
MAX_PROLOG_TAGS = 100
MAX_QUICK_OCTETS = 64 * 1024
"""A longer record goes through the parser, which has bounds for what is in it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some octets of the document that hold whole records, and what the parser found in them."""

    raw: bytes
    line: int
    """Line on which they begin."""
    records: list[Elements]
    is_whole: bool = False
    """Whether it is one record and nothing else but what may stand before it."""


@dataclass(frozen=True, slots=True)
class Run:
    """Records of known looks, taken past the parser."""

    raws: list[bytes]
    looks: list[int]
    """Of each record, which of the patterns it fits."""
    rows: list[tuple[bytes, ...]]
    line: int
    """Line on which the first begins."""


@dataclass(slots=True)
class XmlStream:
    """Takes a document apart."""

    blocks: Iterator[bytes]
    is_container: Callable[[Element], bool]
    patterns: "list[re.Pattern[bytes]]" = field(default_factory=list)
    """What records look like, as far as it is known."""
    parser: SafeParser = field(init=False)
    head: bytes = b""
    """Everything up to the end of the root's start tag."""
    end_tag: bytes = b""
    buffer: bytes = b""
    at_rest: bool = False
    """Whether the parser stands between two records, or before the first."""
    line: int = 1
    """Line of the first octet of the buffer."""

    def __post_init__(self) -> None:
        self.parser = SafeParser(self.is_container)

    def open(self) -> Element:
        """The root; FormatError where the document is broken before it."""
        prolog_tags = 0
        for block in self.blocks:
            self.buffer += block
            self.skip_blanks()
            while self.parser.root is None and (end := self.buffer.find(b">")) >= 0:
                self.head += self.feed(end + 1)
                prolog_tags += 1
                if prolog_tags > MAX_PROLOG_TAGS:
                    raise self.parser.too_much(f"more than {MAX_PROLOG_TAGS} tags stand before the root element")
            if self.parser.root is not None:
                break
            if len(self.buffer) > MAX_RECORD_OCTETS:
                self.head += self.feed(len(self.buffer))
        if self.parser.root is None:
            self.feed(len(self.buffer), is_last=True)
        assert self.parser.root is not None, "the parser accepts no document without a root"
        self.at_rest = self.parser.record_depth > 1 and self.parser.depth == 1
        return self.parser.root

    def skip_blanks(self) -> None:
        """Before the document, where the parser would not have them."""
        if not self.head:
            data = self.buffer.removeprefix(BYTE_ORDER_MARK)
            self.buffer = data.lstrip()
            self.line += data[: len(data) - len(self.buffer)].count(b"\n")

    def pieces(self) -> Iterator[Piece | Run]:
        """All records; FormatError where the document is broken, after those that were whole."""
        try:
            yield from self.advance()
            for block in self.blocks:
                self.buffer += block
                yield from self.advance()
            yield self.piece(len(self.buffer), is_last=True)
        except FormatError:
            if self.parser.ready:
                yield Piece(b"", self.line, self.parser.ready)
            raise

    def advance(self) -> Iterator[Piece | Run]:
        """What can be taken from the buffer."""
        while True:
            if self.at_rest and (run := self.run()):
                yield run
            if not self.end_tag and (found := START_TAG.search(self.buffer)):
                self.end_tag = b"</" + found[1] + b">"
            end = self.buffer.find(self.end_tag) if self.end_tag else -1
            if end >= 0:
                yield self.piece(end + len(self.end_tag))
            elif self.at_rest and len(self.buffer) <= MAX_RECORD_OCTETS:
                return
            else:
                yield self.piece(len(self.buffer))
                return

    def run(self) -> Run | None:
        """The records at the beginning of the buffer that have a look that is known."""
        line, position = self.line, 0
        run = Run([], [], [], line)
        while found := self.known_look(position):
            look, match = found
            run.raws.append(match[0])
            run.looks.append(look)
            run.rows.append(match.groups())
            position = match.end()
        self.line += self.buffer.count(b"\n", 0, position)
        self.buffer = self.buffer[position:]
        return run if run.raws else None

    def known_look(self, position: int) -> "tuple[int, re.Match[bytes]] | None":
        """The pattern that a record fits which begins here."""
        for look, pattern in enumerate(self.patterns):
            match = pattern.match(self.buffer, position)
            if match is not None and len(match[0]) <= MAX_QUICK_OCTETS:
                return look, match
        return None

    def piece(self, size: int, *, is_last: bool = False) -> Piece:
        """Feed some octets to the parser."""
        line, was_at_rest = self.line, self.at_rest
        raw = self.feed(size, is_last=is_last)
        ready, self.parser.ready = self.parser.ready, []
        self.parser.begins.clear()
        self.at_rest = bool(ready) and self.is_at_rest(raw)
        return Piece(raw, line, ready, was_at_rest and self.at_rest and len(ready) == 1)

    def is_at_rest(self, raw: bytes) -> bool:
        """Whether these octets end with a record's end tag, and not with what looks like one in a comment."""
        parser = self.parser
        return (
            parser.depth == 1 < parser.record_depth
            and raw.endswith(self.end_tag)
            and parser.ends_at == parser.fed - len(self.end_tag)
        )

    def feed(self, size: int, *, is_last: bool = False) -> bytes:
        """Hand octets on, with the line on which they stand."""
        raw, self.buffer = self.buffer[:size], self.buffer[size:]
        self.parser.feed(raw, self.line, is_last=is_last)
        self.line += raw.count(b"\n")
        return raw

    def reparsed(self, raw: bytes, line: int) -> Elements:
        """The elements of a record that was taken past the parser."""
        parser = SafeParser(self.is_container)
        parser.feed(self.head, 1)
        parser.feed(raw, line)
        return parser.ready[0]
