# SPDX-License-Identifier: Apache-2.0
"""Space used in a month: statements about periods become means over the time that is known of.

A statement is no increment: ten statements of a day each, about the same terabyte, are one terabyte; ten statements
about the same day, of ten volumes of one owner, are ten. Both follow from space multiplied by time, divided by the
time that is covered. The same bytes may be said by several kinds of statement, of which one counts (EMI StAR,
semantics): what is logical beside physical records by medium, and users beside their whole group.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ssm.accounting.counting import rounded
from ssm.ports.repository import Row
from ssm.ports.summaries import Statement

WHO = 11
"""Columns of a statement that say where and whose; then come its times, then its amounts."""
AMOUNTS = ("resource_capacity_used", "logical_capacity_used", "resource_capacity_allocated", "file_count")
PHYSICAL = (True, False, True, False)
"""Of the amounts, which a record without a medium repeats where there are records by medium."""


@dataclass(slots=True)
class Series:
    """Statements about the same space."""

    first: Statement
    statements: list[Statement] = field(default_factory=list)

    @property
    def system(self) -> tuple[str | None, ...]:
        """Where there may be logical and physical records of the same bytes."""
        one = self.first
        return one.storage_system, one.group, one.sub_group, one.role

    @property
    def holder(self) -> tuple[str | None, ...]:
        """Where there may be records of a group and of its users for the same bytes."""
        return *self.first[:5], *self.system[1:]

    @property
    def is_personal(self) -> bool:
        """Whether a user is named."""
        return self.first.user_identity is not None or self.first.local_user is not None


def storage_rows(statements: Iterable[Statement], month_start: int) -> list[Row]:
    """The rows of a month, without site and month."""
    series: dict[Row, Series] = {}
    for one in statements:
        series.setdefault(one[:WHO], Series(one)).statements.append(one)
    found = list(series.values())
    hidden = hidden_amounts(found)
    return [row(one, hide, month_start) for one, hide in zip(found, hidden, strict=True)]


def hidden_amounts(series: Sequence[Series]) -> list[tuple[bool, ...]]:
    """For each series and amount: whether other statements say the same bytes."""
    says: dict[tuple[tuple[str | None, ...], int, bool], bool] = defaultdict(bool)
    whole: set[tuple[str | None, ...]] = set()
    for one in series:
        if not one.is_personal:
            whole.add(one.holder)
        has_medium = one.first.storage_media is not None
        for at, name in enumerate(AMOUNTS):
            says[one.system, at, has_medium] |= any(getattr(each, name) is not None for each in one.statements)
    return [
        tuple(is_hidden(one, at, says) or (one.is_personal and one.holder in whole) for at in range(len(AMOUNTS)))
        for one in series
    ]


def is_hidden(one: Series, at: int, says: dict[tuple[tuple[str | None, ...], int, bool], bool]) -> bool:
    """Physical amounts count by medium, logical ones without, where both are said."""
    has_medium = one.first.storage_media is not None
    return has_medium != PHYSICAL[at] and says[one.system, at, not has_medium]


def row(series: Series, hide: tuple[bool, ...], month_start: int) -> Row:
    """One row."""
    periods = [period(one, month_start) for one in series.statements]
    means = [
        None if hidden else mean([getattr(one, name) for one in series.statements], periods)
        for name, hidden in zip(AMOUNTS, hide, strict=True)
    ]
    begin, end = min(begin for begin, _ in periods), max(end for _, end in periods)
    return (*series.first[:WHO], begin, end, covered(periods), *means, len(periods))


def period(one: Statement, month_start: int) -> tuple[int, int]:
    """From when to when, within the month; at least a second, so that a snapshot counts."""
    end = one.end_time or month_start
    begin = max(one.start_time or month_start, month_start)
    return min(begin, end - 1), end


def mean(amounts: Sequence[int | None], periods: Sequence[tuple[int, int]]) -> int | None:
    """Amount over the time for which it is said; None where it is not."""
    said = [(amount, one) for amount, one in zip(amounts, periods, strict=True) if amount is not None]
    if not said:
        return None
    total = sum(amount * (end - begin) for amount, (begin, end) in said)
    seconds = covered([one for _, one in said])
    return (2 * total + seconds) // (2 * seconds) if total >= 0 else rounded(total / seconds)


def covered(periods: Iterable[tuple[int, int]]) -> int:
    """Seconds that are in at least one of the periods."""
    total, reached = 0, None
    for begin, end in sorted(periods):
        since = begin if reached is None else max(begin, reached)
        total += max(0, end - since)
        reached = end if reached is None else max(reached, end)
    return total
