# SPDX-License-Identifier: Apache-2.0
"""``python bench/summarise.py [--rows N] [--database KIND]``: what a late record costs in a database with many rows.

Jobs of 20 sites and 12 months are stored, all of them are added up, and then one job comes late, five times over.
"""

import argparse
import contextlib
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from sqlalchemy import text  # noqa: E402 - the path comes first
from tests.servers.database import DATABASES, PASSWORD  # noqa: E402

from ssm.accounting.layouts import LAYOUTS  # noqa: E402
from ssm.accounting.summarise import summarise  # noqa: E402
from ssm.ports.repository import Arrival, Block, Row, Stored  # noqa: E402
from ssm.records.moments import month_start  # noqa: E402
from ssm.repository.database import Database  # noqa: E402
from ssm.repository.session import Access  # noqa: E402
from ssm.repository.summaries import SqlSummaries  # noqa: E402

SITES, MONTHS, USERS, HOSTS = 20, 12, 40, 4
BATCH = 5000
LATE = 5
MOST_SECONDS = 1.0
DAY = 86_400


def jobs(count: int) -> Iterator[Row]:
    """Seeded; in the order of the keys."""
    chance = random.Random(5)
    each = max(1, count // (SITES * MONTHS))
    for site, month in itertools.product(range(SITES), range(1, MONTHS + 1)):
        for number in sorted(map(str, range(each))):
            yield job(site, month, number, chance)


def job(site: int, month: int, number: str, chance: random.Random) -> Row:
    """A row as the table has it."""
    wall, cores, user = chance.randrange(60, 172_800), chance.choice((1, 8)), chance.randrange(USERS)
    end = month_start(2024, month) + chance.randrange(28 * DAY)
    values: dict[str, str | int | float | None] = {
        "site": f"SITE-{site:02}", "month": 202_400 + month, "local_job_id": number, "end_time": end,
        "infrastructure": "grid", "submit_host": f"ce{chance.randrange(HOSTS)}.site{site}.example.org:9619/condor",
        "global_user_name": f"/DC=org/DC=example/CN=user {user}", "fqan": f"/vo{user % 5}/Role=production",
        "vo": f"vo{user % 5}", "vo_group": f"/vo{user % 5}", "vo_role": "Role=production", "wall_duration": wall,
        "cpu_duration": wall * cores * 9 // 10, "processors": cores, "node_count": 1, "start_time": end - wall,
        "infrastructure_type": "grid", "service_level_type": "HEPscore23", "service_level": 11.25, "message": 1,
    }  # fmt: skip
    return tuple(values.get(name) for name in LAYOUTS["job"].names)


def store(database: Database, rows: Sequence[Row], number: int) -> None:
    """A message: the last column of its rows is its number."""
    arrival = Arrival(number, number.to_bytes(32), f"00000000/{number:014x}", None, None, 1_700_000_000)
    repository = database.open()
    repository.store([Stored(arrival, "job", len(rows))], [Block("job", [(*row[:-1], number) for row in rows])])
    repository.close()


def fill(database: Database, count: int) -> int:
    """All jobs; how many there are."""
    source, stored = jobs(count), 0
    for number in itertools.count(1):
        rows = list(itertools.islice(source, BATCH))
        if not rows:
            return stored
        store(database, rows, number)
        stored += len(rows)
    raise AssertionError


def measured(access: Access, count: int) -> tuple[int, float, float, float]:
    """Rows, seconds of the first adding up, and of one late record: median and worst."""
    database = Database(access)
    database.upgrade()
    stored = fill(database, count)
    if access.url.startswith("postgresql"):
        with database.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
    first = timed(database)
    late = []
    for number in range(LATE):
        store(database, [job(number, 6, f"late{number}", random.Random(number))], 1_000_000 + number)
        late.append(timed(database))
    database.close()
    return stored, first, statistics.median(late), max(late)


def timed(database: Database) -> float:
    """One run of the summariser."""
    begun = time.perf_counter()
    with contextlib.closing(SqlSummaries(database)) as summaries:
        for _ in summarise(summaries):
            pass
    return time.perf_counter() - begun


def main() -> int:
    """The table; 1 where a late record takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--database", action="append", choices=("sqlite", *DATABASES))
    arguments = parser.parse_args()
    print("| database | jobs | all months, s | one late record, s | worst of five, s |\n|---|---|---|---|---|")
    is_slow = False
    for kind in arguments.database or ("sqlite", *DATABASES):
        with ExitStack() as stack:
            if kind == "sqlite":
                access = Access(f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/accounting.sqlite")
            else:
                server = stack.enter_context(DATABASES[kind]())
                access = Access(server.url(server.new_database()), PASSWORD)
            stored, first, middle, worst = measured(access, arguments.rows)
        print(f"| {kind} | {stored:,} | {first:.1f} | {middle:.3f} | {worst:.3f} |", flush=True)
        is_slow |= worst > MOST_SECONDS
    return int(is_slow)


if __name__ == "__main__":
    sys.exit(main())
