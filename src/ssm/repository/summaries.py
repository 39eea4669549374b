# SPDX-License-Identifier: Apache-2.0
"""What there is to add up, and the sums, in a database: implements ``ssm.ports.summaries``.

A database adds up; what the sums mean is decided elsewhere. Everything reads by site and month, with which every
primary key begins, so the cost is that of the months that have changed.
"""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, and_, delete, insert

from ssm.accounting.counting import GRID
from ssm.accounting.summary_tables import SUMMARY_TABLES
from ssm.ports.repository import Row
from ssm.ports.summaries import CloudGroup, JobGroup, Place, Statement
from ssm.records.types.job import JOB
from ssm.repository import summary_queries as queries
from ssm.repository.database import Database
from ssm.repository.schema import DIRTY, SUMMARIES
from ssm.repository.transactions import KeptConnection, alone

CHUNK = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """A message that has changed something in the month of the site."""

    kind: str
    message: int
    records: int | None
    """How many it has there; None where a program before this one has not said so."""


class SqlSummaries:
    """Implements ``ssm.ports.summaries.SummaryRepository``."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.kept = KeptConnection(database)

    def marked(self) -> Sequence[Place]:
        """In order."""
        with self.kept.reading() as connection:
            found = connection.execute(queries.marked_query()).all()
        return sorted(Place(str(site), int(str(month))) for site, month in found)

    @contextlib.contextmanager
    def month(self, place: Place) -> Iterator["SqlSiteMonth"]:
        """One transaction."""
        with self.kept.writing() as connection:
            month = SqlSiteMonth(connection, place)
            yield month
            month.forget_marks()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else adds up meanwhile; RepositoryUnavailableError where somebody does already."""
        with alone(self.database, "ssm summarise"):
            yield

    def close(self) -> None:
        """Release the connection."""
        self.kept.close()


class SqlSiteMonth:
    """Implements ``ssm.ports.summaries.SiteMonth``."""

    def __init__(self, connection: Connection, place: Place) -> None:
        self.connection = connection
        self.place = place
        self.marks = [
            Mark(str(kind), int(str(message)), None if records is None else int(str(records)))
            for kind, message, records in self.rows(queries.marks_query(), place.month)
        ]

    def kinds(self) -> Collection[str]:
        """By the marks."""
        return {one.kind for one in self.marks}

    def forget_marks(self) -> None:
        """Those that were there, by their whole keys; not those that came meanwhile."""
        for kind in self.kinds():
            messages = sorted(one.message for one in self.marks if one.kind == kind)
            for begin in range(0, len(messages), CHUNK):
                some = DIRTY.c.message.in_(messages[begin : begin + CHUNK])
                here = and_(DIRTY.c.site == self.place.site, DIRTY.c.month == self.place.month)
                self.connection.execute(delete(DIRTY).where(here, DIRTY.c.kind == kind, some))

    def job_groups(self) -> Sequence[JobGroup]:
        """Where they have been forgotten, what they were added up to stands for them."""
        month = self.place.month
        found = self.rows(queries.job_query(), month) or self.rows(queries.earlier_job_query(), month)
        return [as_job_group(one) for one in found]

    def summed_job_groups(self) -> Sequence[JobGroup]:
        """As rows that were made of them; normalised sums are reckoned anew."""
        month = self.place.month
        found = [as_job_group(one) for one in self.rows(queries.earlier_job_query(), month)]
        [[known]] = self.rows(queries.known_jobs_query(), month)
        if sum(one.number_of_jobs for one in found) != known:
            return ()
        return [one._replace(normalised_wall_duration=None, normalised_cpu_duration=None) for one in found]

    def added_job_groups(self) -> Sequence[JobGroup] | None:
        """By the messages that are marked: of a row that is missing somebody else has spoken, before or since."""
        marks = [one for one in self.marks if one.kind == JOB.name]
        if not marks:
            return ()
        given = [one.records for one in marks if one.records is not None]
        if len(given) < len(marks) or len(marks) > CHUNK:
            return None
        found = self.rows(queries.added_job_query(), self.place.month, of_messages=[one.message for one in marks])
        added = [as_job_group(one) for one in found]
        return added if sum(one.number_of_jobs for one in added) == sum(given) else None

    def received_job_groups(self) -> Sequence[JobGroup]:
        """Of both types."""
        received = (queries.summary_query(), queries.normalised_query())
        return [as_job_group(one) for query in received for one in self.rows(query, self.place.month)]

    def later_cloud_months(self) -> Sequence[int]:
        """The next month of each machine."""
        return sorted(
            month for (month,) in self.rows(queries.following_query(), self.place.month) if isinstance(month, int)
        )

    def cloud_groups(self, month: int) -> Sequence[CloudGroup]:
        """Machines in groups; received summaries one by one."""
        found = self.rows(queries.machine_query(), month) or self.rows(queries.earlier_machine_query(), month)
        return [CloudGroup._make(one) for one in (*found, *self.rows(queries.cloud_summary_query(), month))]

    def statements(self) -> Sequence[Statement]:
        """In order of their keys."""
        return [Statement._make(one) for one in self.rows(queries.storage_query(), self.place.month)]

    def rows(self, query: queries.Query, month: int, **more: object) -> list[list[object]]:
        """Of the site; sums are numbers of the database's own, and become ours."""
        found = self.connection.execute(query, {"of_site": self.place.site, "of_month": month, **more})
        return [[plain(value) for value in row] for row in found]

    def replace(self, table: str, month: int, rows: Sequence[Row], usage: str = "") -> None:
        """Old rows go, new ones come; those that are the same stay."""
        target, names, own = SUMMARIES[table], SUMMARY_TABLES[table].names, (usage,) if usage else ()
        place = dict(zip(names, (self.place.site, month, *own), strict=False))
        here = and_(*(target.c[name] == value for name, value in place.items()))
        columns = (target.c[name] for name in names if name not in place)
        found = self.connection.execute(queries.select(*columns).where(here))
        kept = {int(str(number)): tuple(row) for number, *row in found}
        new = dict(enumerate(rows))
        old = [number for number, row in kept.items() if new.get(number) != row]
        for begin in range(0, len(old), CHUNK):
            some = target.c.number.in_(old[begin : begin + CHUNK])
            self.connection.execute(delete(target).where(here, some))
        values = [
            dict(zip(names, (*place.values(), number, *row), strict=True))
            for number, row in new.items()
            if kept.get(number) != row
        ]
        if values:
            self.connection.execute(insert(target), values)


def plain(value: object) -> object:
    """Databases add whole numbers up to decimals."""
    return int(value) if isinstance(value, Decimal) else value


def as_job_group(row: Sequence[object]) -> JobGroup:
    """Infrastructure in one case, and grid where a normalised summary says none."""
    group = JobGroup._make(row)
    return group._replace(infrastructure=(group.infrastructure or GRID).lower())
