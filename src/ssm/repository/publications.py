# SPDX-License-Identifier: Apache-2.0
"""What may be published, and what was, in a database: implements ``ssm.ports.publications``."""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from sqlalchemy import Column, ColumnElement, Connection, and_, delete, func, insert, select

from ssm.accounting.layouts import AGAIN, LAYOUTS
from ssm.accounting.summary_tables import PUBLISHED
from ssm.ports.publications import Publication, Window
from ssm.ports.repository import Row
from ssm.records.types.job import JOB
from ssm.records.types.storage import STORAGE
from ssm.records.types.sync import SYNC
from ssm.repository.database import Database
from ssm.repository.schema import MESSAGES, RECORDS, SUMMARIES, Record
from ssm.repository.summary_queries import Query
from ssm.repository.summary_queries import select as select_any
from ssm.repository.transactions import KeptConnection, alone

CHUNK = 500
PAGE = 1000
TABLES: Mapping[str, Record] = MappingProxyType(
    {**{LAYOUTS[kind].name: one for kind, one in RECORDS.items()}, **SUMMARIES}
)
DATED = frozenset({LAYOUTS[JOB.name].name, LAYOUTS[STORAGE.name].name})
"""Tables that a window of days divides."""
TABLE = SUMMARIES[PUBLISHED.name]


