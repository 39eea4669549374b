# SPDX-License-Identifier: Apache-2.0
"""``python -m bench.repository [--messages N] [--rounds N] [--output FILE]``: the loader beside the raw driver.

Raw: the driver alone, on ready tuples in the order of their keys, with the same statement, table and transactions as
the loader: nothing is decoded, checked, claimed, marked or removed. The loader: from messages of a thousand job
records in incoming to an empty box, with the settings that are shipped, which are two processes, timed from its first
claim; the start of the second is within. Rounds alternate, each on an empty database; medians.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.accounting import JOB_HEADER, Contents, Server, job
from tests.servers.database import DATABASE_INSTALLED, DATABASES, PASSWORD, DatabaseServer

from bench.machine import description
from bench.report import table
from ssm.accounting.decode import Terms, decode
from ssm.accounting.layouts import LAYOUTS
from ssm.ports.repository import Row
from ssm.repository.database import Database
from ssm.repository.dialects.mariadb import upsert_of as mariadb_upsert
from ssm.repository.dialects.postgresql import PostgresqlSession, merge_of
from ssm.repository.dialects.sqlite import SqliteSession
from ssm.repository.dialects.sqlite import upsert_of as sqlite_upsert
from ssm.repository.session import Access
from ssm.repository.upserts import quoted
from ssm.settings.found import Sources
from ssm.settings.loader import read_loader
from ssm.wiring.accounting import open_database

RECORDS = 1000
BATCH = 5000
AIM = 0.75
JOBS = LAYOUTS["job"]
Raw = Callable[[Database, Sequence[Sequence[Row]]], None]


@dataclass
class Figures:
    """Rows a second, round by round."""

    raw: list[float] = field(default_factory=list)
    loader: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Median of the rounds' quotients: what disturbs a round disturbs both of its halves."""
        return statistics.median(ours / raw for ours, raw in zip(self.loader, self.raw, strict=True))


def messages(count: int) -> list[bytes]:
    """As a site sends them: a thousand jobs each, of two months, a hundred users and some VOs."""
    begin = 1_717_200_000 - 86_400 * 20
    made = []
    for number in range(count):
        records = []
        for at in range(number * RECORDS, (number + 1) * RECORDS):
            end = begin + at * 37 % (86_400 * 40)
            records.append(
                job(
                    at,
                    MachineName="batch.example.org",
                    LocalUserId=f"pilot{at % 100:03}",
                    GlobalUserName=f"/DC=org/DC=example/OU=people/CN=user {at % 100}",
                    FQAN=f"/vo{at % 7}/Role=pilot/Capability=NULL",
                    WallDuration=3600 + at % 1000,
                    CpuDuration=3000 + at % 1000,
                    Processors=at % 8 + 1,
                    StartTime=end - 3600,
                    EndTime=end,
                    InfrastructureDescription="APEL-HTCONDORCE-HTCONDOR",
                    MemoryReal=1_000_000 + at,
                    MemoryVirtual=2_000_000 + at,
                )
            )
        made.append((JOB_HEADER + "".join(records)).encode())
    return made


def ready(bodies: Sequence[bytes]) -> list[list[Row]]:
    """Tuples for the raw driver, as many in a transaction as the loader takes."""
    terms = Terms(int(time.time()))
    rows = [row for number, body in enumerate(bodies) for row in decode(body, number, terms).rows.values()]
    return [sorted(rows[begin : begin + BATCH], key=lambda row: row[:5]) for begin in range(0, len(rows), BATCH)]


def raw_sqlite(database: Database, batches: Sequence[Sequence[Row]]) -> None:
    session = SqliteSession(database.engine)
    statement = sqlite_upsert("job")
    for rows in batches:
        session.connection.execute("BEGIN IMMEDIATE")
        session.connection.executemany(statement, rows)
        session.connection.execute("COMMIT")
    session.close()


def raw_postgresql(database: Database, batches: Sequence[Sequence[Row]]) -> None:
    session = PostgresqlSession(database.engine)
    session.prepare(JOBS, {int(str(row[1])) for rows in batches for row in rows})
    connection = session.connection
    connection.execute(f"CREATE TEMPORARY TABLE staging_{JOBS.name} (LIKE {JOBS.name}) ON COMMIT DELETE ROWS".encode())
    copying = f"COPY staging_{JOBS.name} ({quoted(JOBS.names)}) FROM STDIN".encode()
    for rows in batches:
        connection.execute("BEGIN")
        with connection.cursor() as cursor:
            with cursor.copy(copying) as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(merge_of("job").encode()).fetchall()
        connection.execute("COMMIT")
    session.close()


