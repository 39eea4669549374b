# SPDX-License-Identifier: Apache-2.0
"""SQLite: no set-up, one file, not on network disks; WAL, and every commit synced."""

import fcntl
import os
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from functools import cache, partial
from operator import itemgetter
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from ssm.accounting.layouts import LAYOUTS, MESSAGE, Layout
from ssm.errors import RepositoryError, RepositoryUnavailableError, SsmError, UnstorableError
from ssm.ports.repository import Row
from ssm.repository.session import Access, Dialect, Upserted
from ssm.repository.upserts import by_month, on_conflict, quoted, said_again

BUSY_SECONDS = 60.0
MAKES = "see [database] url; ssm load makes it with the first message, ssm db upgrade without one"
TURN = "-turn"
FOLDER_MODE = 0o750
FILE_MODE = 0o640
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
TAKEN = ("SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE")
FOREVER = ("SQLITE_READONLY", "SQLITE_AUTH", "SQLITE_PERM")
UNWRITABLE = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_IOERR")
HINTS = {
    "SQLITE_FULL": "free some space",
    "SQLITE_IOERR": "free some space, or mend the disk",
    "SQLITE_CANTOPEN": "the file and its folder must be there, and belong to this program",
}
HELD = "end who holds the file"


def open_engine(access: Access) -> Engine:
    """One connection for each who asks; transactions are begun by us, not by the driver."""
    path = make_url(access.url).database
    if not path or path == ":memory:":
        raise RepositoryError("the url must name a file, as sqlite:////var/lib/ssm/accounting.sqlite")
    engine = create_engine(
        access.url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
    )
    file = Path(path)
    if access.makes_file:
        event.listen(engine, "do_connect", lambda *_: make_file(file))
        event.listen(engine, "connect", keep_a_log)
    else:
        event.listen(engine, "do_connect", open_existing)
    event.listen(engine, "connect", partial(set_up, file))
    event.listen(engine, "handle_error", lambda context: require_writable_disk(file, context.original_exception))
    return engine


def make_file(path: Path) -> None:
    """An empty file of ours, which others may not read, before SQLite makes one that they may."""
    try:
        path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(FILE_MODE)
    except OSError as error:
        raise RepositoryError(f"{path}: {error.strerror}", hint="the folder must belong to this program") from error


def open_existing(_: object, __: object, words: list[str], options: dict[str, object]) -> None:
    """The file is opened only where it is there; SQLite itself is told to make none, should it go this very moment."""
    path = Path(words[0])
    try:
        is_there = path.is_file()
    except OSError as error:
        raise RepositoryError(f"{path}: {error.strerror}") from error
    if not is_there:
        raise RepositoryError(f"there is no database {path}", hint=MAKES)
    words[0] = f"{path.as_uri()}?mode=rw"
    options["uri"] = True


def keep_a_log(connection: sqlite3.Connection, _: object) -> None:
    """WAL, which the file remembers."""
    connection.execute("PRAGMA journal_mode=WAL")


def set_up(path: Path, connection: sqlite3.Connection, _: object) -> None:
    """What SQLite forgets between connections."""
    try:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA cache_size=-65536")
    except sqlite3.OperationalError as error:
        require_writable_disk(path, error)
        raise


