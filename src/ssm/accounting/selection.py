# SPDX-License-Identifier: Apache-2.0
"""What is to be published: of which time, VOs and infrastructures, and how records are changed before they go out."""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from ssm.accounting.counting import LOCAL
from ssm.ports.publications import Window
from ssm.records.field import Record
from ssm.records.moments import month_of, month_start

WITHHELD = "withheld"
"""What stands in the place of a DN (APEL messages, what APEL writes)."""
NAMES_OF_USERS = ("global_user_name", "user_identity")
DAY_SECONDS = 86_400
MONTHS_A_YEAR = 12
EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What may go out."""

    window: Window
    include_vos: frozenset[str] = frozenset()
    """None given: all."""
    exclude_vos: frozenset[str] = frozenset()
    local_jobs: bool = False
    withhold_dns: bool = False
    with_description: bool = False
    """Whether summaries say the infrastructure's description."""

    def takes(self, vo: object, infrastructure: object) -> bool:
        """Whether usage of a VO may go out."""
        if infrastructure == LOCAL and not self.local_jobs:
            return False
        if vo in self.exclude_vos:
            return False
        return not self.include_vos or vo in self.include_vos

    def dressed(self, records: Iterable[Record]) -> Iterator[Record]:
        """As they may be seen."""
        for record in records:
            yield self.without_names(record) if self.withhold_dns else record

    @staticmethod
    def without_names(record: Record) -> Record:
        """With nobody's name."""
        names = [name for name in NAMES_OF_USERS if getattr(record, name, None) is not None]
        return msgspec.structs.replace(record, **dict.fromkeys(names, WITHHELD)) if names else record


def latest(now: int) -> Window:
    """The current month and the one before, UTC."""
    year, month = month_of(now)
    before = month_of(month_start(year, month) - 1)
    return Window(before[0] * 100 + before[1])


def gap(first: datetime.date, last: datetime.date) -> Window:
    """From the begin of a day to the end of another, UTC; ValueError where that is before."""
    if last < first:
        raise ValueError("ends before it begins")
    return Window(
        first.year * 100 + first.month,
        last.year * 100 + last.month,
        (first - EPOCH).days * DAY_SECONDS,
        ((last - EPOCH).days + 1) * DAY_SECONDS,
    )
