# SPDX-License-Identifier: Apache-2.0
"""One database on several PostgreSQL servers, divided by site (postgres_fdw).

Loaders write to the server that owns a site; readers ask a coordinator, to which the servers' tables are partitions.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
from tests.servers.database import PASSWORD, USER, DatabaseServer, PostgreSql
from tests.servers.ports import HOST

from ssm.repository.database import Database
from ssm.repository.session import Access

READ = ("super_summaries", "cloud_super_summaries", "storage_super_summaries", "sources", "dirty", "job_records")
VERSION = "alembic_version"
SETTINGS = ("enable_partitionwise_aggregate = on", "enable_partitionwise_join = on")
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Cluster:
    """The servers."""

    shards: tuple[Access, ...]
    coordinator: Access
    port: int
    database: str

    def connect(self) -> Connection:
        return connect(self.port, self.database)

    def owners(self, sites: Sequence[str]) -> list[int]:
        """Which of the shards each site belongs to, by the rule of the coordinator's own partitions."""
        query = "SELECT satisfies_hash_partition('super_summaries'::regclass, %s, %s, %s::varchar)"
        found = []
        with self.connect() as connection:
            for site in sites:
                asked = (connection.execute(query, (len(self.shards), at, site)) for at in range(len(self.shards)))
                found.append([row for cursor in asked for row in cursor.fetchall()].index((True,)))
        return found


def connect(port: int, database: str) -> Connection:
    return psycopg.connect(host=HOST, port=port, user=USER, password=PASSWORD, dbname=database, autocommit=True)


@contextmanager
def running(count: int) -> Iterator[Cluster]:
    """So many real servers, and one that coordinates."""
    with ExitStack() as stack:
        servers: list[DatabaseServer] = [stack.enter_context(PostgreSql()) for _ in range(count + 1)]
        names = [one.new_database() for one in servers]
        accesses = [Access(one.url(name), PASSWORD) for one, name in zip(servers, names, strict=True)]
        for access in accesses[:-1]:
            database = Database(access)
            database.upgrade()
            database.close()
        cluster = Cluster(tuple(accesses[:-1]), accesses[-1], servers[-1].port, names[-1])
        join(cluster, [(one.port, name) for one, name in zip(servers[:-1], names[:-1], strict=True)])
        yield cluster


def join(cluster: Cluster, shards: Sequence[tuple[int, str]]) -> None:
    """Make the coordinator's tables."""
    with cluster.connect() as connection:
        run(connection, "CREATE EXTENSION postgres_fdw")
        for number, (port, name) in enumerate(shards):
            options = "async_capable 'true', fdw_tuple_cost '1.0', fetch_size '10000', use_remote_estimate 'false'"
            run(connection, f"CREATE SERVER shard{number} FOREIGN DATA WRAPPER postgres_fdw OPTIONS "
                f"(host '{HOST}', port '{port}', dbname '{name}', {options})")  # fmt: skip
            run(connection, f"CREATE USER MAPPING FOR {USER} SERVER shard{number} OPTIONS "
                f"(user '{USER}', password '{PASSWORD}')")  # fmt: skip
            run(connection, f"CREATE SCHEMA shard{number}")
            wanted = ", ".join((*READ, VERSION))
            run(connection, f"IMPORT FOREIGN SCHEMA public LIMIT TO ({wanted}) "
                f"FROM SERVER shard{number} INTO shard{number}")  # fmt: skip
        for table in READ:
            run(connection, f"CREATE TABLE {table} (LIKE shard0.{table}) PARTITION BY HASH (site)")
            for number in range(len(shards)):
                run(connection, f"ALTER TABLE {table} ATTACH PARTITION shard{number}.{table} "
                    f"FOR VALUES WITH (MODULUS {len(shards)}, REMAINDER {number})")  # fmt: skip
        run(connection, f"CREATE TABLE {VERSION} AS SELECT * FROM shard0.{VERSION}")
        for setting in SETTINGS:
            run(connection, f"ALTER DATABASE {cluster.database} SET {setting}")


def run(connection: Connection, statement: str) -> None:
    connection.execute(statement.encode())


def upsert_through_the_coordinator(cluster: Cluster) -> str:
    """What the coordinator says to a loader."""
    with cluster.connect() as connection:
        try:
            run(connection, "INSERT INTO dirty VALUES ('A', 202401, 'job', 1) ON CONFLICT (site, month, kind, message) "
                "DO UPDATE SET message = 2")  # fmt: skip
        except psycopg.Error as error:
            return str(error).splitlines()[0]
    return ""


def plan_of(cluster: Cluster, query: str) -> str:
    """How the coordinator goes about a query."""
    with cluster.connect() as connection:
        return "\n".join(str(row[0]) for row in connection.execute(f"EXPLAIN (COSTS OFF) {query}".encode()).fetchall())
