# SPDX-License-Identifier: Apache-2.0
"""Transactions that see one state of the database from beginning to end; and being the only one to do something."""

import contextlib
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from sqlalchemy import Connection

from ssm.errors import RepositoryUnavailableError
from ssm.repository.database import Database

REPEATABLE_READ = "REPEATABLE READ"


def begin_sqlite(connection: Connection) -> None:
    """For writing at once: waiting for a lock that is needed anyway is no deadlock."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_server(connection: Connection) -> None:
    """Begins by itself, with what the connection was told."""
    connection.execution_options(isolation_level=REPEATABLE_READ)


BEGINNINGS: Mapping[str, Callable[[Connection], None]] = MappingProxyType(
    {"sqlite": begin_sqlite, "postgresql": begin_server, "mariadb": begin_server}
)
# Ask whether nobody else holds a lock of ours, and hold it until the connection ends.
LOCKS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "postgresql": lambda name: f"SELECT pg_try_advisory_lock({zlib.crc32(name.encode())})",
        "mariadb": lambda name: f"SELECT GET_LOCK('ssm {zlib.crc32(name.encode()):08x}', 0)",
    }
)


@contextlib.contextmanager
def transaction(database: Database) -> Iterator[Connection]:
    """Reads one state, writes all or nothing; durable at its end."""
    with database.connect() as connection:
        BEGINNINGS[database.dialect.name](connection)
        try:
            yield connection
            connection.commit()
        except BaseException:
            connection.rollback()
            raise


@contextlib.contextmanager
def reading(database: Database) -> Iterator[Connection]:
    """Reads one state, and writes nothing."""
    with database.connect() as connection:
        if database.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            begin_server(connection)
        try:
            yield connection
        finally:
            connection.rollback()


@contextlib.contextmanager
def alone(database: Database, name: str) -> Iterator[None]:
    """Nobody else does the same meanwhile; RepositoryUnavailableError where somebody does already.

    SQLite has no such lock, and needs none: whoever writes there is alone anyway, for each transaction.
    """
    ask = LOCKS.get(database.dialect.name)
    if ask is None:
        yield
        return
    with database.connect() as connection:
        if not connection.exec_driver_sql(ask(name)).scalar():
            raise RepositoryUnavailableError(f"another {name} is at work", hint="wait until it has ended")
        connection.commit()  # the lock is that of the connection, not of a transaction
        yield
