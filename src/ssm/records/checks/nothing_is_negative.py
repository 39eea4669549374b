# SPDX-License-Identifier: Apache-2.0
"""Durations, counts and sizes are not negative."""

from operator import attrgetter
from typing import cast

from ssm.records.benchmarks import Benchmarks
from ssm.records.checking import Check, Context, Finding, check
from ssm.records.fault import Level
from ssm.records.field import Record, RecordType
from ssm.records.kinds import BENCHMARKS, DECIMAL, SECONDS, WHOLE
from ssm.records.types import RECORD_TYPES

EXEMPT = frozenset({"exit_status"})


def of_type(kind: RecordType) -> Check:
    """The check for one type: all its numbers, as they are declared."""
    names = tuple(
        one.attribute
        for one in kind.fields()
        if one.kind in (WHOLE, SECONDS, DECIMAL, BENCHMARKS) and one.attribute not in EXEMPT
    )
    get = attrgetter(*names)

    def look(record: Record, _: Context) -> Finding | None:
        values = cast("tuple[float | Benchmarks | None, ...]", get(record))
        for index, value in enumerate(values):
            if value.__class__ is Benchmarks or (value is not None and value < 0):  # type: ignore[operator]  # see first
                found = least(value)
                if found < 0:
                    return Finding(names[index], f"{found!r} must not be negative")
        return None

    return check("negative", Level.ERROR, MEANING, (kind.record,), look)


def least(value: float | Benchmarks | None) -> float:
    """The smallest number in it."""
    if isinstance(value, Benchmarks):
        return min(number for _, number in value.values)
    return value or 0


MEANING = "Durations, counts, sizes and speeds are not negative."
CHECKS = tuple(of_type(kind) for kind in RECORD_TYPES.values())
