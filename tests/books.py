# SPDX-License-Identifier: Apache-2.0
"""A database into which messages are put, and what was added up of them."""

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, insert, select, text

from ssm.accounting.arrivals import arrival_of
from ssm.accounting.batches import Taken, blocks_of
from ssm.accounting.decode import Terms, decode
from ssm.accounting.summarise import Summarised, summarise
from ssm.accounting.summary_tables import JOB_SUMMARIES, SOURCES
from ssm.ports.incoming import IncomingElement
from ssm.ports.repository import Stored
from ssm.records.field import Record, RecordType
from ssm.records.formats import FORMATS
from ssm.records.types.job import JOB
from ssm.records.types.storage import STORAGE
from ssm.repository.database import Database
from ssm.repository.schema import DIRTY, RECORDS, SUMMARIES, metadata
from ssm.repository.session import Access
from ssm.repository.store import SqlRepository
from ssm.repository.summaries import SqlSummaries

NOW = 1_760_000_000
MICROSECONDS = 1_000_000
JOB_TABLES = (JOB_SUMMARIES.name, SOURCES.name)


class Books:
    """A database into which messages are put one after the other."""

    def __init__(self, access: Access) -> None:
        self.database = Database(access)
        self.database.upgrade()
        self.repository: SqlRepository = self.database.open()
        self.summaries = SqlSummaries(self.database)
        self.second = 0

    def put(self, *bodies: bytes, signer: str = "/CN=a") -> None:
        """Each a message, all in one transaction, which arrive one after the other."""
        seconds = range(self.second + 1, self.second + 1 + len(bodies))
        self.put_arrived(dict(zip(seconds, bodies, strict=True)), signer=signer)

    def put_arrived(self, bodies: Mapping[int, bytes], signer: str = "/CN=a") -> None:
        """Messages by the second of their arrival, all in one transaction."""
        taken = []
        for second, body in bodies.items():
            self.second = max(self.second, second)
            element = IncomingElement(f"00000000/{NOW + second:08x}000000", body, signer, None)
            arrival = arrival_of(element, (NOW + 10**6) * MICROSECONDS)
            decoded = decode(body, arrival.id, Terms(NOW + 10**6))
            assert decoded.faults == [], decoded.faults
            taken.append(Taken(element, arrival, decoded))
        stored = [Stored(one.arrival, one.decoded.kind, one.decoded.records) for one in taken]
        self.repository.store(stored, blocks_of(taken))

    def put_records(self, kind: RecordType, *records: Record) -> None:
        """One message."""
        name = "star" if kind is STORAGE else "apel-text"
        self.put(b"".join(FORMATS[name].write(kind, kind.newest, records)))

    def summarise(self) -> list[Summarised]:
        return list(summarise(self.summaries))

    def sums(self, *columns: str, by: Sequence[str] = (), table: str = JOB_SUMMARIES.name) -> list[tuple[object, ...]]:
        """Sums of some columns."""
        found = SUMMARIES[table]
        labels = [found.c[name] for name in by]
        query = select(*labels, *(func.sum(found.c[name]) for name in columns)).group_by(*labels).order_by(*labels)
        with self.database.connect() as connection:
            return [
                (*row[: len(by)], *(None if one is None else int(str(one)) for one in row[len(by) :]))
                for row in connection.execute(query)
            ]

    def rows(self, table: str, *columns: str) -> list[tuple[object, ...]]:
        found = SUMMARIES[table]
        with self.database.connect() as connection:
            query = select(*(found.c[name] for name in columns)).order_by(found.c.month, found.c.number)
            return [tuple(row) for row in connection.execute(query)]

    def job_sums(self) -> list[tuple[object, ...]]:
        """All there is of them, and of who counted."""
        return [row for table in JOB_TABLES for row in sorted(self.rows(table, *SUMMARIES[table].c.keys()), key=str)]

    def job_sums_made_anew(self) -> list[tuple[object, ...]]:
        """The same, from the records alone."""
        places = select(RECORDS[JOB.name].c.site, RECORDS[JOB.name].c.month).distinct()
        with self.database.connect() as connection:
            for table in JOB_TABLES:
                connection.execute(delete(SUMMARIES[table]))
            for site, month in connection.execute(places).all():
                connection.execute(insert(DIRTY).values(site=site, month=month, kind=JOB.name, message=0))
            connection.commit()
        self.summarise()
        return self.job_sums()

    def close(self) -> None:
        self.summaries.close()
        self.repository.close()
        self.database.close()

    def clear(self) -> None:
        """As if nothing had ever come."""
        with self.database.connect() as connection:
            for name in metadata.tables:
                connection.execute(text(f"DELETE FROM {name}"))
            connection.commit()
        self.second = 0
