# SPDX-License-Identifier: Apache-2.0
"""From records to rows, column by column: a batch at a time, and each different value looked at once.

What a database cannot hold is a fault. A text that is too long for its column is cut, as repositories do, unless it
tells one record from another.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import TypeAlias, cast

from ssm.accounting.layouts import (
    INFRASTRUCTURE,
    KEY,
    MEMBERSHIP,
    MESSAGE,
    MONTH,
    SMALL,
    Column,
    Form,
    Layout,
    is_duration,
)
from ssm.accounting.months import MONTHS
from ssm.ports.repository import Row, Value
from ssm.records.benchmarks import CUSTOM, KNOWN, Benchmarks, canonical
from ssm.records.fqan import membership
from ssm.records.kinds import BENCHMARKS
from ssm.records.message import Batch
from ssm.records.types.job import JOB

GRID = "grid"
NOTHING: set[Value] = {None}
DIGEST_OCTETS = 16
LEVEL, LEVEL_TYPE = "service_level", "service_level_type"
Cells: TypeAlias = "list[Value]"
Table: TypeAlias = "dict[str, Cells]"


@lru_cache(4096)
def parts_of(fqan: Value) -> tuple[str | None, str | None, str | None]:
    """VO, group and role."""
    found = membership(str(fqan))
    return found.vo, found.group, found.role


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that no row can hold."""

    index: int
    """Of the record in its batch."""
    attribute: str
    code: str
    message: str


@dataclass(slots=True)
class Shaped:
    """A batch as rows."""

    rows: list[Row]
    misfits: list[Misfit] = field(default_factory=list)
    cut: int = 0
    """Texts that were cut."""


def shape(layout: Layout, batch: Batch, message: int) -> Shaped:
    """The rows of some records without faults of their own, in order."""
    table = declared_cells(layout, batch)
    choose_benchmarks(layout, table)
    derive(layout, table, batch)
    table[MESSAGE] = [message] * len(batch)
    shaped = Shaped([])
    for column in layout.columns:
        if column.name != KEY:
            fit(column, column.name in (*layout.key, *layout.own_key), table, shaped)
    if not shaped.misfits:
        if not layout.has_natural_key:
            table[KEY] = digests([as_keyed(name, table[name]) for name in layout.own_key])
        shaped.rows = list(zip(*(table[name] for name in layout.names), strict=True))
    return shaped


def declared_cells(layout: Layout, batch: Batch) -> Table:
    """What the records say."""
    return {name: cells(batch, name) for name in layout.names if name in layout.type.record.__struct_fields__}


def cells(batch: Batch, name: str) -> Cells:
    """One attribute of all records."""
    column = batch.column(name)
    return [None] * len(batch) if column is None else cast("Cells", list(column))


def choose_benchmarks(layout: Layout, table: Table) -> None:
    """Of several benchmarks the one that a repository takes; by the name that we write."""
    for one in layout.type.fields():
        if one.kind is BENCHMARKS:
            chosen_cells(table, one.attribute, whole=is_duration(one))
    if LEVEL_TYPE in table:
        table[LEVEL_TYPE] = each(table[LEVEL_TYPE], lambda value: canonical(str(value)))
    if layout.type is JOB and None in table[LEVEL]:
        missing = [at for at, level in enumerate(table[LEVEL]) if level is None and table[LEVEL_TYPE][at] is None]
        for at in missing:  # as repositories take a job that says nothing (APEL messages, service level rules)
            table[LEVEL][at], table[LEVEL_TYPE][at] = 1.0, CUSTOM


def chosen_cells(table: Table, name: str, *, whole: bool) -> None:
    """Dictionaries of one column become values, and their benchmark the type."""
    said: list[object] = [*table[name]]
    if Benchmarks not in set(map(type, said)):
        return
    for at, value in enumerate(said):
        if isinstance(value, Benchmarks):
            chosen = value.chosen()
            table[LEVEL_TYPE][at] = None if chosen is None else KNOWN[chosen[0]]
            amount = None if chosen is None else chosen[1]
            table[name][at] = int(amount) if whole and amount is not None else amount


def derive(layout: Layout, table: Table, batch: Batch) -> None:
    """What follows from what is said."""
    table[MONTH] = list(MONTHS[layout.type.name](lambda name: cast("list[int | None]", cells(batch, name))))
    if "fqan" in table:
        derive_memberships(table)
    if INFRASTRUCTURE in layout.names and INFRASTRUCTURE not in table:
        table[INFRASTRUCTURE] = grid_unless_said(table["infrastructure_type"])


