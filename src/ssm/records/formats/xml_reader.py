# SPDX-License-Identifier: Apache-2.0
"""From XML elements to records: the quick way where a record leaves no doubt, else with every fault.

The first element of a name counts, wherever in the record it stands, as repositories have it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, chain

from ssm.errors import FormatError
from ssm.records.fault import Fault, Level, Place, quoted
from ssm.records.field import Need, Record
from ssm.records.formats.safe_xml import Element, Elements
from ssm.records.formats.xml_careful import CarefulXml
from ssm.records.formats.xml_rules import Rule, Vocabulary, described, looked_at_together
from ssm.records.formats.xml_shapes import XmlShape, compile_shape
from ssm.records.formats.xml_stream import Piece, Run, XmlStream
from ssm.records.gathering import Gathering, beyond
from ssm.records.message import BATCH_RECORDS, Batch, Message
from ssm.records.moments import Doubts
from ssm.records.values import NULLS

MAX_TOLD = 100
STRAY = "stands between elements, where a text means nothing"
MAX_LOOKS = 8
"""Looks that are kept; producers leave out what a record does not say, so that a document has several."""
MAX_LESSONS = 40
"""Records that are looked at for a look that others may have."""


def read(
    blocks: Iterator[bytes], choose: Callable[[Element, Elements], Vocabulary], containers: Sequence[str]
) -> Message:
    """A document; ``choose`` takes the root and the first record, or nothing. FormatError where it is broken."""
    stream = XmlStream(blocks, lambda root: root.name in containers)
    root = stream.open()
    pieces = stream.pieces()
    first = next((one for one in pieces if isinstance(one, Piece) and one.records), Piece(b"", root.line, []))
    vocabulary = choose(root, first.records[0] if first.records else [])
    batches = Reading(vocabulary, stream, root).batches(first, pieces)
    return Message(
        vocabulary.format, vocabulary.type, vocabulary.version, vocabulary.names_version, batches, line=root.line
    )


@dataclass(slots=True)
class Reading:
    """Where we are in a document."""

    vocabulary: Vocabulary
    stream: XmlStream
    root: Element
    number: int = 0
    shapes: list[XmlShape] = field(default_factory=list)
    """The looks that are known, in the order of the stream's patterns."""
    lessons: int = 0
    passed_over: set[str] = field(default_factory=set)
    """Names that were passed over, and told."""
    kept: frozenset[str] = field(init=False)
    """Tags of elements of which all is kept, whatever they say."""

    def __post_init__(self) -> None:
        some = self.vocabulary
        self.kept = some.structure.union(some.special, (tag for tag in some.rules if some.keeps_all(tag)))

    def batches(self, first: Piece, pieces: Iterator[Piece | Run]) -> Iterator[Batch]:
        """All records; FormatError where the document is broken, after those that were whole."""
        held: list[Elements] = []
        try:
            for one in chain([first], pieces):
                if held and (isinstance(one, Run) or len(held) >= BATCH_RECORDS):
                    yield self.batch(held)
                    held = []
                if isinstance(one, Run):
                    yield from self.run(one)
                else:
                    held += one.records
                    self.learn(one)
        except FormatError:
            yield self.batch(held)
            raise
        yield self.batch(held)
        if not self.number:
            said = "the document holds no record, and is refused by repositories"
            yield Batch([], [Fault(Level.ERROR, "no-records", said, self.root.line)], lambda _, __: Place())

    def learn(self, piece: Piece) -> None:
        """What the next records may look like, if none so far looked like this one."""
        if piece.is_whole and self.lessons < MAX_LESSONS and len(self.shapes) < MAX_LOOKS:
            self.lessons += 1
            elements, faults = piece.records[0], list[Fault]()
            record = quick_record(self.vocabulary, elements) or self.careful(elements, 1, faults).record()
            shape = None if faults else compile_shape(self.vocabulary, piece.raw, elements, record)
            if shape is not None:
                self.shapes.append(shape)
                self.stream.patterns.append(shape.pattern)

    def batch(self, portion: list[Elements]) -> Batch:
        """Some records from the parser."""
        strays, self.stream.parser.strays = self.stream.parser.strays, []
        faults = [Fault(Level.WARNING, "stray-text", f"{quoted(one.text)} {STRAY}", one.line) for one in strays]
        first = self.number + 1
        records = []
        for elements in portion:
            self.number += 1
            self.tell_passed_over(elements, faults)
            record = quick_record(self.vocabulary, elements)
            records.append(record if record is not None else self.careful(elements, self.number, faults).record())
        return Batch(records, faults, lambda index, name: self.place(portion[index], first + index, name))

    def run(self, run: Run) -> Iterator[Batch]:
        """Some records that were taken past the parser; those that need a closer look go through it after all."""
        starts = list(accumulate((raw.count(b"\n") for raw in run.raws), initial=run.line))[:-1]
        for start in range(0, len(run.raws), BATCH_RECORDS):
            window = slice(start, start + BATCH_RECORDS)
            raws, lines = run.raws[window], starts[window]
            try:
                records = self.quick_records(raws, run.looks[window], run.rows[window])
            except ValueError:
                yield from self.reparsed(raws, lines)
                continue
            yield Batch(records, [], Finder(self, raws, lines, self.number + 1).place)
            self.number += len(records)

    def quick_records(self, raws: list[bytes], looks: list[int], rows: list[tuple[bytes, ...]]) -> list[Record]:
        """The records of some rows, look by look, in their order; ValueError when any needs a closer look."""
        if len(self.shapes) == 1:
            return self.shapes[0].records(raws, rows)
        found: dict[int, Record] = {}
        for look in set(looks):
            places = [place for place, one in enumerate(looks) if one == look]
            some = self.shapes[look].records([raws[place] for place in places], [rows[place] for place in places])
            found.update(zip(places, some, strict=True))
        return [found[place] for place in range(len(raws))]

    def reparsed(self, raws: list[bytes], lines: list[int]) -> Iterator[Batch]:
        """Through the parser after all; FormatError where one is broken, after those that were whole."""
        held: list[Elements] = []
        try:
            for raw, line in zip(raws, lines, strict=True):
                held.append(self.stream.reparsed(raw, line))
        finally:
            yield self.batch(held)

    def careful(self, elements: Elements, number: int, faults: list[Fault]) -> Gathering:
        """One record, with everything that is wrong."""
        root = f"{self.root.name}/" if self.stream.parser.record_depth > 1 else ""
        return CarefulXml(self.vocabulary, f"{root}{elements[0].name}[{number}]", faults).read(elements)

    def place(self, elements: Elements, number: int, attribute: str) -> Place:
        """Where an attribute of a record stands, or the record itself."""
        found = self.careful(elements, number, [])
        whole = found.places[""]
        name = next((one.name for one in self.vocabulary.type.fields() if one.attribute == attribute), "")
        return found.places.get(attribute) or Place(whole.line, whole.path, name)

    def tell_passed_over(self, elements: Elements, faults: list[Fault]) -> None:
        """Once a message for each element that belongs to the format, but is not kept."""
        for element in elements[1:]:
            if element.tag in self.kept:
                continue
            what = self.not_kept(element)
            key = f"{element.name} {what}"
            if what is not None and key not in self.passed_over and len(self.passed_over) < MAX_TOLD:
                self.passed_over.add(key)
                said = f"{what} is not kept: accounting has no use for it".lstrip()
                faults.append(Fault(Level.NOTE, "not-kept", said, element.line, "", element.name))

    def not_kept(self, element: Element) -> str | None:
        """What of an element is passed over; empty for all of it."""
        if self.vocabulary.is_passed_over(element):
            return f"with {described(element)}" if element.tag in self.vocabulary.rules else ""
        return "its text" if self.vocabulary.has_unread_text(element) else None