class SqlPublications:
    """Implements ``ssm.ports.publications.Publications``."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.clock = clock
        self.kept = KeptConnection(database)

    def close(self) -> None:
        """Release the connection."""
        self.kept.close()

    @contextlib.contextmanager
    def alone(self, target: str) -> Iterator[None]:
        """Nobody else publishes there meanwhile; RepositoryUnavailableError where somebody does already."""
        with alone(self.database, f"ssm unload to {target}"):
            yield

    def sites(self, table: str, window: Window) -> Sequence[str]:
        """In order."""
        columns = TABLES[table].c
        query = select(columns.site).where(within(TABLES[table], window)).distinct()
        with self.kept.reading() as connection:
            return sorted(str(site) for site in connection.scalars(query))

    def rows(self, table: str, site: str, window: Window) -> Iterator[Sequence[Row]]:
        """One state of the database, however long it takes."""
        chosen = TABLES[table]
        said = (one for one in chosen.columns if one.name != AGAIN)
        query = select_any(*said).where(chosen.c.site == site, within(chosen, window))
        query = query.order_by(*chosen.primary_key.columns)
        with self.kept.reading() as connection:
            yield from pages(connection, query)

    def published(self, target: str, kinds: Sequence[str], site: str, window: Window) -> Sequence[Publication]:
        """In the order of their keys."""
        names = ("kind", "site", "month", "key_digest", "submit_host", "count", "record")
        query = select_any(*(TABLE.c[name] for name in names)).where(
            TABLE.c.site == site, TABLE.c.target == target, TABLE.c.kind.in_(kinds), within(TABLE, window)
        )
        with self.kept.reading() as connection:
            found = connection.execute(query.order_by(*TABLE.primary_key.columns)).all()
        return [publication(tuple(row)) for row in found]

    def published_sites(self, target: str, kinds: Sequence[str], window: Window) -> Sequence[str]:
        """In order."""
        query = select(TABLE.c.site).where(TABLE.c.target == target, TABLE.c.kind.in_(kinds), within(TABLE, window))
        with self.kept.reading() as connection:
            return sorted(str(site) for site in connection.scalars(query.distinct()))

    def heard(self) -> Mapping[str, int]:
        """By who sent what a site said last: who speaks for several sites may have nothing to say of one for long."""
        sync = RECORDS[SYNC.name]
        last = select_any(MESSAGES.c.signer, func.max(MESSAGES.c.received)).where(MESSAGES.c.kind == SYNC.name)
        speakers = select_any(sync.c.site, MESSAGES.c.signer, func.max(MESSAGES.c.received))
        speakers = speakers.join_from(sync, MESSAGES, sync.c.message == MESSAGES.c.id)
        heard: dict[str, int] = {}
        with self.kept.reading() as connection:
            by_signer = {
                signer: int(str(when)) for signer, when in connection.execute(last.group_by(MESSAGES.c.signer))
            }
            for site, signer, when in connection.execute(speakers.group_by(sync.c.site, MESSAGES.c.signer)):
                latest = int(str(when)) if signer is None else by_signer[signer]
                heard[str(site)] = max(latest, heard.get(str(site), 0))
        return heard

    def intend(self, target: str, publications: Sequence[Publication]) -> None:
        """Only those that are not known yet."""
        with self.kept.writing() as connection:
            for part, some in by_part(publications):
                here = part_of(target, part)
                found = connection.scalars(select(TABLE.c.key_digest).where(here))
                known = {one for one in found if isinstance(one, bytes)}
                self.add(connection, target, [(one, None) for one in some if one.digest not in known])

    def settle(self, target: str, sent: Sequence[Publication], gone: Sequence[Publication]) -> None:
        """In one transaction."""
        with self.kept.writing() as connection:
            for part, some in by_part([*sent, *gone]):
                digests = [one.digest for one in some]
                for begin in range(0, len(digests), CHUNK):
                    chosen = TABLE.c.key_digest.in_(digests[begin : begin + CHUNK])
                    connection.execute(delete(TABLE).where(part_of(target, part), chosen))
            self.add(connection, target, [(one, one.count) for one in sent])

    def add(self, connection: Connection, target: str, entries: Sequence[tuple[Publication, int | None]]) -> None:
        """New rows."""
        now = int(self.clock())
        values = [
            {
                "site": one.site,
                "month": one.month,
                "target": target,
                "kind": one.kind,
                "key_digest": one.digest,
                "submit_host": one.submit_host,
                "count": count,
                "record": one.record,
                "changed": now,
            }
            for one, count in entries
        ]
        if values:
            connection.execute(insert(TABLE), values)


def within(table: Record, window: Window) -> ColumnElement[bool]:
    """Rows of the time that is meant."""
    columns = table.c
    conditions = [columns.month >= window.first_month, columns.month <= window.last_month]
    if table.name in DATED:
        conditions += [columns.end_time >= window.begin] if window.begin is not None else []
        conditions += [columns.end_time < window.end] if window.end is not None else []
    return and_(*conditions)


def pages(connection: Connection, query: Query) -> Iterator[Sequence[Row]]:
    """Some rows at a time, without holding all of them."""
    # For the statement, not the connection, which others use afterwards.
    with connection.execute(query.execution_options(stream_results=True, max_row_buffer=PAGE)) as found:
        for some in found.partitions(PAGE):
            yield [tuple(value_of(one) for one in row) for row in some]


def value_of(value: object) -> str | int | float | bytes | None:
    """As the port has it."""
    assert value is None or isinstance(value, str | int | float | bytes), "as declared"
    return value


def publication(row: Sequence[object]) -> Publication:
    """Of a row."""
    kind, site, month, digest, host, count, record = row
    assert isinstance(digest, bytes), "as declared"
    return Publication(
        str(kind),
        str(site),
        int(str(month)),
        digest,
        None if host is None else str(host),
        None if count is None else int(str(count)),
        str(record),
    )


def by_part(publications: Iterable[Publication]) -> Iterator[tuple[tuple[str, int, str], list[Publication]]]:
    """By site, month and type, with which the key begins."""
    ordered = sorted(publications, key=part)
    for key, some in groupby(ordered, key=part):
        yield key, list(some)


def part(one: Publication) -> tuple[str, int, str]:
    """Site, month and type."""
    return one.site, one.month, one.kind


def part_of(target: str, key: tuple[str, int, str]) -> ColumnElement[bool]:
    """Its rows."""
    site, month, kind = key
    columns: Sequence[Column[object]] = (TABLE.c.site, TABLE.c.month, TABLE.c.target, TABLE.c.kind)
    return and_(*(column == value for column, value in zip(columns, (site, month, target, kind), strict=True)))
