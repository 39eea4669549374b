# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: COPY into a temporary table, then one statement that merges; partitions by month."""

from collections.abc import Collection, Sequence
from functools import cache

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from ssm.accounting.layouts import LAYOUTS, MESSAGE, Layout
from ssm.errors import CredentialError, RepositoryError, RepositoryUnavailableError, SsmError, UnstorableError
from ssm.ports.repository import Row
from ssm.repository.session import NO_DATABASE, Access, Dialect, Touched, Upserted
from ssm.repository.upserts import on_conflict, quoted, said_again

UPGRADE_LOCK = 0x55AC_C0DE
PARTITION_LOCK = 0x55AC_C0DF
# Classes of SQLSTATE after which the same may be tried again: connection, transaction rollback, resources, operator
# intervention, system error (PostgreSQL, appendix A).
PASSING = ("08", "40", "53", "55", "57", "58")
LOGIN = ("28",)
SEE = "see [database] url and password"
REFUSALS = ("authentication failed", "no pg_hba.conf entry")
TAKEN = "23505"
NO_PARTITION = "23514"
UNSTORABLE = ("22", "23")


def open_engine(access: Access) -> Engine:
    """One connection for each who asks."""
    try:
        import psycopg
    except ImportError as error:
        raise RepositoryError(
            "the driver for PostgreSQL is not installed", hint="pip install 'secure-stomp-messenger[postgres]'"
        ) from error
    del psycopg
    url = make_url(access.url).set(drivername="postgresql+psycopg", password=access.password)
    options = {
        "connect_timeout": max(1, round(access.connect_timeout_seconds)),
        "application_name": "ssm",
        # A server that has gone without a word is noticed within two minutes.
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 9,
    }
    return create_engine(url, poolclass=NullPool, connect_args=options)


class PostgresqlSession:
    """Implements ``ssm.repository.session.Session``."""

    def __init__(self, engine: Engine) -> None:
        import psycopg

        self.pooled = engine.raw_connection()
        connection = self.pooled.driver_connection
        assert isinstance(connection, psycopg.Connection), "the engine is ours"
        self.connection: psycopg.Connection[tuple[object, ...]] = connection
        self.connection.rollback()
        self.connection.autocommit = True
        self.partitions: set[tuple[str, int]] = set()

    def begin(self) -> None:
        """Read committed is enough: every statement that matters is one."""
        self.connection.execute("BEGIN")

    def commit(self) -> None:
        """Synced."""
        self.connection.execute("COMMIT")

    def rollback(self) -> None:
        """If there is a transaction."""
        if not self.connection.closed:
            self.connection.execute("ROLLBACK")

    def prepare(self, layout: Layout, months: Collection[int]) -> None:
        """A partition for each month, attached so that nobody who writes elsewhere has to wait."""
        missing = [month for month in months if layout.is_large and (layout.name, month) not in self.partitions]
        for month in sorted(missing):
            self.make_partition(layout.name, int(month))
            self.partitions.add((layout.name, month))

    def make_partition(self, table: str, month: int) -> None:
        """One at a time on the whole server; nothing where it is there."""
        name = f"{table}_{month:06d}"
        with self.connection.transaction():
            self.connection.execute("SELECT pg_advisory_xact_lock(%s)", (PARTITION_LOCK,))
            [(found,)] = self.connection.execute("SELECT to_regclass(%s)", (name,)).fetchall()
            if found is None:
                # CREATE ... PARTITION OF would lock the whole table against everybody; ATTACH does not.
                self.connection.execute(f"CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS)".encode())
                statement = f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES IN ({month})"
                self.connection.execute(statement.encode())

    def upsert(self, layout: Layout, rows: Sequence[Row]) -> Upserted:
        """The merge also tells which months it touched.

        It locks the rows that it leaves as well, so renewing these waits for nobody, and nobody comes in between.
        """
        staging = f"staging_{layout.name}"
        statement = f"CREATE TEMPORARY TABLE IF NOT EXISTS {staging} (LIKE {layout.name}) ON COMMIT DELETE ROWS"
        self.connection.execute(statement.encode())
        with self.connection.cursor() as cursor:
            with cursor.copy(f"COPY {staging} ({quoted(layout.names)}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row(row)
            found = cursor.execute(merge_of(layout.type.name).encode()).fetchall()
            changed = sum(int(str(count)) for _, _, count in found)
            if changed < len(rows):
                cursor.execute(renewal_of(layout.type.name).encode())
        return Upserted(changed, [Touched(str(site), int(str(month))) for site, month, _ in found])

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """New rows."""
        marks = ", ".join(["%s"] * len(columns))
        with self.connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} ({quoted(columns)}) VALUES ({marks})".encode(), rows)  # noqa: S608

    def select(self, statement: str, values: Sequence[object]) -> Sequence[tuple[object, ...]]:
        """All at once."""
        return self.connection.execute(statement.replace("{}", "%s").encode(), values).fetchall()

    def close(self) -> None:
        """Release the connection."""
        self.pooled.close()


