# SPDX-License-Identifier: Apache-2.0
"""MariaDB: statements of many rows with ON DUPLICATE KEY UPDATE."""

from collections.abc import Collection, Sequence
from functools import cache

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from ssm.accounting.layouts import LAYOUTS, MESSAGE, Layout
from ssm.errors import CredentialError, RepositoryError, RepositoryUnavailableError, SsmError, UnstorableError
from ssm.ports.repository import Row
from ssm.repository.session import NO_DATABASE, Access, Dialect, Upserted
from ssm.repository.upserts import by_month, quoted, said_again

UPGRADE_SECONDS = 600
ROWS = 500
"""Of one statement."""
UNCHANGED = "@unchanged"
"""A variable of the connection: how many rows were met and not changed since it was made."""
TAKEN, UNKNOWN = 1062, 1049
LOGIN = {1044, 1045, 1698}
# Lock wait, deadlock, disk full, table full, too many connections, server going down, connection lost or not made.
PASSING = {1021, 1028, 1037, 1040, 1041, 1053, 1077, 1079, 1114, 1205, 1213, 1290, 2002, 2003, 2006, 2013, 2055}


def open_engine(access: Access) -> Engine:
    """One connection for each who asks."""
    try:
        import pymysql
    except ImportError as error:
        raise RepositoryError(
            "the driver for MariaDB is not installed", hint="pip install 'secure-stomp-messenger[mariadb]'"
        ) from error
    del pymysql
    url = make_url(access.url).set(drivername="mariadb+pymysql", password=access.password)
    options = {
        "connect_timeout": max(1, round(access.connect_timeout_seconds)),
        "read_timeout": 600,
        "write_timeout": 600,
        "charset": "utf8mb4",
        # Whatever the server's default: nothing is cut or bent silently.
        "init_command": "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', "
        f"{UNCHANGED} = 0",
    }
    return create_engine(url, poolclass=NullPool, connect_args=options, isolation_level="READ COMMITTED")


class MariadbSession:
    """Implements ``ssm.repository.session.Session``."""

    def __init__(self, engine: Engine) -> None:
        import pymysql

        self.pooled = engine.raw_connection()
        connection = self.pooled.driver_connection
        assert isinstance(connection, pymysql.Connection), "the engine is ours"
        self.connection: pymysql.Connection[pymysql.cursors.Cursor] = connection
        self.connection.autocommit(True)  # a look at the tables must not hold them against an upgrade
        self.unchanged = 0

    def begin(self) -> None:
        """Begin."""
        self.connection.begin()

    def commit(self) -> None:
        """Synced."""
        self.connection.commit()

    def rollback(self) -> None:
        """If there is a transaction."""
        if self.connection.open:
            self.connection.rollback()
            with self.connection.cursor() as cursor:  # a statement that failed may have counted
                cursor.execute(f"SET {UNCHANGED} = {self.unchanged}")

    def prepare(self, layout: Layout, months: Collection[int]) -> None:
        """Nothing."""

    def upsert(self, layout: Layout, rows: Sequence[Row]) -> Upserted:
        """The server's number of affected rows does not tell changed ones from renewed ones.

        So the statement counts for itself where it meets a row that it does not change; no further one asks for that.
        """
        head, marks, tail = upsert_of(layout.type.name)
        changed, touched = 0, []
        with self.connection.cursor() as cursor:
            for month, group in by_month(rows):
                count = len(group)
                for begin in range(0, len(group), ROWS):
                    part = group[begin : begin + ROWS]
                    values = ",".join(cursor.mogrify(marks, row) for row in part)
                    cursor.execute(f"{head}{values}{tail}")
                    count -= self.newly_unchanged(cursor.lastrowid)
                if count:
                    changed += count
                    touched.append(month)
        return Upserted(changed, touched)

    def newly_unchanged(self, total: int | None) -> int:
        """By the last statement, which says the new total if it met such a row, else 0."""
        before = self.unchanged
        self.unchanged = total or before
        return self.unchanged - before

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """New rows."""
        marks = ", ".join(["%s"] * len(columns))
        with self.connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({quoted(columns, '`')}) VALUES ({marks})", rows)  # noqa: S608

    def select(self, statement: str, values: Sequence[object]) -> Sequence[tuple[object, ...]]:
        """All at once."""
        with self.connection.cursor() as cursor:
            cursor.execute(statement.replace("{}", "%s"), tuple(values))
            return cursor.fetchall()

    def close(self) -> None:
        """Release the connection."""
        self.pooled.close()


@cache
def upsert_of(kind: str) -> tuple[str, str, str]:
    """The statement for a table: before the rows, one row, after them.

    Assignments are made from left to right: the first decides whose the row is, an equal one that of the later message,
    and counts where it is not changed; the others look at that. Rows that are added pay nothing for it.
    """
    layout = LAYOUTS[kind]
    same = " AND ".join(f"`{name}` <=> VALUES(`{name}`)" for name in layout.values)
    mine = f"`{MESSAGE}`"
    later = f"GREATEST({mine}, VALUES({mine}))"
    counted = f"LAST_INSERT_ID({UNCHANGED} := {UNCHANGED} + 1) > 0"  # what the driver calls lastrowid
    decide = f"{mine} = IF(VALUES({mine}) >= {mine} AND NOT ({same}), {later}, IF({counted}, {later}, NULL))"
    follow = ", ".join(f"`{name}` = IF({mine} = VALUES({mine}), VALUES(`{name}`), `{name}`)" for name in layout.values)
    head = f"INSERT INTO {layout.name} ({quoted(layout.names, '`')}) VALUES "  # noqa: S608 - our own names
    marks = "(" + ",".join(["%s"] * len(layout.names)) + ")"
    return head, marks, f" ON DUPLICATE KEY UPDATE {decide}, {follow}{said_again(layout)}"


def errors() -> tuple[type[Exception], ...]:
    """Of the driver."""
    import pymysql

    return (pymysql.Error, OSError)


def trouble(error: Exception) -> SsmError:
    """What an error of the server means."""
    number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
    said = str(error.args[-1]) if error.args else type(error).__name__
    if number in LOGIN:
        return CredentialError(f"MariaDB refuses our login: {said}", hint="see [database] url and password")
    if number == UNKNOWN:
        return RepositoryError(f"MariaDB: {said}", hint=NO_DATABASE)
    if number == TAKEN:
        return RepositoryUnavailableError("another loader has just stored the same")
    if type(error).__name__ in {"DataError", "IntegrityError"}:
        return UnstorableError(f"the database refuses it: {said}")
    if number in PASSING or isinstance(error, OSError) or number == 0:
        return RepositoryUnavailableError(f"MariaDB: {said}")
    return RepositoryError(f"MariaDB: {said}")


def begin_upgrade(connection: Connection) -> None:
    """Others who want to make tables wait until our connection ends."""
    connection.exec_driver_sql("SELECT GET_LOCK('ssm upgrade', %s)", (UPGRADE_SECONDS,))


MARIADB = Dialect("mariadb", "MariaDB", open_engine, MariadbSession, errors, trouble, begin_upgrade)
