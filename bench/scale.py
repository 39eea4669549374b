# SPDX-License-Identifier: Apache-2.0
"""``python -m bench.scale [--millions 1 5 25] [--only sqlite]``: what growth costs, a JSON line each.

Into one database go jobs of 60 sites, 12 VOs and 12 months, a thousand in a message, sites in turn, five messages in
a transaction, until there are as many as asked for. Storing is timed without making the rows (reading messages is
another benchmark). At each size: add up everything, make the report of the year, then one late job: store it, add up
what it touched; then the same job, corrected. Then several loaders on one server, and a database that is divided by
site over three.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers.database import PASSWORD, PostgreSql

from bench import shards
from bench.invented import JOBS, MONTHS, Batch, batches, sites
from bench.loaders import Loader, sharing, stored_per_second
from ssm.accounting.summarise import summarise
from ssm.repository.database import Database
from ssm.repository.session import Access
from ssm.repository.summaries import SqlSummaries

MILLION = 1_000_000
LATE_SEED, LATE_MESSAGES = 999, 10**12
Opened = tuple[Access, Callable[[], int]]
REPORT_QUERY = """SELECT month, site, vo, submit_host, infrastructure, service_level_type, sum(number_of_jobs),
sum(cpu_duration), sum(core_wall_duration), sum(normalised_core_wall_duration) FROM super_summaries
WHERE month BETWEEN 202401 AND 202412 GROUP BY 1, 2, 3, 4, 5, 6"""
JOBS_QUERY = "SELECT site, month, count(*), sum(wall_duration) FROM job_records GROUP BY 1, 2"


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--millions", type=float, nargs="+", default=[1, 5])
    parser.add_argument("--only", choices=("sqlite", "postgresql", "loaders", "shards"))
    parser.add_argument("--rows", type=int, default=100_000, help="for each loader, with loaders and shards")
    parser.add_argument("--folder", type=Path, help="where databases may grow (default: a temporary folder)")
    arguments = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="ssm-scale-", dir=arguments.folder) as name:
        for kind in ("sqlite", "postgresql"):
            if arguments.only in {None, kind}:
                for one in grown(kind, Path(name), [int(size * MILLION) for size in arguments.millions]):
                    tell(**one)
        if arguments.only in {None, "loaders"}:
            many_loaders(arguments.rows)
        if arguments.only in {None, "shards"}:
            sharded(Path(name), arguments.rows)
    return 0


def grown(kind: str, folder: Path, sizes: Sequence[int]) -> Iterator[dict[str, object]]:
    """One database that grows. Seconds: adding up all that has changed, which is every month of every site; the report
    of the year by the program; a late job, stored and added up; the same by starting ssm summarise for it.
    """
    with opened(kind, folder) as (access, octets):
        before = 0
        for step, size in enumerate(sizes):
            rates = store(access, batches(step, size - before, sites(), step * 10**9))
            yield {"database": kind, **rates, **measured(folder, access, size), "octets": octets()}
            before = size


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Opened]:
    """An empty database, and how large it is."""
    if kind == "sqlite":
        path = folder / "accounting.sqlite"
        yield Access(f"sqlite:///{path}"), lambda: sum(one.stat().st_size for one in folder.glob("accounting.sqlite*"))
        return
    with PostgreSql() as server:
        name = server.new_database()
        yield Access(server.url(name), PASSWORD), lambda: pg_octets(server.port, name)


def pg_octets(port: int, name: str) -> int:
    with shards.connect(port, name) as connection:
        [(found,)] = connection.execute("SELECT pg_database_size(current_database())").fetchall()
        return int(str(found))


def store(access: Access, made: Iterator[Batch]) -> dict[str, float]:
    """Rows a second, of all and of the last tenth."""
    database = Database(access)
    database.upgrade()
    repository = database.open()
    times: list[tuple[int, float]] = []
    used = 0.0
    for one in made:
        begun, before = time.perf_counter(), time.process_time()
        repository.store(one.messages, one.blocks)
        times.append((len(one.rows), time.perf_counter() - begun))
        used += time.process_time() - before
    repository.close()
    database.close()
    rows = sum(count for count, _ in times)
    return {
        "rows_per_second": rate(times),
        "rows_per_processor_second": rows / used,
        "last_tenth_per_second": rate(times[-max(1, len(times) // 10) :]),
    }


def rate(times: Sequence[tuple[int, float]]) -> float:
    return sum(rows for rows, _ in times) / sum(seconds for _, seconds in times)


def measured(folder: Path, access: Access, size: int) -> dict[str, float]:
    """At a size."""
    write_config(folder, "scale", access)
    found = {"jobs": size, "summarise_seconds": timed(lambda: added_up(access))}
    found["report_seconds"] = timed(lambda: report(folder, "scale"))
    found["late_seconds"] = timed(lambda: late_and_added_up(access, size))
    one_late(access, size + 1)
    found["late_program_seconds"] = timed(lambda: program("summarise", "-c", str(folder / "scale.cfg")))
    found["corrected_seconds"] = timed(lambda: corrected_and_added_up(access, size))
    return found


def write_config(folder: Path, name: str, access: Access) -> None:
    (folder / "spool").mkdir(exist_ok=True)
    password = f"password: {access.password}\n" if access.password else ""
    words = f"[loader]\n[messaging]\npath: {folder}/spool\n[database]\nurl: {access.url}\n{password}"
    (folder / f"{name}.cfg").write_text(words)


def report(folder: Path, name: str) -> None:
    """The year, as a page."""
    year = ("--from", str(MONTHS[0]), "--until", str(MONTHS[-1]), "--html", str(folder / f"{name}.html"))
    program("report", "-c", str(folder / f"{name}.cfg"), *year)


def one_late(access: Access, number: int) -> None:
    """A job of a large site, in the middle of the year."""
    put(access, late_job(number, LATE_MESSAGES))


def late_job(number: int, messages: int) -> Batch:
    [batch] = batches(LATE_SEED + number, 1, sites()[:1], messages + number)
    return batch


def put(access: Access, batch: Batch) -> None:
    database = Database(access)
    repository = database.open()
    repository.store(batch.messages, batch.blocks)
    repository.close()
    database.close()


def corrected_and_added_up(access: Access, number: int) -> None:
    """The late job, with another time of its processors: its month is made anew."""
    batch = late_job(number, 2 * LATE_MESSAGES)
    at = JOBS.names.index("cpu_duration")
    rows = [(*row[:at], int(str(row[at])) + 1, *row[at + 1 :]) for row in batch.rows]
    put(access, Batch(batch.messages, rows))
    added_up(access)


def late_and_added_up(access: Access, number: int) -> None:
    one_late(access, number)
    added_up(access)


def added_up(access: Access) -> int:
    database = Database(access)
    summaries = SqlSummaries(database)
    with summaries.alone():
        count = sum(1 for _ in summarise(summaries))
    database.close()
    return count


def program(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "ssm", *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def many_loaders(rows: int) -> None:
    """One, two, four loaders on one PostgreSQL."""
    for count in (1, 2, 4):
        with opened("postgresql", Path()) as (access, _):
            database = Database(access)
            database.upgrade()
            database.close()
            tell(loaders=count, rows_per_second=stored_per_second(sharing(access, count), rows, count * 10**9))


def sharded(folder: Path, rows: int) -> None:
    """Three servers and a coordinator; each site's rows go to the server that owns it."""
    with shards.running(3) as cluster:
        owners = cluster.owners([one.name for one in sites()])
        loaders = [
            Loader(access, tuple(at for at, owner in enumerate(owners) if owner == number))
            for number, access in enumerate(cluster.shards)
        ]
        tell(
            shards=3,
            sites=[len(one.sites) for one in loaders],
            rows_per_second=stored_per_second(loaders, rows, 5 * 10**9),
        )
        for number, access in enumerate(cluster.shards):
            begun = time.perf_counter()
            added_up(access)
            tell(shard=number, summarise_seconds=time.perf_counter() - begun)
        with cluster.connect() as connection:
            for name, query in (("report", REPORT_QUERY), ("jobs", JOBS_QUERY)):
                tell(query=name, seconds=min(timed(lambda query=query: asked(connection, query)) for _ in range(3)))  # type: ignore[misc] # mypy cannot infer a lambda with a default
                print(shards.plan_of(cluster, query))
            [(count,)] = asked(connection, "SELECT count(*) FROM job_records")
            assert count == 3 * rows, "what loaders stored is what the coordinator finds"
        write_config(folder, "coordinator", cluster.coordinator)
        tell(report_of_the_coordinator_seconds=timed(lambda: report(folder, "coordinator")))
        tell(upsert_through_the_coordinator=shards.upsert_through_the_coordinator(cluster))


def asked(connection: shards.Connection, query: str) -> Sequence[tuple[object, ...]]:
    return connection.execute(query.encode()).fetchall()


def tell(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
