# SPDX-License-Identifier: Apache-2.0
"""One thing that is wrong with a message: where, what, how bad, and what to do about it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

from ssm.errors import FormatError
from ssm.names import printable

MAX_QUOTED = 100


class Level(IntEnum):
    """How bad a fault is; the order is that of the exit statuses."""

    NOTE = 0
    """Worth knowing."""
    WARNING = 1
    """Suspicious: a person should look."""
    ERROR = 2
    """A repository refuses it, or must."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; ``str()`` is one line for people, without the file."""

    level: Level
    code: str
    """Stable name for programs, such as ``unknown-field``."""
    message: str
    """What was found, and what it must be."""
    line: int | None = None
    """Counted from 1; None where the fault has no line."""
    path: str = ""
    """Element in an XML or JSON document, counted from 1, such as ``UsageRecords/UsageRecord[2]/Site``."""
    field: str = ""
    """Wire name, as the message spells it."""
    suggestion: str = ""
    """The correction, where one can be guessed."""

    def __str__(self) -> str:
        guess = f": did you mean {self.suggestion}?" if self.suggestion else ""
        name = f"{self.field}: " if self.field else ""
        return printable(f"{name}{self.message}{guess}")

    def at(self, place: "Place") -> "Fault":
        """The same fault, somewhere."""
        return replace(self, line=place.line, path=place.path, field=place.field or self.field)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in a message."""

    line: int | None = None
    path: str = ""
    field: str = ""
    """Wire name, as the message spells it."""


def fault_of(error: FormatError) -> Fault:
    """What ended the reading of a message, as a fault."""
    return Fault(Level.ERROR, error.code, str(error), error.line, error.path, suggestion=error.suggestion)


def quoted(text: str) -> str:
    """A value from outside, short and printable, between quotes; backslashes stay as they are."""
    short = text if len(text) <= MAX_QUOTED else text[:MAX_QUOTED] + "…"
    shown = "".join(one if one.isprintable() else repr(one)[1:-1] for one in short)
    mark = '"' if "'" in shown else "'"
    return f"{mark}{shown}{mark}"


def nearest(word: str, words: Iterable[str]) -> str:
    """The word most like this one, or nothing; case counts least."""
    return closest(word.casefold()[:MAX_QUOTED], tuple(words))


@lru_cache(maxsize=1000)
def closest(word: str, words: tuple[str, ...]) -> str:
    """As above; remembered, as a producer makes the same mistake in every record."""
    by_case = {one.casefold(): one for one in words}
    found = difflib.get_close_matches(word, by_case, 1, cutoff=0.75)
    return by_case[found[0]] if found else ""
