# SPDX-License-Identifier: Apache-2.0
"""Transactions that see one state of the database from beginning to end; and being the only one to do something."""

import contextlib
import zlib
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ssm.errors import RepositoryUnavailableError
from ssm.repository.database import Database
from ssm.repository.dialects.mariadb import MARIADB
from ssm.repository.dialects.postgresql import POSTGRESQL
from ssm.repository.dialects.sqlite import SQLITE

REPEATABLE_READ = "REPEATABLE READ"


def begin_sqlite(connection: Connection) -> None:
    """For writing at once: waiting for a lock that is needed anyway is no deadlock."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_server(connection: Connection) -> None:
    """Begins by itself, with what the connection was told: once is enough."""
    if connection.get_execution_options().get("isolation_level") != REPEATABLE_READ:
        connection.execution_options(isolation_level=REPEATABLE_READ)


BEGINNINGS: Mapping[str, Callable[[Connection], None]] = MappingProxyType(
    {SQLITE.name: begin_sqlite, POSTGRESQL.name: begin_server, MARIADB.name: begin_server}
)
# Ask whether nobody else holds a lock of ours, and hold it until the connection ends.
LOCKS: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        POSTGRESQL.name: lambda name: f"SELECT pg_try_advisory_lock({zlib.crc32(name.encode())})",
        MARIADB.name: lambda name: f"SELECT GET_LOCK('ssm {zlib.crc32(name.encode()):08x}', 0)",
    }
)


class KeptConnection:
    """One connection for many transactions, one after the other; a new one after an error."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.connection: Connection | None = None

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Reads one state, writes all or nothing; durable at its end."""
        with self.connected() as connection:
            BEGINNINGS[self.database.dialect.name](connection)
            yield connection
            connection.commit()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Reads one state, and writes nothing."""
        with self.connected() as connection:
            if self.database.dialect.name == SQLITE.name:
                connection.exec_driver_sql("BEGIN")
            else:
                begin_server(connection)
            yield connection
            connection.rollback()

    @contextlib.contextmanager
    def connected(self) -> Iterator[Connection]:
        """The connection, or a new one."""
        with self.database.errors():
            try:
                self.connection = self.connection or self.database.engine.connect()
                yield self.connection
            except BaseException:
                self.close()  # which undoes what was begun
                raise

    def close(self) -> None:
        """Release the connection; what went wrong before is what is told."""
        if self.connection is not None:
            with contextlib.suppress(DBAPIError, *self.database.dialect.errors()):
                self.connection.close()
            self.connection = None


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
