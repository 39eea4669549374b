# SPDX-License-Identifier: Apache-2.0
"""Our figures beside those of a portal: which rows differ, and by how much."""

import csv
import io
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ssm.accounting.portal import COLUMNS, Cell, harmless
from ssm.errors import InputError
from ssm.records.moments import month_of

KEYS = ("time", "site", "vo", "ce", "infrastructure", "benchmark")
COMPARED = ("number_of_jobs", "raw_cpu_time", "raw_cpu_work", "raw_wc_time", "raw_wc_work")
MOST_ROWS = 2_000_000
SLACK = 0.5
"""Of a job or an hour: rounding is no difference."""
MONTH_LENGTH = len("2024-05")
MILLISECONDS = re.compile(r"\d{11,14}", re.ASCII)


class Mark(Enum):
    """What is the matter with a row."""

    ALIKE = "alike"
    DIFFERENT = "differs"
    ONLY_HERE = "only here"
    ONLY_THERE = "only there"


@dataclass(frozen=True, slots=True)
class Compared:
    """One row of both."""

    names: tuple[str, ...]
    mark: Mark
    here: Mapping[str, float]
    there: Mapping[str, float]
    differing: tuple[str, ...] = ()
    """Columns in which they differ."""

    def percent(self, column: str) -> float | None:
        """Ours compared with theirs; None where they have nothing."""
        theirs = self.there.get(column, 0.0)
        return None if theirs == 0 else 100 * (self.here.get(column, 0.0) - theirs) / theirs


@dataclass(frozen=True, slots=True)
class Comparison:
    """All rows, by the columns that both have."""

    keys: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[Compared, ...]

    @property
    def differing(self) -> tuple[Compared, ...]:
        """Those that are not alike."""
        return tuple(one for one in self.rows if one.mark is not Mark.ALIKE)


def read_portal(text: str) -> list[dict[str, str]]:
    """A CSV file of a portal; InputError where it has no columns that we know."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    names = [one.strip() for one in reader.fieldnames or ()]
    reader.fieldnames = names
    if not {"time", "site", "vo"} & set(names) or not set(COMPARED) & set(names):
        raise InputError(
            "the file to compare with has none of the portal's columns", hint=f"it has {', '.join(COLUMNS)}"
        )
    rows: list[dict[str, str]] = []
    try:
        for row in reader:
            if len(rows) >= MOST_ROWS:
                raise InputError(f"the file to compare with has more than {MOST_ROWS} rows")
            rows.append({name: (row.get(name) or "").strip() for name in names})
    except csv.Error as error:
        raise InputError(f"the file to compare with cannot be read at line {reader.line_num}: {error}") from error
    return rows


def compare(
    ours: Iterable[Mapping[str, Cell]], theirs: Sequence[Mapping[str, str]], tolerance_percent: float
) -> Comparison:
    """Rows of both, added up by the columns that theirs fill in; InputError where a figure is none."""
    keys = tuple(key for key in KEYS if any(row.get(key) for row in theirs)) or ("time",)
    columns = tuple(one for one in COMPARED if any(one in row for row in theirs[:1]))
    here, there = added(ours, keys, columns), added(theirs, keys, columns)
    names = sorted({*here, *there})
    return Comparison(
        keys, columns, tuple(one_compared(name, here.get(name), there.get(name), tolerance_percent) for name in names)
    )


def added(
    rows: Iterable[Mapping[str, Cell]], keys: Sequence[str], columns: Sequence[str]
) -> dict[tuple[str, ...], dict[str, float]]:
    """Sums by the keys, which are compared without regard to case."""
    sums: dict[tuple[str, ...], dict[str, float]] = defaultdict(lambda: dict.fromkeys(columns, 0.0))
    for row in rows:
        found = sums[tuple(comparable(key, str(row.get(key, ""))) for key in keys)]
        for column in columns:
            found[column] += figure(column, row.get(column, ""))
    return sums


def comparable(key: str, value: str) -> str:
    """A name as it is compared: months as YYYY-MM, infrastructures and benchmarks in lower case."""
    if key == "time":
        # Some portals give milliseconds since 1970.
        return (
            "{}-{:02}".format(*month_of(int(value) // 1000)) if MILLISECONDS.fullmatch(value) else value[:MONTH_LENGTH]
        )
    return value.lower() if key in {"infrastructure", "benchmark"} else str(harmless(value))


def figure(column: str, value: Cell) -> float:
    """A number; InputError where it is none."""
    try:
        number = float(value or 0)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"the file to compare with says {str(value)[:40]!r} for {column}, which is no number")
    return number


def one_compared(
    names: tuple[str, ...], here: Mapping[str, float] | None, there: Mapping[str, float] | None, percent: float
) -> Compared:
    """One row of both."""
    if here is None or there is None:
        return Compared(names, Mark.ONLY_THERE if here is None else Mark.ONLY_HERE, here or {}, there or {})
    differing = tuple(
        one
        for one in there
        if abs(here[one] - there[one]) > max(SLACK, percent / 100 * max(abs(here[one]), abs(there[one])))
    )
    return Compared(names, Mark.DIFFERENT if differing else Mark.ALIKE, here, there, differing)