def require_writable_disk(path: Path, error: BaseException) -> None:
    """RepositoryUnavailableError where SQLite does not write because the disk is mounted so: that is not for ever."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(UNWRITABLE) and os.statvfs(path.parent).f_flag & os.ST_RDONLY:
        raise RepositoryUnavailableError(
            f"SQLite: {path}: the file system is read-only", hint="it may be so after an error of the disk: mend it"
        ) from error


class SqliteSession:
    """Implements ``ssm.repository.session.Session``."""

    def __init__(self, engine: Engine) -> None:
        self.pooled = engine.raw_connection()
        connection = self.pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection), "the engine is ours"
        self.connection = connection
        self.turn = os.open(f"{engine.url.database}{TURN}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)

    def begin(self) -> None:
        """At once for writing: waiting for a lock that is needed anyway is no deadlock.

        SQLite polls, with pauses as long as a transaction of ours; so loaders take turns at a file of their own first.
        """
        fcntl.flock(self.turn, fcntl.LOCK_EX)
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Synced."""
        self.connection.execute("COMMIT")
        fcntl.flock(self.turn, fcntl.LOCK_UN)

    def rollback(self) -> None:
        """If there is a transaction."""
        fcntl.flock(self.turn, fcntl.LOCK_UN)
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def prepare(self, layout: Layout, months: Collection[int]) -> None:
        """Nothing."""

    def upsert(self, layout: Layout, rows: Sequence[Row]) -> Upserted:
        """One by one in C; unchanged rows do not count as changed, and where there are some, equal ones are renewed."""
        statement, changed, touched = upsert_of(layout.type.name), 0, []
        for month, group in by_month(rows):
            count = self.connection.executemany(statement, group).rowcount
            if count:
                changed += count
                touched.append(month)
            if count < len(group):
                self.connection.executemany(renewal_of(layout.type.name), renewals(layout, group))
        return Upserted(changed, touched)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """New rows."""
        marks = ", ".join("?" * len(columns))
        self.connection.executemany(f"INSERT INTO {table} ({quoted(columns)}) VALUES ({marks})", rows)  # noqa: S608

    def select(self, statement: str, values: Sequence[object]) -> Sequence[tuple[object, ...]]:
        """All at once."""
        return self.connection.execute(statement.replace("{}", "?"), tuple(values)).fetchall()

    def close(self) -> None:
        """Release the file."""
        os.close(self.turn)
        self.pooled.close()


@cache
def upsert_of(kind: str) -> str:
    """The statement for a table."""
    layout = LAYOUTS[kind]
    marks = ", ".join("?" * len(layout.names))
    differs = " OR ".join(f'excluded."{name}" IS NOT kept."{name}"' for name in layout.values)
    return (
        f"INSERT INTO {layout.name} AS kept ({quoted(layout.names)}) VALUES ({marks}) "  # noqa: S608 - our own names
        f"{on_conflict(layout)} AND ({differs})"
    )


@cache
def renewal_of(kind: str) -> str:
    """The statement after that for a table: what is of an earlier message still is equal, and now of the later one."""
    layout = LAYOUTS[kind]
    key = " AND ".join(f'"{name}" = ?' for name in layout.key)
    also = said_again(layout)
    return f'UPDATE {layout.name} SET "{MESSAGE}" = ?{also} WHERE {key} AND "{MESSAGE}" < ?'  # noqa: S608 - our own names


def renewals(layout: Layout, rows: Sequence[Row]) -> Iterator[Row]:
    """Its values: the message, the key, with which every row begins, and the message."""
    message = layout.names.index(MESSAGE)
    return map(itemgetter(message, *range(len(layout.key)), message), rows)


def trouble(error: Exception) -> SsmError:
    """What an error of SQLite means."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if isinstance(error, OSError):
        return RepositoryUnavailableError(f"SQLite: {error.filename or ''}: {error.strerror}")
    if name.startswith((*DAMAGED, *FOREVER)):
        said = f"the database file is damaged, or not to be written: {error}"
        return RepositoryError(said, hint="see its owner and its mode; restore one that is damaged, or move it away")
    if name.startswith(TAKEN):
        return RepositoryUnavailableError("another loader has just stored the same")
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError):
        return UnstorableError(f"the database refuses it: {error}")
    if isinstance(error, sqlite3.OperationalError):
        hint = next((hint for begin, hint in HINTS.items() if name.startswith(begin)), HELD)
        return RepositoryUnavailableError(f"SQLite: {error}", hint=hint)
    return RepositoryError(f"SQLite: {error}")


def begin_upgrade(connection: Connection) -> None:
    """Nobody else writes until we commit."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


SQLITE = Dialect(
    "sqlite",
    "SQLite",
    open_engine,
    SqliteSession,
    lambda: (sqlite3.Error, OSError),
    trouble,
    begin_upgrade,
    is_served=False,
)
