# SPDX-License-Identifier: Apache-2.0
"""How a record declares a field: once, with its wire names, kind, unit, obligation, meaning and source.

A record type is a class whose attributes are annotated with fields::

    class SyncRecord(Record, frozen=True):
        site: Annotated[str | None, Field("Site", TEXT, "GOCDB site name.", need=REQUIRED)] = None

Readers, writers, checks, the reference page and the columns of a repository follow from that. Every attribute
may be None, "it is not said": whether it may be missing is a matter of its field, so that a record with
faults is still a record, and all its faults can be found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from types import MappingProxyType
from typing import get_type_hints

import msgspec

from ssm.records.kinds import Kind


class Need(Enum):
    """Whether a field may be missing."""

    OPTIONAL = "optional"
    EXPECTED = "expected"
    """The documentation asks for it; repositories do without."""
    REQUIRED = "required"
    """A repository refuses a record without it."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """What a field is called, and how it is written, up to some version."""

    name: str
    kind: Kind[object]
    until: str


@dataclass(frozen=True, slots=True)
class Field:
    """One declared field."""

    name: str
    """Wire name in the newest version."""
    kind: Kind[object]
    meaning: str
    unit: str = ""
    need: Need = Need.OPTIONAL
    since: str = ""
    """First version that has it; empty: all."""
    until: str = ""
    """Last version that has it; empty: the newest."""
    earlier: tuple[Spelling, ...] = ()
    """Other spellings of earlier versions, oldest first."""
    xml: str = ""
    """Where it stands in the XML format of its type: ``Parent/Element[type=Value]@attribute``; empty: nowhere."""
    in_text: bool = True
    """Whether text and JSON messages have it."""
    most: int = 0
    """Longest text, in characters, or largest number that a repository holds; 0: no bound of its own."""
    source: str = ""
    """Where the rule is from, if not from the source of the type."""
    attribute: str = ""
    """Its name here; filled in when the fields of a class are collected."""


class Record(msgspec.Struct, frozen=True, gc=False, cache_hash=False):
    """One statement of usage: a value that is compared by its fields."""


@dataclass(frozen=True, slots=True)
class RecordType:
    """A type of records: its class, and what its messages are called."""

    name: str
    """One word for programs, such as ``job``."""
    title: str
    record: type[Record]
    versions: tuple[str, ...]
    """Oldest first."""
    headers: tuple[tuple[str, str], ...] = ()
    """Type word of the text header, for each version that has a text form."""
    any_version: str = ""
    """The version as which a text message with an unknown version is read; empty: it is refused."""
    ignored: frozenset[str] = frozenset()
    """Wire names that are accepted and not kept."""
    key: tuple[str, ...] = ()
    """Attributes that tell one record from another."""
    source: str = ""

    @property
    def newest(self) -> str:
        """The version whose names are used where no version is."""
        return self.versions[-1]

    def fields(self) -> tuple["Field", ...]:
        """All fields, in the order in which they are written."""
        return fields_of(self.record)

    def wire(self, version: str) -> tuple["WireField", ...]:
        """The fields that text and JSON messages of a version have, in order."""
        return wire_fields(self, version)

    def readable(self, version: str) -> Mapping[str, "WireField"]:
        """What is read in messages of a version: its own names, and those of later ones, as repositories do."""
        return readable_fields(self, version)


@dataclass(frozen=True, slots=True)
class WireField:
    """A field as one version writes it."""

    name: str
    kind: Kind[object]
    field: Field

    @property
    def attribute(self) -> str:
        """Its name here."""
        return self.field.attribute


@cache
def fields_of(record: type[Record]) -> tuple[Field, ...]:
    """The fields of a record class, in their order."""
    hints = get_type_hints(record, include_extras=True)
    found = []
    for attribute in record.__struct_fields__:
        declared = next(one for one in hints[attribute].__metadata__ if isinstance(one, Field))
        found.append(replace(declared, attribute=attribute))
    return tuple(found)


@cache
def wire_fields(kind: RecordType, version: str) -> tuple[WireField, ...]:
    """The fields of a version, text and JSON."""
    return tuple(
        one
        for one in (as_of(field, kind.versions, version) for field in kind.fields())
        if one.field.in_text and one.name
    )


@cache
def readable_fields(kind: RecordType, version: str) -> Mapping[str, WireField]:
    """By wire name; where versions differ about a name, the message's own counts."""
    found: dict[str, WireField] = {}
    for later in kind.versions[kind.versions.index(version) :]:
        if later != kind.newest or later == version or not changes_kinds(kind, later):
            for one in kind.wire(later):
                found.setdefault(one.name, one)
    return MappingProxyType(found)


def changes_kinds(kind: RecordType, version: str) -> bool:
    """Whether a version gives a name another meaning than the version before."""
    before = {one.name: one.kind for one in kind.wire(kind.versions[kind.versions.index(version) - 1])}
    return any(before.get(one.name, one.kind) is not one.kind for one in kind.wire(version))


def as_of(field: Field, versions: Sequence[str], version: str) -> WireField:
    """A field's spelling in a version; its name is empty in versions that do not have it."""
    at = versions.index(version)
    if (field.since and at < versions.index(field.since)) or (field.until and at > versions.index(field.until)):
        return WireField("", field.kind, field)
    for spelling in field.earlier:
        if at <= versions.index(spelling.until):
            return WireField(spelling.name, spelling.kind, field)
    return WireField(field.name, field.kind, field)