@cache
def merge_of(kind: str) -> str:
    """The statement for a table; in the order of the keys, so that two loaders wait for each other one way only."""
    layout = LAYOUTS[kind]
    kept = ", ".join(f'kept."{name}"' for name in layout.values)
    new = ", ".join(f'excluded."{name}"' for name in layout.values)
    return (
        f"WITH changed AS ({insert_into(layout)} {on_conflict(layout)} "  # noqa: S608 - our own names
        f"AND ({kept}) IS DISTINCT FROM ({new}) RETURNING site, month) "
        "SELECT site, month, count(*) FROM changed GROUP BY site, month ORDER BY site, month"
    )


@cache
def renewal_of(kind: str) -> str:
    """The statement after that for a table: what is of an earlier message still is equal, and now of the later one.

    By the index of keys, whatever the planner knows of the tables: joined, 5000 rows have taken seconds.
    """
    layout = LAYOUTS[kind]
    message = f'"{MESSAGE}"'
    change = f"{message} = excluded.{message}{said_again(layout)}"
    renew = f"DO UPDATE SET {change} WHERE excluded.{message} > kept.{message}"
    return f"{insert_into(layout)} ON CONFLICT ({quoted(layout.key)}) {renew}"


def insert_into(layout: Layout) -> str:
    """How both begin."""
    names = quoted(layout.names)
    return (
        f"INSERT INTO {layout.name} AS kept ({names}) "  # noqa: S608 - our own names
        f"SELECT {names} FROM staging_{layout.name} ORDER BY {quoted(layout.key)}"
    )


def errors() -> tuple[type[Exception], ...]:
    """Of the driver."""
    import psycopg

    return (psycopg.Error,)


def trouble(error: Exception) -> SsmError:
    """What an error of the server means."""
    state = getattr(error, "sqlstate", None)
    said = str(error).strip().partition("\n")[0]
    if state is None:
        return not_connected(str(error), said)
    if state.startswith(LOGIN):
        return CredentialError(f"PostgreSQL refuses our login: {said}", hint=SEE)
    if state == TAKEN:
        return RepositoryUnavailableError("another loader has just stored the same")
    if state == NO_PARTITION and "no partition" in said:
        return RepositoryUnavailableError("somebody has taken a partition away; it is made anew")
    if state.startswith(UNSTORABLE):
        return UnstorableError(f"the database refuses it: {said}")
    return (RepositoryUnavailableError if state.startswith(PASSING) else RepositoryError)(f"PostgreSQL: {said}")


def not_connected(text: str, said: str) -> SsmError:
    """Without a state: there was no server to give one, or it would not have us."""
    if any(one in text for one in REFUSALS):
        return CredentialError(f"PostgreSQL refuses our login: {said}", hint=SEE)
    if "does not exist" in said:
        return RepositoryError(f"PostgreSQL: {said}", hint=NO_DATABASE)
    return RepositoryUnavailableError(f"PostgreSQL: {said}")


def begin_upgrade(connection: Connection) -> None:
    """Others who want to make tables wait until we commit."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")


POSTGRESQL = Dialect("postgresql", "PostgreSQL", open_engine, PostgresqlSession, errors, trouble, begin_upgrade)
