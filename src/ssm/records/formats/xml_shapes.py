# SPDX-License-Identifier: Apache-2.0
"""The quick way through XML: producers write all records of a document in one look.

A record is compiled into a pattern in which every tag stands as it is, and every value that is read is a group
that admits no markup, no reference and no control character. So what fits the pattern is well-formed where it
stands, means what the parsed record meant, and needs no parser. Values are then read column by column.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ssm.records.field import Need, Record
from ssm.records.formats.safe_xml import Element, Elements
from ssm.records.formats.xml_rules import Rule, Vocabulary, looked_at_together
from ssm.records.gathering import beyond
from ssm.records.moments import Doubts
from ssm.records.values import NULLS

TOKEN = re.compile(rb"<[^<>]*>|[^<>]+")
NAME = re.compile(rb"<[^\s/>]+")
ATTRIBUTE = re.compile(rb"""\s+([\w.:\-]+)\s*=\s*("[^"<>&]*"|'[^'<>&]*')""")
END = re.compile(rb"\s*/?>")
BLANKS = rb"[ \t\r\n]"
# Possessive, so that what does not fit is given up at once.
TEXT = rb"[^<>&\x00-\x08\x0b-\x1f]*+"
QUOTED = {ord('"'): rb'[^"<>&\x00-\x1f]*+', ord("'"): rb"[^'<>&\x00-\x1f]*+"}
MAX_RAW = 64 * 1024
NO_CHARACTER = re.compile("[\ufffe\uffff]")
"""UTF-8 that XML does not have; the patterns leave no other."""
JOINT = "\x00"
"""No value can hold it."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a group of the pattern is: the value of a rule, or the text of a special element."""

    rule: Rule | None
    element: Element


@dataclass(slots=True)
class XmlShape:
    """One look of records, compiled."""

    vocabulary: Vocabulary
    pattern: "re.Pattern[bytes]"
    columns: tuple[Column, ...]
    cache: dict[tuple[str, ...], dict[str, object]] = field(default_factory=dict)

    def records(self, raws: Sequence[bytes], rows: Sequence[tuple[bytes, ...]]) -> list[Record]:
        """The records of some rows; ValueError when any of them needs a closer look.

        What no group holds, such as the text of an element that is passed over, must be what a document may hold too.
        """
        if not all(map(bytes.isascii, raws)) and NO_CHARACTER.search(b"".join(raws).decode("utf-8")):
            raise ValueError("not a character")
        texts = [decoded(column) for column in zip(*rows, strict=True)]
        values: dict[str, Iterable[object]] = {}
        for column, some in zip(self.columns, texts, strict=True):
            if column.rule is not None:
                values[column.rule.field.attribute] = read_column(column.rule, some)
        values.update(self.special(texts, len(rows)))
        nothing: Sequence[object] = [None] * len(rows)
        fields = self.vocabulary.type.fields()
        return list(map(self.vocabulary.type.record, *(values.get(one.attribute, nothing) for one in fields)))

    def reads(self, raw: bytes, record: Record) -> bool:
        """Whether a record has this look, and no other value by it."""
        match = self.pattern.fullmatch(raw)
        try:
            return match is not None and self.records([raw], [match.groups()]) == [record]
        except ValueError:
            return False

    def special(self, texts: Sequence[Sequence[str]], count: int) -> dict[str, list[object]]:
        """The values of elements that are looked at together."""
        indices = [index for index, column in enumerate(self.columns) if column.rule is None]
        if not indices:
            return {}
        outcomes = [self.outcome(indices, row) for row in zip(*(texts[index] for index in indices), strict=True)]
        names = {name for outcome in outcomes for name in outcome}
        assert len(outcomes) == count
        return {name: [outcome.get(name) for outcome in outcomes] for name in names}

    def outcome(self, indices: Sequence[int], texts: tuple[str, ...]) -> dict[str, object]:
        """Of one record; the same few texts come again and again."""
        known = self.cache.get(texts)
        if known is None:
            known = read_special(self.vocabulary, [self.columns[index].element for index in indices], texts)
            if len(self.cache) < MAX_CACHED and sum(map(len, texts)) < MAX_CACHED_TEXT:
                self.cache[texts] = known
        return known


MAX_CACHED = 4096
MAX_CACHED_TEXT = 1024


def decoded(column: Sequence[bytes]) -> list[str]:
    """Text, stripped; UnicodeDecodeError, which is a ValueError, where it is not UTF-8."""
    return [text.strip() for text in JOINT.encode().join(column).decode("utf-8").split(JOINT)]


def read_column(rule: Rule, texts: Sequence[str]) -> list[object]:
    """One column's values; ValueError where there is anything to be said about one."""
    doubts: Doubts = []
    read: dict[str, object] = {}
    for text in set(texts):
        if text in NULLS:
            if rule.field.need is Need.REQUIRED:
                raise ValueError("there is no value")
            read[text] = None
            continue
        read[text] = value = rule.kind.read_xml(text, doubts)
        if rule.field.most and beyond(rule.field, value):
            raise ValueError("too long")
    if doubts:
        raise ValueError(doubts[0])
    return [read[text] for text in texts]


