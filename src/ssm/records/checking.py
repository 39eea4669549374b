# SPDX-License-Identifier: Apache-2.0
"""What a check is: one question to one record, which is answered with nothing or with what was found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from ssm.records.fault import Level
from ssm.records.field import Record
from ssm.records.table import Column

R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Context:
    """What a check may know besides the record."""

    now: int
    """Seconds since 1970."""
    format: str
    names_version: str
    """Version of the type's names."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An answer: which attribute, what was found, what it must be."""

    attribute: str
    message: str
    suggestion: str = ""
    level: Level | None = None
    """Where it is not that of the check."""


Answer = Finding | list[Finding] | None
Look = Callable[[R, Context], Answer]
Columns = Callable[[str], Column | None]
"""An attribute of many records; None where nobody says it."""
Clears = Callable[[Columns, Context], bool]
"""Whether it is plain, from whole columns, that the check would find nothing in any of the records.

False where that is not plain: then each record is looked at. A TypeError, because somebody says nothing or says a
dictionary of benchmarks, means the same.
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One check."""

    code: str
    """Stable name for programs, that of its faults."""
    level: Level
    meaning: str
    """One sentence for the reference page."""
    types: tuple[type[Record], ...]
    look: Callable[[Record, Context], Answer]
    clears: Clears | None = None

    def is_clear(self, columns: Columns, context: Context) -> bool:
        """Whether no record needs to be looked at."""
        try:
            return self.clears is not None and self.clears(columns, context)
        except TypeError:
            return False


def check(  # noqa: PLR0917 - a table's line
    code: str, level: Level, meaning: str, types: tuple[type[Record], ...], look: Look[R], clears: Clears | None = None
) -> Check:
    """A check of records of some types; it is asked about no others."""
    return Check(code, level, meaning, types, cast("Look[Record]", look), clears)


def numbers(column: Column | None) -> Sequence[float]:
    """A column of numbers, to be compared: TypeError by who compares them where some are none."""
    return cast("Sequence[float]", column or ())
