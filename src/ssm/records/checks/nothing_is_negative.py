# SPDX-License-Identifier: Apache-2.0
"""Durations, counts and sizes are not negative."""

from operator import attrgetter
from typing import cast

from ssm.records.benchmarks import Benchmarks
from ssm.records.checking import Answer, Check, Columns, Context, Finding, check, numbers
from ssm.records.fault import Level
from ssm.records.field import Record, RecordType
from ssm.records.kinds import BENCHMARKS, DECIMAL, SECONDS, WHOLE
from ssm.records.types import RECORD_TYPES

EXEMPT = frozenset({"exit_status", "month", "year", "measurement_month", "measurement_year", "ip_version"})
"""May be negative, or have a check of their own."""


def of_type(kind: RecordType) -> Check:
    """The check for one type: all its numbers, as they are declared."""
    names = tuple(
        one.attribute
        for one in kind.fields()
        if one.kind in (WHOLE, SECONDS, DECIMAL, BENCHMARKS) and one.attribute not in EXEMPT
    )
    get = attrgetter(*names, names[0])  # always a tuple

    def look(record: Record, _: Context) -> Answer:
        found = []
        values = cast("tuple[float | Benchmarks | None, ...]", get(record))
        for name, value in zip(names, values, strict=False):
            if value.__class__ is Benchmarks or (value is not None and value < 0):  # type: ignore[operator]  # see first
                number = least(value)
                if number < 0:
                    found.append(Finding(name, f"{number!r} must not be negative"))
        return found or None

    def none_is(columns: Columns, _: Context) -> bool:
        return all(min(numbers(columns(name)), default=0) >= 0 for name in names)

    return check("negative", Level.ERROR, MEANING, (kind.record,), look, none_is)


def least(value: float | Benchmarks | None) -> float:
    """The smallest number in it."""
    if isinstance(value, Benchmarks):
        return min(number for _, number in value.values)
    return value or 0


MEANING = "Durations, counts, sizes and speeds are not negative."
CHECKS = tuple(of_type(kind) for kind in RECORD_TYPES.values())
