# SPDX-License-Identifier: Apache-2.0
"""Benchmarks: how fast a core is, by one or several measures, as ``{HEPscore23: 15.3, hepspec: 11.4}``.

Three measures are known; a repository takes the first of them that a record names (APEL messages, version v0.4).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

KNOWN = {"hepscore23": "HEPscore23", "hepspec": "HEPSPEC", "si2k": "Si2k"}
"""By lower-case name, in the order of preference: how we write it."""
EARLIER = {"hepspec06": "HEPSPEC", "specint2000": "Si2k"}
"""Names that version v0.1 had for them, in lower case."""
CUSTOM = "custom"
NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][+-]?\d{1,3})?", re.ASCII)
MOST_NAMES = 16
MOST_NUMBER = 1e15
SI2K_PER_HEPSPEC = 250


@dataclass(frozen=True, slots=True)
class Benchmarks:
    """Some measures with their values, in the order in which they were given."""

    values: tuple[tuple[str, float], ...]

    @classmethod
    def parse(cls, text: str) -> "Benchmarks":
        """From ``{name: number, …}``; ValueError says what is wrong. The braces may be missing."""
        inner = text.strip()
        if inner.startswith("{") != inner.endswith("}"):
            raise ValueError("has an opening brace or a closing one, but not both")
        parts = [part.strip() for part in inner.removeprefix("{").removesuffix("}").split(",")]
        if len(parts) > MOST_NAMES:
            raise ValueError(f"names more than {MOST_NAMES} benchmarks")
        values: dict[str, float] = {}
        for part in parts:
            name, colon, number = (piece.strip() for piece in part.partition(":"))
            if not colon or not name:
                raise ValueError("must be benchmarks, as in {HEPscore23: 15.3}")
            if NUMBER.fullmatch(number) is None:
                raise ValueError(f"the value of {name} must be a number")
            if name in values:
                raise ValueError(f"{name} stands twice")
            values[name] = float(number)
            if abs(values[name]) > MOST_NUMBER:
                raise ValueError(f"the value of {name} must be a number up to {MOST_NUMBER:.0e}")
        return cls.of(values)

    @classmethod
    def of(cls, values: Mapping[str, float]) -> "Benchmarks":
        """From a mapping."""
        return cls(tuple(values.items()))

    def chosen(self) -> tuple[str, float] | None:
        """The measure that a repository uses, and its value; None where none of the known ones is named."""
        by_name = {name.lower(): value for name, value in self.values}  # names alike but for case: the last one
        return next(((known, by_name[known]) for known in KNOWN if known in by_name), None)

    def names_one_twice(self) -> bool:
        """Whether names are alike but for case, of which a repository takes the last."""
        return len({name.lower() for name, _ in self.values}) < len(self.values)

    def __str__(self) -> str:
        return "{" + ", ".join(f"{name}: {value!r}" for name, value in self.values) + "}"


def canonical(name: str) -> str:
    """A measure as we write it; an unknown one as it is."""
    return KNOWN.get(name.lower()) or EARLIER.get(name.lower()) or name
