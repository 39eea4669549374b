# SPDX-License-Identifier: Apache-2.0
"""What a check is: one question to one record, which is answered with nothing or with what was found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from ssm.records.fault import Level
from ssm.records.field import Record

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


def check(code: str, level: Level, meaning: str, types: tuple[type[Record], ...], look: Look[R]) -> Check:
    """A check of records of some types; it is asked about no others."""
    return Check(code, level, meaning, types, cast("Look[Record]", look))
