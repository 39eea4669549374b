# SPDX-License-Identifier: Apache-2.0
"""Writing a text message: the header, then records, each ended by a separator. Nothing is written for what is not said.

How a record is written depends on nothing but the classes of its values, so that is worked out once for all
records that have the same; and a run of such records is written at a stroke.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, groupby, islice

import msgspec

from ssm.errors import RecordError
from ssm.records.fault import quoted
from ssm.records.field import Need, Record, RecordType, WireField
from ssm.records.formats.text_characters import is_calm
from ssm.records.formats.text_header import header_of
from ssm.records.formats.text_pieces import SEPARATOR
from ssm.records.message import BATCH_RECORDS

PLAIN = (str, repr)
NOTHING = type(None)


@dataclass(frozen=True, slots=True)
class Plan:
    """How records with values of certain classes are written."""

    template: str
    line_count: int
    columns: tuple[WireField, ...]
    indices: tuple[int, ...]
    """Of each column, its place among the values of a record."""


def write(kind: RecordType, version: str, records: Iterable[Record]) -> Iterator[bytes]:
    """A text message in portions; RecordError where a record cannot be said in this version."""
    yield f"{header_of(kind, version)}\n".encode()
    wire = {one.attribute: one for one in kind.wire(version)}
    plans: dict[tuple[type, ...], Plan] = {}
    stream = iter(records)
    while batch := [msgspec.structs.astuple(one) for one in islice(stream, BATCH_RECORDS)]:
        for classes, run in groupby(batch, key=lambda values: tuple(map(type, values))):
            if classes not in plans:
                plans[classes] = plan_for(kind, classes, wire)
            yield write_run(plans[classes], list(run))


def plan_for(kind: RecordType, classes: Sequence[type], wire: dict[str, WireField]) -> Plan:
    """The plan for such records; RecordError where this version has no place for what they say."""
    said = {field.attribute: index for index, field in enumerate(kind.fields()) if classes[index] is not NOTHING}
    for field in kind.fields():
        if field.attribute in said and field.attribute not in wire:
            raise RecordError(field.name, "has no place in a text message of this version")
    for one in wire.values():
        if one.attribute not in said:
            if one.field.need is Need.REQUIRED:
                raise RecordError(one.name, "must be said, and is not")
        elif classes[said[one.attribute]] not in one.kind.holds:
            raise RecordError(one.name, f"must be {one.kind.name} in this version")
    columns = tuple(one for one in wire.values() if one.attribute in said)
    template = "".join(f"{one.name}: %s\n" for one in columns) + SEPARATOR * 2 + "\n"
    return Plan(template, len(columns) + 1, columns, tuple(said[one.attribute] for one in columns))


def write_run(plan: Plan, rows: list[tuple[object, ...]]) -> bytes:
    """Records that have the same plan."""
    everything = list(zip(*rows, strict=True))
    columns = [spelled_out(one, everything[index]) for one, index in zip(plan.columns, plan.indices, strict=True)]
    text = plan.template * len(rows) % tuple(chain.from_iterable(zip(*columns, strict=True)))
    data = text.encode("utf-8", "surrogatepass")
    is_whole = text.count("\n") == plan.line_count * len(rows) and text.count(SEPARATOR) == len(rows)
    if not is_whole or not is_calm(text, data):
        raise reason(plan, columns)
    return data


def spelled_out(one: WireField, values: Sequence[object]) -> Sequence[object]:
    """A column as it is printed; RecordError where a value would not read back as itself."""
    for value in set(values):
        if not one.kind.is_sound(value):
            raise RecordError(one.name, f"cannot be {quoted(str(value))} in a text message")
    return values if one.kind.write in PLAIN else [one.kind.write(value) for value in values]


def reason(plan: Plan, columns: Sequence[Sequence[object]]) -> RecordError:
    """Which value cannot be written in a line."""
    return next(
        RecordError(one.name, f"cannot be {quoted(value)} in a text message")
        for one, column in zip(plan.columns, columns, strict=True)
        for value in map(str, column)
        if "\n" in value or SEPARATOR in value or not is_calm(value, value.encode("utf-8", "surrogatepass"))
    )