def derive_memberships(table: Table) -> None:
    """VO, group and role of the FQAN, whatever else is said; as said where there is none."""
    nobody: Cells = [None] * len(table["fqan"])
    said = [table.get(name, nobody) for name in MEMBERSHIP]
    if None in table["fqan"]:
        rows = zip(table["fqan"], *said, strict=True)
        found = [tuple(own) if fqan is None else parts_of(fqan) for fqan, *own in rows]
    else:
        found = list(map(parts_of, table["fqan"]))
    columns = zip(*found, strict=True) if found else ((), (), ())  # a reader may end with an empty batch
    for name, column in zip(MEMBERSHIP, columns, strict=True):
        table[name] = list(column)


def grid_unless_said(said: Cells) -> Cells:
    """Infrastructure as a key: in one case, and grid where nothing is said."""
    return [GRID if value is None else str(value).lower() for value in said]


def each(values: Cells, change: Callable[[Value], Value]) -> Cells:
    """Change every value that there is; each different one once."""
    changed = {value: None if value is None else change(value) for value in set(values)}
    return [changed[value] for value in values]


# Fitting into columns.


def fit(column: Column, is_key: bool, table: Table, shaped: Shaped) -> None:  # noqa: FBT001 - read at one place
    """Make one column fit, or note what cannot be made to."""
    values = table[column.name]
    different = set(values)
    if different == NOTHING and column.is_nullable:
        return
    if column.form is Form.LONG_TEXT:
        table[column.name] = [None if value is None else json.dumps(value) for value in values]
    elif column.form is Form.NUMBER:
        table[column.name] = [value if value is None else float(cast("float", value)) for value in values]
    elif column.form is Form.SMALL:
        note(column, table, {one for one in different if is_beyond(one)}, shaped, "too-large", f"is beyond {SMALL}")
    elif column.form is Form.TEXT:
        fit_text(column, different, is_key, table, shaped)
    if None in different and not column.is_nullable:
        fill(column, table, shaped)


def fit_text(column: Column, different: set[Value], is_key: bool, table: Table, shaped: Shaped) -> None:  # noqa: FBT001
    """Texts that a database takes, of the right length."""
    texts = [one for one in different if isinstance(one, str)]
    if is_unstorable("".join(texts)):
        said = "has characters that no database holds"
        note(column, table, {one for one in texts if is_unstorable(one)}, shaped, "unstorable-text", said)
    if max(map(len, texts), default=0) <= column.length:
        return
    long = {one for one in texts if len(one) > column.length}
    if is_key:
        said = f"is longer than {column.length} characters, and tells records apart"
        note(column, table, cast("set[Value]", long), shaped, "too-long", said)
    else:
        shaped.cut += sum(1 for value in table[column.name] if value in long)
        table[column.name] = [value[: column.length] if value in long else value for value in texts_of(table, column)]


def texts_of(table: Table, column: Column) -> list[str]:
    """A column of texts; those that are not there stay as they are."""
    return cast("list[str]", table[column.name])


def fill(column: Column, table: Table, shaped: Shaped) -> None:
    """Keys hold an empty text where nothing is said; another value must be there."""
    if column.form is Form.TEXT:
        table[column.name] = ["" if value is None else value for value in table[column.name]]
    else:
        note(column, table, {None}, shaped, "no-month" if column.name == MONTH else "missing-field", "cannot be told")


def note(column: Column, table: Table, bad: set[Value], shaped: Shaped, code: str, said: str) -> None:  # noqa: PLR0917 - one fault in words
    """Each record with one of the bad values."""
    if bad:
        found = [index for index, value in enumerate(table[column.name]) if value in bad]
        shaped.misfits += [Misfit(index, column.name, code, said) for index in found]


def is_beyond(value: Value) -> bool:
    """More than 32 bits."""
    return isinstance(value, int) and not -SMALL <= value <= SMALL


def is_unstorable(text: str) -> bool:
    """NUL, or half a character."""
    if text.isascii():
        return "\0" in text
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return "\0" in text


# Keys.


def as_keyed(name: str, values: Cells) -> Cells:
    """Normalised summaries keep an infrastructure as it is said; what it means is what counts."""
    return grid_unless_said(values) if name == INFRASTRUCTURE else values


def digests(columns: Sequence[Cells]) -> Cells:
    """Of the values of each row; None and a text differ, as do 1 and 1.0, but a column has one form only."""
    return [
        blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=DIGEST_OCTETS).digest()
        for values in zip(*columns, strict=True)
    ]