def read_special(vocabulary: Vocabulary, elements: Elements, texts: Sequence[str]) -> dict[str, object]:
    """Elements with other texts than they had in the record that was compiled."""
    by_tag: dict[str, Elements] = {}
    for element, text in zip(elements, texts, strict=True):
        fresh = Element(element.tag, element.attributes, element.line, element.depth, text)
        by_tag.setdefault(element.tag, []).append(fresh)
    values: dict[str, object] = {}
    for some in by_tag.values():
        outcome = looked_at_together(vocabulary, some)
        if outcome.problems:
            raise ValueError("there is something to be said")
        values.update(outcome.values)
    return values


def compile_shape(vocabulary: Vocabulary, raw: bytes, elements: Elements, record: Record) -> XmlShape | None:
    """The look of a record; None when it cannot be compiled, or does not read the record as the parser's way did."""
    if len(raw) > MAX_RAW or b"<!" in raw or b"<?" in raw or b"&" in raw:
        return None
    compiling = Compiling(vocabulary, elements[::-1])
    try:
        parts = [compiling.token(token) for token in TOKEN.findall(raw.strip())]
    except UnusualError:
        return None
    shape = XmlShape(vocabulary, re.compile(BLANKS + b"*+" + b"".join(parts)), tuple(compiling.columns))
    return shape if not compiling.elements and shape.reads(raw, record) else None


class UnusualError(Exception):
    """This record is better left to the parser."""


@dataclass(slots=True)
class Compiling:
    """A record on its way to a pattern; UnusualError where it cannot be one."""

    vocabulary: Vocabulary
    elements: Elements
    """Still to come, the next one last."""
    columns: list[Column] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    """Attributes of the record that have their column."""
    leaf: Element | None = None
    """The element that was begun last, if nothing has come after its start tag."""
    rule: Rule | None = None
    """That which reads its text."""

    def token(self, token: bytes) -> bytes:
        """The pattern of a tag, or of a text between tags."""
        if token.startswith(b"</"):
            inner = b"" if self.leaf is None else self.text()
            return inner + re.escape(token)
        if token.startswith(b"<"):
            return self.start(token)
        if token.strip():
            return self.text()
        return b"" if self.leaf is not None and self.is_read(self.leaf) else BLANKS + b"++"

    def start(self, token: bytes) -> bytes:
        """A start tag."""
        if not self.elements:
            raise UnusualError
        element = self.elements.pop()
        name = NAME.match(token)
        position = 0 if name is None else name.end()
        pattern = re.escape(token[:position])
        groups, self.rule = self.groups(element)
        tags = iter(element.attributes)
        while match := ATTRIBUTE.match(token, position):
            rule = None if match[1].startswith(b"xmlns") else groups.get(next(tags, ""))
            pattern += self.attribute(token[position : match.end()], match, rule, element)
            position = match.end()
        if END.fullmatch(token, position) is None or next(tags, None) is not None:
            raise UnusualError
        self.leaf = element
        if token.endswith(b"/>"):
            if self.rule is not None:
                raise UnusualError
            self.leaf = None
        return pattern + re.escape(token[position:])

    def attribute(self, token: bytes, match: "re.Match[bytes]", rule: Rule | None, element: Element) -> bytes:
        """An attribute: a group if it is read, else as it stands."""
        if rule is None:
            return re.escape(token)
        self.column(rule, element)
        quote = token[-1:]
        before = token[: len(token) - len(match[2])]
        return re.escape(before) + quote + b"(" + QUOTED[quote[0]] + b")" + quote

    def groups(self, element: Element) -> tuple[dict[str, Rule], Rule | None]:
        """The rules that read something of an element: by attribute, and the one for its text."""
        attributes: dict[str, Rule] = {}
        of_text = None
        for rule in self.vocabulary.rules.get(element.tag, ()):
            if rule.condition is not None and element.attributes.get(rule.condition[0]) != rule.condition[1]:
                continue
            if rule.attribute is None:
                of_text = rule
            elif rule.attribute in element.attributes:
                attributes[rule.attribute] = rule
        if not self.vocabulary.knows(element):
            raise UnusualError
        return attributes, of_text

    def is_read(self, leaf: Element) -> bool:
        """Whether the text of an element matters."""
        return self.rule is not None or leaf.tag in self.vocabulary.special

    def text(self) -> bytes:
        """The text of the element that was begun last."""
        leaf, self.leaf = self.leaf, None
        if leaf is None:
            raise UnusualError
        if not self.is_read(leaf):
            return TEXT if leaf.text.strip() else BLANKS + b"*+"
        self.column(self.rule, leaf)
        return b"(" + TEXT + b")"

    def column(self, rule: Rule | None, element: Element) -> None:
        """One more group."""
        if rule is not None:
            if rule.field.attribute in self.taken:
                raise UnusualError
            self.taken.add(rule.field.attribute)
        self.columns.append(Column(rule, element))
