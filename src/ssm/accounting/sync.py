# SPDX-License-Identifier: Apache-2.0
"""Comparing: what sites say they have published, and what is here, for each month and submit host.

The rule of the grid's accounting portal: numbers that differ by less than one percent of either agree, and a site that
has published within seven days is up to date (APEL messages, synchronisation).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from ssm.accounting.layouts import LAYOUTS
from ssm.accounting.summary_tables import JOB_SUMMARIES
from ssm.ports.publications import Publications, Window
from ssm.records.types.sync import SYNC

TABLES: Mapping[str, Sequence[str]] = {
    LAYOUTS[SYNC.name].name: LAYOUTS[SYNC.name].names,
    JOB_SUMMARIES.name: JOB_SUMMARIES.names,
}
"""What is said, and what is here; with their columns."""
TOLERANCE = 0.01
FRESH_SECONDS = 7 * 86_400
MONTHS_A_YEAR = 12


class Verdict(Enum):
    """What comes of a comparison."""

    AGREES = "ok"
    MISSING = "missing"
    """There is less here than the site says."""
    SURPLUS = "surplus"
    """There is more here than the site says."""
    UNSAID = "unsaid"
    """The site says nothing about it."""

    @property
    def is_good(self) -> bool:
        """Whether nobody has to do anything."""
        return self is Verdict.AGREES


@dataclass(frozen=True, slots=True)
class Comparison:
    """A month and a submit host."""

    site: str
    month: int
    submit_host: str
    """Empty: none is said."""
    said: int | None
    """Jobs, as the site says."""
    held: int
    """Jobs, as they are here."""

    @property
    def verdict(self) -> Verdict:
        """By the rule."""
        if self.said is None:
            return Verdict.UNSAID if self.held else Verdict.AGREES
        if agree(self.said, self.held):
            return Verdict.AGREES
        return Verdict.MISSING if self.held < self.said else Verdict.SURPLUS


@dataclass(frozen=True, slots=True)
class SiteComparison:
    """A site."""

    site: str
    comparisons: tuple[Comparison, ...]
    published: int | None
    """When it last said something, seconds since 1970; None: never."""

    def is_fresh(self, now: int) -> bool:
        """Whether it has published lately."""
        return self.published is not None and now - self.published <= FRESH_SECONDS

    def gaps(self) -> list[tuple[int, int]]:
        """First and last months (YYYYMM) of what would have to be published again."""
        return runs({one.month for one in self.comparisons if not one.verdict.is_good})


def agree(one: int, other: int) -> bool:
    """Whether two numbers differ by less than one percent of either; the same number agrees, also when it is 0."""
    difference = abs(one - other)
    return difference == 0 or difference < TOLERANCE * max(abs(one), abs(other))


def compare(publications: Publications, window: Window) -> Iterator[SiteComparison]:
    """Each site that says something or of which there is something, in order."""
    heard = publications.heard()
    for site in sorted({site for table in TABLES for site in publications.sites(table, window)}):
        said, held = (counts(publications, table, site, window) for table in TABLES)
        found = [Comparison(site, *key, said.get(key), held.get(key, 0)) for key in sorted(said.keys() | held.keys())]
        yield SiteComparison(site, tuple(found), heard.get(site))


def counts(publications: Publications, table: str, site: str, window: Window) -> dict[tuple[int, str], int]:
    """Jobs by month and submit host."""
    at = [TABLES[table].index(name) for name in ("month", "submit_host", "number_of_jobs")]
    found: dict[tuple[int, str], int] = defaultdict(int)
    for rows in publications.rows(table, site, window):
        for month, host, count in ((row[index] for index in at) for row in rows):
            found[whole(month), str(host or "")] += whole(count)
    return found


def whole(value: object) -> int:
    """A number that is there."""
    assert isinstance(value, int), "as declared"
    return value


def runs(months: Iterable[int]) -> list[tuple[int, int]]:
    """Months that follow each other, as first and last."""
    found: list[tuple[int, int]] = []
    for month in sorted(months):
        if found and following(found[-1][1]) == month:
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
    return found


def following(month: int) -> int:
    """The next month."""
    return month + 1 if month % 100 < MONTHS_A_YEAR else (month // 100 + 1) * 100 + 1