def raw_mariadb(database: Database, batches: Sequence[Sequence[Row]]) -> None:
    connection = database.engine.raw_connection()
    head, marks, tail = mariadb_upsert("job")
    cursor = connection.cursor()
    for rows in batches:
        # PyMySQL joins statements of this form to ones of many rows by itself.
        cursor.executemany(f"{head}{marks}{tail}", list(rows))
        connection.commit()
    cursor.close()
    connection.close()


RAW: dict[str, Raw] = {"sqlite": raw_sqlite, "postgresql": raw_postgresql, "mariadb": raw_mariadb}


def measure_raw(access: Access, kind: str, batches: Sequence[Sequence[Row]]) -> float:
    """Rows a second."""
    database = Database(access)
    database.upgrade()
    count = sum(len(rows) for rows in batches)
    begun = time.perf_counter()
    RAW[kind](database, batches)
    took = time.perf_counter() - begun
    database.close()
    assert Contents(access).count("job") == count
    return count / took


def measure_loader(access: Access, folder: Path, bodies: Sequence[bytes]) -> float:
    """Rows a second."""
    server = Server(folder, access)
    server.spool.mkdir(parents=True)
    for number, body in enumerate(bodies):
        server.accept(body, message_id=f"m{number}")
    settings, _ = read_loader(Sources(server.config(loaders=None)))
    database = open_database(settings)
    database.upgrade()
    database.close()
    words = [sys.executable, "-m", "ssm", "load", "-c", str(folder / "loader.cfg")]
    claims = server.spool / ".ssm" / "loading"
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(words) as program:
        while program.poll() is None and not (claims.exists() and any(claims.iterdir())):
            time.sleep(0.002)
        begun = time.perf_counter()
        assert program.wait() == 0
        took = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"   {(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime):.1f} s of processors in {took:.1f} s")
    assert (Contents(access).count("job"), server.waiting()) == (len(bodies) * RECORDS, [])
    return len(bodies) * RECORDS / took


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[], Access]]:
    """Where empty databases of a kind come from."""
    if kind == "sqlite":
        paths = (f"sqlite:///{folder}/{number}.sqlite" for number in range(10_000))
        yield lambda: Access(next(paths))
        return
    server: DatabaseServer
    with DATABASES[kind]() as server:
        yield lambda: Access(server.url(server.new_database()), PASSWORD)


def measure(kind: str, folder: Path, bodies: Sequence[bytes], rounds: int) -> Figures:
    """Raw and loader in turn."""
    figures, batches = Figures(), ready(bodies)
    with databases(kind, folder) as new:
        for number in range(rounds):
            figures.raw.append(measure_raw(new(), kind, batches))
            figures.loader.append(measure_loader(new(), folder / f"{kind}-{number}", bodies))
            print(f"{kind}: raw {figures.raw[-1]:,.0f}, loader {figures.loader[-1]:,.0f} rows/s", flush=True)
    return figures


def page(found: dict[str, Figures], count: int, rounds: int) -> str:
    """As Markdown."""
    rows = [
        (
            kind,
            f"{statistics.median(one.raw):,.0f}",
            f"{statistics.median(one.loader):,.0f}",
            f"{one.share:.0%}",
            f"≥ {AIM:.0%}",
        )
        for kind, one in found.items()
    ]
    assert __doc__ is not None, "it is said above"
    how = __doc__.partition("\n\n")[2]
    parts = [
        "# Loading",
        f"Measured by `python -m bench.repository` on {datetime.now(UTC).date().isoformat()}: {count:,} rows, "  # noqa: ISC004
        f"{len(JOBS.names)} columns, {BATCH:,} in a transaction, {rounds} rounds.",
        how.strip(),
        table(("database", "raw rows/s", "loader rows/s", "share", "aim"), rows),
        "## The machine",
        table(("", ""), description()),
    ]
    return "\n\n".join(parts) + "\n"


def main(argv: Sequence[str]) -> int:
    """1 when a share is below the aim."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=RAW)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args(argv)
    bodies = messages(arguments.messages)
    found: dict[str, Figures] = {}
    for kind in [arguments.only] if arguments.only else RAW:
        if kind == "sqlite" or DATABASE_INSTALLED[kind]():
            with tempfile.TemporaryDirectory(prefix="ssm-bench-") as folder:
                found[kind] = measure(kind, Path(folder), bodies, arguments.rounds)
        else:
            print(f"{kind} is not installed: make servers")
    text = page(found, arguments.messages * RECORDS, arguments.rounds)
    print(text)
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")
    return int(any(one.share < AIM for one in found.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
