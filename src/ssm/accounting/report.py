# SPDX-License-Identifier: Apache-2.0
"""Monthly tables of usage: what was used, by whom, where. Rows in, tables out; nothing is read or drawn here."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ssm.ports.usage import Amount, LeftOut, Machines, Question, Space, Usage, UsageReader

SECONDS_IN_HOUR = 3600
TERABYTE = 10**12
Key = Callable[[Usage], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class View:
    """One way to divide the usage."""

    name: str
    """On the command line."""
    title: str
    heads: tuple[str, ...]
    key: Key
    needs_users: bool = False


VIEWS: Mapping[str, View] = MappingProxyType(
    {
        one.name: one
        for one in (
            View("site", "By site", ("Site",), lambda one: (one.site,)),
            View("vo", "By VO", ("VO",), lambda one: (one.vo,)),
            View("submit-host", "By submit host", ("Site", "Submit host"), lambda one: (one.site, one.submit_host)),
            View("user", "By user", ("VO", "User"), lambda one: (one.vo, one.user), needs_users=True),
        )
    }
)
"""To add one: a line here."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table."""

    month: int
    names: tuple[str, ...]
    amount: Amount


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was asked for."""

    question: Question
    views: tuple[View, ...]
    usages: tuple[Usage, ...]
    by_user: tuple[Usage, ...]
    """The same usage by user; empty where nobody asked."""
    space: tuple[Space, ...]
    machines: tuple[Machines, ...]
    left_out: tuple[LeftOut, ...]
    waiting: int
    """Months of sites that have changed since they were summarised."""

    @property
    def months(self) -> tuple[int, ...]:
        """In which there was anything."""
        found = {one.month for one in self.usages} | {one.month for one in self.space}
        return tuple(sorted(found | {one.month for one in self.machines}))

    @property
    def total(self) -> Amount:
        """Of all jobs."""
        return total(self.usages)

    def lines(self, view: View) -> list[Line]:
        """A monthly table, the largest first in each month."""
        return lines_of(self.by_user if view.needs_users else self.usages, view)


def read_report(reader: UsageReader, question: Question, views: Sequence[View]) -> Report:
    """Ask for what the views need."""
    wants_users = any(one.needs_users for one in views)
    return Report(
        question,
        tuple(views),
        tuple(reader.jobs(question, by_user=False)),
        tuple(reader.jobs(question, by_user=True)) if wants_users else (),
        tuple(reader.space(question)),
        tuple(reader.machines(question)),
        tuple(reader.left_out(question)),
        reader.waiting(question),
    )


def lines_of(usages: Iterable[Usage], view: View) -> list[Line]:
    """Sums by month and what the view says."""
    sums: dict[tuple[int, tuple[str, ...]], Amount] = defaultdict(Amount)
    for one in usages:
        sums[one.month, view.key(one)] += one.amount
    lines = [Line(month, names, amount) for (month, names), amount in sums.items()]
    return sorted(lines, key=lambda one: (one.month, -one.amount.core_wall_work, -one.amount.jobs, one.names))


def over_all(usages: Iterable[Usage], key: Key) -> list[tuple[tuple[str, ...], Amount]]:
    """Sums over all months, the largest first."""
    sums: dict[tuple[str, ...], Amount] = defaultdict(Amount)
    for one in usages:
        sums[key(one)] += one.amount
    return sorted(sums.items(), key=lambda one: (-one[1].core_wall_work, -one[1].jobs, one[0]))


def by_month(usages: Iterable[Usage]) -> dict[int, Amount]:
    """Sums of each month, in order."""
    sums: dict[int, Amount] = defaultdict(Amount)
    for one in usages:
        sums[one.month] += one.amount
    return dict(sorted(sums.items()))


def total(usages: Iterable[Usage]) -> Amount:
    """All of it."""
    found = Amount()
    for one in usages:
        found += one.amount
    return found


def total_of(lines: Iterable[Line]) -> Amount:
    """All of a table."""
    found = Amount()
    for one in lines:
        found += one.amount
    return found


def mean_space(rows: Iterable[Space], months: int) -> dict[tuple[str, str], int]:
    """Octets by site and medium: the mean over the months, since space is no time that adds up."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for one in rows:
        sums[one.site, one.media] += one.used
    return {key: used // max(1, months) for key, used in sorted(sums.items())}


def hours(seconds: int) -> float:
    """For people and for portals."""
    return seconds / SECONDS_IN_HOUR


def month_text(month: int) -> str:
    """``YYYY-MM``."""
    return f"{month // 100:04}-{month % 100:02}"
