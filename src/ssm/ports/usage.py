# SPDX-License-Identifier: Apache-2.0
"""What a repository knows in sum: usage of months, to be read and shown.

Promises of every implementation: sums come from one source each, so that adding any of them up counts nothing twice;
all answers of one reader are of one moment; nothing is written. RepositoryError where the tables are not ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

NOBODY = ""
"""In place of a site, VO, submit host or user that is not said."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which usage."""

    first: int
    """Month, YYYYMM."""
    last: int
    sites: tuple[str, ...] = ()
    """Only these; empty: all."""
    vos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Amount:
    """Jobs and their time, in seconds; work is time multiplied by the benchmark."""

    jobs: int = 0
    cpu: int = 0
    core_wall: int = 0
    """Wall time multiplied by cores."""
    cpu_work: int = 0
    core_wall_work: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.jobs + other.jobs,
            self.cpu + other.cpu,
            self.core_wall + other.core_wall,
            self.cpu_work + other.cpu_work,
            self.core_wall_work + other.core_wall_work,
        )

    @property
    def efficiency(self) -> float | None:
        """CPU time as a part of wall time multiplied by cores; None where there is none."""
        return self.cpu / self.core_wall if self.core_wall > 0 else None


@dataclass(frozen=True, slots=True)
class Usage:
    """Of jobs that have these in common."""

    month: int
    site: str
    vo: str
    submit_host: str
    user: str
    """Empty where nobody asked."""
    infrastructure: str
    benchmark: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class Space:
    """Mean space in a month, in octets: to be added up within a month, never over months."""

    month: int
    site: str
    vo: str
    media: str
    used: int
    logical: int
    allocated: int
    files: int


@dataclass(frozen=True, slots=True)
class Machines:
    """Virtual machines, with their time within the month."""

    month: int
    site: str
    vo: str
    count: int
    wall: int
    cpu: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Usage that came in two forms, of which this one was not counted."""

    month: int
    site: str
    usage: str
    """job or cloud."""
    part: str
    """Submit host or cloud service."""
    source: str
    """Type of the records that were left out."""
    count: int


class UsageReader(Protocol):
    """Answers of one moment."""

    def jobs(self, question: Question, *, by_user: bool) -> Sequence[Usage]:
        """By month, site, VO, submit host, infrastructure and benchmark; or by month, user, VO and site."""

    def space(self, question: Question) -> Sequence[Space]:
        """By month, site, VO and medium."""

    def machines(self, question: Question) -> Sequence[Machines]:
        """By month, site and VO."""

    def left_out(self, question: Question) -> Sequence[LeftOut]:
        """All of it."""

    def waiting(self, question: Question) -> int:
        """Months of sites whose sums are older than their records."""
