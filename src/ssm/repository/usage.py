# SPDX-License-Identifier: Apache-2.0
"""Reading sums for people, over SQLAlchemy: one query a question, one moment for all of them."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, and_, func, select

from ssm.ports.usage import Amount, LeftOut, Machines, Question, Space, Usage
from ssm.repository.database import Database
from ssm.repository.schema import DIRTY, SUMMARIES, Record
from ssm.repository.versions import require_current, revision_of

JOBS, CLOUDS, STORAGE = (
    SUMMARIES["super_summaries"],
    SUMMARIES["cloud_super_summaries"],
    SUMMARIES["storage_super_summaries"],
)
SOURCES = SUMMARIES["sources"]
REPEATABLE = "REPEATABLE READ"


T = TypeVar("T", Usage, Space, Machines)


class SqlUsage:
    """Implements ``ssm.ports.usage.UsageReader`` over a connection in a transaction."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def jobs(self, question: Question, *, by_user: bool) -> Sequence[Usage]:
        """From the super-summaries."""
        names = ["month", "site", "vo"]
        names += ["global_user_name"] if by_user else ["submit_host", "infrastructure", "service_level_type"]
        sums = ("number_of_jobs", "cpu_duration", "core_wall_duration")
        works = ("normalised_cpu_duration", "normalised_core_wall_duration")
        found = [
            Usage(
                month=whole(row["month"]),
                site=word(row["site"]),
                vo=word(row["vo"]),
                submit_host=word(row.get("submit_host")),
                user=word(row.get("global_user_name")),
                infrastructure=word(row.get("infrastructure")),
                benchmark=word(row.get("service_level_type")),
                amount=Amount(*(whole(row[one]) for one in (*sums, *works))),
            )
            for row in self.summed(JOBS, names, (*sums, *works), self.chosen(JOBS, "vo", question))
        ]
        return in_order(found, "submit_host", "user", "infrastructure", "benchmark")

    def space(self, question: Question) -> Sequence[Space]:
        """From the storage summaries."""
        sums = ("resource_capacity_used", "logical_capacity_used", "resource_capacity_allocated", "file_count")
        rows = self.summed(
            STORAGE, ("month", "site", "group", "storage_media"), sums, self.chosen(STORAGE, "group", question)
        )
        found = []
        for row in rows:
            used, logical, allocated, files = (whole(row[one]) for one in sums)
            place = (whole(row["month"]), word(row["site"]), word(row["group"]), word(row["storage_media"]))
            found.append(Space(*place, used, logical, allocated, files))
        return in_order(found, "media")

    def machines(self, question: Question) -> Sequence[Machines]:
        """From the cloud summaries."""
        sums = ("number_of_vms", "wall_duration", "cpu_duration")
        rows = self.summed(CLOUDS, ("month", "site", "vo"), sums, self.chosen(CLOUDS, "vo", question))
        found = []
        for row in rows:
            count, wall, cpu = (whole(row[one]) for one in sums)
            found.append(Machines(whole(row["month"]), word(row["site"]), word(row["vo"]), count, wall, cpu))
        return in_order(found)

    def left_out(self, question: Question) -> Sequence[LeftOut]:
        """What the summaries say that they did not count."""
        chosen = and_(self.chosen(SOURCES, "", question), SOURCES.c.is_counted == 0)
        names = ("month", "site", "usage", "part", "source", "count")
        found = select(*(SOURCES.c[one] for one in names)).where(chosen).order_by(*(SOURCES.c[one] for one in names))
        rows = []
        for row in self.connection.execute(found):
            said = dict(zip(names, row, strict=True))
            site, usage, part, source = (word(said[one]) for one in ("site", "usage", "part", "source"))
            rows.append(LeftOut(whole(said["month"]), site, usage, part, source, whole(said["count"])))
        return rows

    def waiting(self, question: Question) -> int:
        """What loaders have marked and nobody has summarised since."""
        marks = select(DIRTY.c.site, DIRTY.c.month).where(self.chosen(DIRTY, "", question)).distinct().subquery()
        return whole(self.connection.execute(select(func.count()).select_from(marks)).scalar_one())

    @staticmethod
    def chosen(table: Record, vo: str, question: Question) -> ColumnElement[bool]:
        """The rows that are asked for."""
        found: ColumnElement[bool] = table.c.month.between(question.first, question.last)
        if question.sites:
            found = and_(found, table.c.site.in_(question.sites))
        if vo and question.vos:
            found = and_(found, table.c[vo].in_(question.vos))
        return found

    def summed(
        self, table: Record, names: Sequence[str], sums: Sequence[str], chosen: ColumnElement[bool]
    ) -> Iterator[dict[str, object]]:
        """Sums by some columns."""
        columns = [table.c[one] for one in names]
        added = (func.sum(table.c[one]).label(one) for one in sums)
        query = select(*columns, *added).where(chosen).group_by(*columns)
        for row in self.connection.execute(query):
            yield dict(zip((*names, *sums), row, strict=True))


def in_order(rows: Iterable[T], *names: str) -> list[T]:
    """By their names: databases have orders of their own, above all of what is not said."""
    return sorted(rows, key=attrgetter("month", "site", "vo", *names))


def whole(value: object) -> int:
    """A sum, which databases give as they like; nothing is 0."""
    return 0 if value is None else int(str(value).partition(".")[0])


def word(value: object) -> str:
    """A name; not said is empty."""
    return "" if value is None else str(value)


@contextlib.contextmanager
def open_usage(database: Database) -> Iterator[SqlUsage]:
    """For reading; RepositoryError where the tables are not those of this program."""
    with database.connect() as connection:
        # What follows sees one state of the database, whatever is summarised meanwhile.
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(isolation_level=REPEATABLE)
        require_current(revision_of(connection))
        yield SqlUsage(connection)
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("ROLLBACK")
