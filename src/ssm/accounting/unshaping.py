# SPDX-License-Identifier: Apache-2.0
"""From rows to records: the way back of ``ssm.accounting.shaping``, to publish what is in the repository.

What a repository adds is left out again: infrastructure as a key, and a VO that follows from the FQAN. A custom service
level, which receivers refuse, is said as HEPSPEC, like which it counts (APEL messages, normalisation at the server).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from ssm.accounting.layouts import CALENDAR, LAYOUTS, MEMBERSHIP, MONTH, Form
from ssm.ports.repository import Row
from ssm.records.benchmarks import CUSTOM
from ssm.records.field import Record, RecordType
from ssm.records.types import RECORD_TYPES

HEPSPEC = "HEPSPEC"
MONTHS = 100


def records_of(kind: str, rows: Iterable[Row]) -> Iterator[Record]:
    """Records of one type."""
    layout, declared = LAYOUTS[kind], RECORD_TYPES[kind]
    long = {one.name for one in layout.columns if one.form is Form.LONG_TEXT}
    for row in rows:
        values: dict[str, object] = dict(zip(layout.names, row, strict=True))
        for name in long:
            values[name] = pairs(values[name])
        yield record_of(declared, values)


def record_of(kind: RecordType, values: Mapping[str, object]) -> Record:
    """One record, of what it declares."""
    said = {name: values[name] for name in kind.record.__struct_fields__ if name in values}
    said |= calendar(kind, values)
    if said.get("fqan") is not None:
        said = {name: value for name, value in said.items() if name not in MEMBERSHIP}
    if said.get("service_level_type") == CUSTOM:
        said["service_level_type"] = HEPSPEC
    return kind.record(**{name: None if value == "" else value for name, value in said.items()})


def calendar(kind: RecordType, values: Mapping[str, object]) -> dict[str, object]:
    """Month and year, by the names that the type has for them."""
    if MONTH not in values:
        return {}
    year, month = divmod(int(str(values[MONTH])), MONTHS)
    parts = dict(zip(CALENDAR, (month, year, month, year), strict=True))
    return {name: value for name, value in parts.items() if name in kind.record.__struct_fields__}


def pairs(text: object) -> tuple[tuple[str, str], ...] | None:
    """What was kept as JSON."""
    if not isinstance(text, str):
        return None
    return tuple((str(kind), str(value)) for kind, value in cast("list[list[object]]", json.loads(text)))
