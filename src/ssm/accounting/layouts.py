# SPDX-License-Identifier: Apache-2.0
"""How a type of records becomes a table: columns from its declaration, the key, and what is derived.

What a repository adds to a declaration is said here and nowhere else:

* ``month`` (YYYYMM, UTC) takes the place of month and year, and is part of every key: partitions need it. So a
  storage record or a machine has one row a month, of which the last to arrive stays (APEL messages, cloud records);
* ``infrastructure`` is part of the key of jobs and summaries, so that local and grid usage never overwrite each
  other; usage that says nothing is grid usage, as it was before there was a word for it;
* VO, group and role follow from an FQAN (APEL messages, derivation of VO from FQAN);
* a key that is too long for an index is its digest.

Column names are those of the declaration; site comes first in every key, so that a database can be divided by site.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from types import MappingProxyType

from ssm.records.field import Field, RecordType
from ssm.records.kinds import BENCHMARKS, DECIMAL, EARLIER_UNIT, PAIRS, SECONDS, TEXT
from ssm.records.types import RECORD_TYPES
from ssm.records.types.cloud import CLOUD
from ssm.records.types.job import JOB
from ssm.records.types.public_ip import PUBLIC_IP
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY

TEXT_LENGTH = 255
INFRASTRUCTURE_LENGTH = 50
SMALL = 2**31 - 1
MEMBERSHIP = {"vo": "vo", "vo_group": "group", "vo_role": "role"}
CALENDAR = ("month", "year", "measurement_month", "measurement_year")
"""Attributes that the column ``month`` holds."""
KEY, MONTH, SITE, MESSAGE, INFRASTRUCTURE = "key_digest", "month", "site", "message", "infrastructure"
AGAIN = "said_again"
"""A column that no loader fills: 1 where a further message has corrected a row, or said the same."""


class Form(Enum):
    """What a column holds."""

    TEXT = "text"
    LONG_TEXT = "long text"
    SMALL = "whole number up to 2^31"
    WHOLE = "whole number up to 2^63"
    NUMBER = "number"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    form: Form
    length: int = 0
    """Of a text, in characters."""
    is_nullable: bool = True
    meaning: str = ""


@dataclass(frozen=True)
class Layout:
    """One table."""

    type: RecordType
    own_key: tuple[str, ...]
    """Attributes that, with site and month, tell one record from another."""
    has_natural_key: bool
    """Whether these are in the index themselves; else their digest is."""
    is_large: bool
    """Individual records, of which there are many: divided by month, and forgotten after the retention time."""
    extra: tuple[Column, ...]
    """Columns that the declaration does not have."""

    @property
    def name(self) -> str:
        """Of the table."""
        return self.type.name.replace("-", "_") + "_records"

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All of them, in the order of a row: the key first, for a primary key has the order of the table."""
        declared = [column_of(one, self.key) for one in self.type.fields() if one.attribute not in CALENDAR]
        by_name = {one.name: one for one in (*declared, *self.extra)}
        return (*(by_name.pop(name) for name in self.key), *by_name.values())

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Names of the columns of the primary key."""
        return (SITE, MONTH, *(self.own_key if self.has_natural_key else (KEY,)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(one.name for one in self.columns)

    @property
    def is_added_to(self) -> bool:
        """Whether what a message adds is added to the sums of before, so that its rows must be found by the message."""
        return self.type is JOB

    @cached_property
    def values(self) -> tuple[str, ...]:
        """Columns that a correction may change."""
        return tuple(one for one in self.names if one not in self.key and one != MESSAGE)


def column_of(field: Field, key: Iterable[str]) -> Column:
    """A declared field as a column."""
    form, length = form_of(field)
    return Column(field.attribute, form, length, field.attribute not in key, field.meaning)


def form_of(field: Field) -> tuple[Form, int]:
    """How its values are held."""
    if field.kind in (TEXT, EARLIER_UNIT):
        return Form.TEXT, field.most or TEXT_LENGTH
    if field.kind is PAIRS:
        return Form.LONG_TEXT, 0
    if field.kind is DECIMAL or (field.kind is BENCHMARKS and not is_duration(field)):
        return Form.NUMBER, 0
    return (Form.SMALL if 0 < field.most <= SMALL else Form.WHOLE), 0


def is_duration(field: Field) -> bool:
    """Whether it is time times speed, which repositories count in whole units."""
    return any(one.kind is SECONDS for one in field.earlier)


# What each type needs besides its declaration. Its own key, where that of the declaration is not a repository's.
OWN_KEYS = {
    JOB.name: ("local_job_id", "end_time", INFRASTRUCTURE),
    SUMMARY.name: tuple(INFRASTRUCTURE if one == "infrastructure_type" else one for one in SUMMARY.key),
    CLOUD.name: ("vm_uuid",),
    STORAGE.name: ("record_id",),
}
NATURAL = {JOB.name, CLOUD.name, STORAGE.name}
LARGE = {JOB.name, CLOUD.name, STORAGE.name, PUBLIC_IP.name}
WITH_INFRASTRUCTURE = {JOB.name, SUMMARY.name}


def layout_of(kind: RecordType) -> Layout:
    """The table of a type."""
    attributes = {one.attribute for one in kind.fields()}
    natural = kind.name in NATURAL
    own_key = OWN_KEYS.get(kind.name, kind.key)
    extra = []
    if kind.name in WITH_INFRASTRUCTURE:
        meaning = "infrastructure_type in lower case; grid where it is not said."
        extra.append(Column(INFRASTRUCTURE, Form.TEXT, INFRASTRUCTURE_LENGTH, is_nullable=False, meaning=meaning))
    if "fqan" in attributes:
        extra += [
            Column(name, Form.TEXT, TEXT_LENGTH, meaning=f"{part} in the FQAN.")
            for name, part in MEMBERSHIP.items()
            if name not in attributes
        ]
    extra.append(Column(MONTH, Form.SMALL, is_nullable=False, meaning="YYYYMM, UTC, of the usage."))
    if not natural:
        meaning = f"Digest of {', '.join(one for one in own_key if one not in (*CALENDAR, SITE))}."
        extra.append(Column(KEY, Form.DIGEST, is_nullable=False, meaning=meaning))
    extra.append(Column(MESSAGE, Form.WHOLE, is_nullable=False, meaning="The message that said so: messages.id."))
    return Layout(
        kind,
        own_key=tuple(one for one in own_key if one not in (*CALENDAR, SITE)),
        has_natural_key=natural,
        is_large=kind.name in LARGE,
        extra=tuple(extra),
    )


LAYOUTS: Mapping[str, Layout] = MappingProxyType({name: layout_of(kind) for name, kind in RECORD_TYPES.items()})
