# SPDX-License-Identifier: Apache-2.0
"""Where the fields of a record stand in XML: from the declarations to a table by tag, for reading and for writing."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ssm.records.fault import Level, quoted
from ssm.records.field import Field, RecordType, as_of
from ssm.records.formats.safe_xml import SEPARATOR, Element
from ssm.records.gathering import beyond
from ssm.records.kinds import Kind

PATH = re.compile(r"(?:(\w+)/)?(\w+)(?:\[(\w+)=([\w-]+)\])?(?:@(\w+))?")


@dataclass(frozen=True, slots=True)
class Spot:
    """A field's place: an element, in a parent, with an attribute of some value; its text or an attribute of it."""

    parent: str
    element: str
    condition: tuple[str, str] | None
    attribute: str | None

    @classmethod
    def parse(cls, path: str) -> "Spot":
        """From ``Parent/Element[name=value]@attribute``."""
        match = PATH.fullmatch(path)
        assert match is not None, path
        parent, element, name, value, attribute = match.groups()
        return cls(parent or "", element, (name, value) if name else None, attribute)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is read from an element."""

    field: Field
    kind: Kind[object]
    condition: tuple[str, str] | None
    """An attribute's tag, and the value that it must have."""
    attribute: str | None
    """Tag of the attribute that is read; None for the text."""


@dataclass(slots=True)
class Outcome:
    """What a special element yields."""

    values: dict[str, object] = field(default_factory=dict)
    problems: list[tuple[Element, Level, str, str]] = field(default_factory=list)
    """Element, level, code and words."""
    sources: dict[str, Element] = field(default_factory=dict)
    """Of each attribute, where it is from."""

    def put(self, attribute: str, value: object, source: Element) -> None:
        """A value."""
        self.values[attribute] = value
        self.sources[attribute] = source


Attribute = Callable[[Element, str], str]
"""An element's attribute by its local name; empty where it has none."""
Special = Callable[[list[Element], Attribute], Outcome]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What a document of one format and root namespace may say."""

    format: str
    type: RecordType
    version: str
    """Version of the format."""
    names_version: str
    """Version of the type whose kinds are used."""
    rules: Mapping[str, tuple[Rule, ...]]
    records: frozenset[str]
    """Tags of records."""
    structure: frozenset[str]
    """Tags of elements in a record that only hold others."""
    passed_over: frozenset[str]
    """Tags of elements that belong to the format, but to no record of ours."""
    special: Mapping[str, Special]
    """By tag: elements that are looked at all together."""
    attribute_namespaces: tuple[str, ...]
    """Where attributes are looked for; the first is where they belong."""

    def knows(self, element: Element) -> bool:
        """Whether an element belongs to the format, with or without being kept."""
        tag = element.tag
        return any(tag in some for some in (self.rules, self.special, self.structure, self.passed_over, self.records))

    def has_unread_text(self, element: Element) -> bool:
        """Whether it says something where only its attributes are read."""
        rules = self.rules.get(element.tag, ())
        return bool(rules and element.text.strip()) and all(one.attribute is not None for one in rules)

    def is_passed_over(self, element: Element) -> bool:
        """Whether it belongs to the format, but to no record of ours."""
        rules = self.rules.get(element.tag)
        if rules is None:
            return element.tag in self.passed_over
        return all(one.condition is not None and differs(element, one.condition) for one in rules)


def differs(element: Element, condition: tuple[str, str]) -> bool:
    """Whether an element has the attribute, with another value."""
    value = element.attributes.get(condition[0])
    return value is not None and value.strip() != condition[1]


def rules_for(
    kind: RecordType, version: str, tags: Callable[[Spot], list[str]], attribute_namespace: str, *, but: set[str]
) -> dict[str, tuple[Rule, ...]]:
    """The rules of a type, by tag; ``tags`` says under which tags an element may stand, ``but`` names special ones."""
    found: dict[str, list[Rule]] = {}
    for one in kind.fields():
        if not one.xml:
            continue
        spot = Spot.parse(one.xml)
        if spot.element in but:
            continue
        condition = (attribute_namespace + SEPARATOR + spot.condition[0], spot.condition[1]) if spot.condition else None
        attribute = attribute_namespace + SEPARATOR + spot.attribute if spot.attribute else None
        for tag in tags(spot):
            found.setdefault(tag, []).append(Rule(one, as_of(one, kind.versions, version).kind, condition, attribute))
    return {tag: tuple(rules) for tag, rules in found.items()}


def attribute_of(vocabulary: Vocabulary, element: Element, name: str) -> tuple[str, str]:
    """An attribute's value, and what is wrong with where it stands; both empty where there is none."""
    for namespace in vocabulary.attribute_namespaces:
        value = element.attributes.get(namespace + SEPARATOR + name)
        if value is not None:
            return value.strip(), ""
    value = element.attributes.get(name)
    if value is None:
        return "", ""
    return value.strip(), f"has the attribute {name} without its namespace, where repositories do not see it"


def looked_at_together(vocabulary: Vocabulary, elements: list[Element]) -> Outcome:
    """What special elements of one tag yield, and what is wrong with them."""
    troubles: dict[str, tuple[Element, Level, str, str]] = {}

    def attribute(element: Element, name: str) -> str:
        value, trouble = attribute_of(vocabulary, element, name)
        if trouble:
            troubles[f"{id(element)} {name}"] = (element, Level.WARNING, "unqualified-attribute", trouble)
        return value

    outcome = vocabulary.special[elements[0].tag](elements, attribute)
    outcome.problems += troubles.values()
    fields = {one.attribute: one for one in vocabulary.type.fields()}
    for name, value in outcome.values.items():
        too_much = beyond(fields[name], value)
        if too_much:
            outcome.problems.append((outcome.sources[name], Level.WARNING, "too-long", too_much))
    return outcome


def described(element: Element) -> str:
    """Its attributes, for people."""
    return (
        ", ".join(f"{tag.rpartition(SEPARATOR)[2]}={quoted(value)}" for tag, value in element.attributes.items())
        or "none"
    )
