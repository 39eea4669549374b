# SPDX-License-Identifier: Apache-2.0
"""What there is to add up, and the sums, in a database: implements ``ssm.ports.summaries``.

A database adds up; what the sums mean is decided elsewhere. Everything reads by site and month, with which every
primary key begins, so the cost is that of the months that have changed.
"""

import contextlib
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal

from sqlalchemy import Connection, and_, delete, insert

from ssm.accounting.counting import GRID
from ssm.accounting.summary_tables import SUMMARY_TABLES
from ssm.ports.repository import Row
from ssm.ports.summaries import CloudGroup, JobGroup, Place, Statement
from ssm.repository import summary_queries as queries
from ssm.repository.database import Database
from ssm.repository.schema import DIRTY, SUMMARIES
from ssm.repository.transactions import KeptConnection, alone

CHUNK = 500


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
        self.marks = [(str(kind), int(str(message))) for kind, message in self.rows(queries.marks_query(), place.month)]

    def kinds(self) -> Collection[str]:
        """By the marks."""
        return {kind for kind, _ in self.marks}

    def forget_marks(self) -> None:
        """Those that were there, by their whole keys; not those that came meanwhile."""
        for kind in self.kinds():
            messages = sorted(message for other, message in self.marks if other == kind)
            for begin in range(0, len(messages), CHUNK):
                some = DIRTY.c.message.in_(messages[begin : begin + CHUNK])
                here = and_(DIRTY.c.site == self.place.site, DIRTY.c.month == self.place.month)
                self.connection.execute(delete(DIRTY).where(here, DIRTY.c.kind == kind, some))

    def job_groups(self) -> Sequence[JobGroup]:
        """Jobs in groups; received summaries one by one."""
        month = self.place.month
        found = self.rows(queries.job_query(), month) or self.rows(queries.earlier_job_query(), month)
        received = (queries.summary_query(), queries.normalised_query())
        found += [one for query in received for one in self.rows(query, month)]
        return [as_job_group(one) for one in found]

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

    def rows(self, query: queries.Query, month: int) -> list[list[object]]:
        """Of the site; sums are numbers of the database's own, and become ours."""
        found = self.connection.execute(query, {"of_site": self.place.site, "of_month": month})
        return [[plain(value) for value in row] for row in found]

    def replace(self, table: str, month: int, rows: Sequence[Row], usage: str = "") -> None:
        """Old rows go, new ones come."""
        target, own = SUMMARIES[table], (usage,) if usage else ()
        place = [target.c.site == self.place.site, target.c.month == month]
        self.connection.execute(delete(target).where(*place, *(target.c.usage == one for one in own)))
        names = SUMMARY_TABLES[table].names
        values = [
            dict(zip(names, (self.place.site, month, *own, number, *row), strict=True))
            for number, row in enumerate(rows)
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