@dataclass(frozen=True, slots=True)
class Finder:
    """Where the values of records stand that were taken past the parser."""

    reading: Reading
    raws: list[bytes]
    lines: list[int]
    first: int

    def place(self, index: int, attribute: str) -> Place:
        """Found by parsing the record now."""
        elements = self.reading.stream.reparsed(self.raws[index], self.lines[index])
        return self.reading.place(elements, self.first + index, attribute)


def quick_record(vocabulary: Vocabulary, elements: Elements) -> Record | None:
    """The record, if there is nothing to be said about it."""
    values: dict[str, object] = {}
    doubts: Doubts = []
    specials: dict[str, Elements] = {}
    rules, special = vocabulary.rules, vocabulary.special
    if elements[0].tag not in vocabulary.records or elements[0].text.strip():
        return None
    for element in elements[1:]:
        tag = element.tag
        if tag in rules:
            if not quick_element(element, rules[tag], values, doubts) and not vocabulary.is_passed_over(element):
                return None
        elif tag in special:
            specials.setdefault(tag, []).append(element)
        elif not is_calm(vocabulary, element):
            return None
    if doubts or not quick_specials(vocabulary, specials, values) or lacks(vocabulary, values):
        return None
    return vocabulary.type.record(**values)


def is_calm(vocabulary: Vocabulary, element: Element) -> bool:
    """Whether nothing is to be said about an element of which nothing is read."""
    if element.tag in vocabulary.structure:
        return not element.text.strip()
    return element.tag in vocabulary.passed_over


def lacks(vocabulary: Vocabulary, values: dict[str, object]) -> bool:
    """Whether anything is missing that must be there."""
    return any(one.attribute not in values for one in vocabulary.type.fields() if one.need is Need.REQUIRED)


def quick_specials(vocabulary: Vocabulary, specials: dict[str, Elements], values: dict[str, object]) -> bool:
    """Take what elements say that are looked at together; False when there is something to be said."""
    for some in specials.values():
        outcome = looked_at_together(vocabulary, some)
        if outcome.problems or not values.keys().isdisjoint(outcome.values):
            return False
        values.update(outcome.values)
    return True


def quick_element(element: Element, rules: tuple[Rule, ...], values: dict[str, object], doubts: Doubts) -> bool:
    """Take what is there; False when there is something to be said."""
    is_used = False
    attributes = element.attributes
    for rule in rules:
        if rule.condition is not None and attributes.get(rule.condition[0]) != rule.condition[1]:
            continue
        text = (element.text if rule.attribute is None else attributes.get(rule.attribute, "")).strip()
        if text in NULLS or rule.field.attribute in values:
            return False
        try:
            value = rule.kind.read_xml(text, doubts)
        except ValueError:
            return False
        if rule.field.most and beyond(rule.field, value):
            return False
        values[rule.field.attribute] = value
        is_used = True
    return is_used
