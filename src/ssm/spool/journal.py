# SPDX-License-Identifier: Apache-2.0
"""The journal: a SQLite file beside the spool, with the history of each message and the memory of what was filed.

A lost or broken journal costs at worst a duplicate, never a message; a broken one is moved aside and begun anew.
Every commit is synced (WAL, FULL), and callers put a whole batch into one.
"""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ssm.errors import SpoolError, SpoolUnavailableError
from ssm.ports.journal import Entry
from ssm.spool.durable import FILE_MODE, disk_errors, make_folder
from ssm.spool.instance import alone

logger = logging.getLogger(__name__)

NAME = "journal.sqlite"
VERSION = 2
BUSY_SECONDS = 30.0
SCHEMA = """
CREATE TABLE history (
    at REAL NOT NULL, state TEXT NOT NULL, digest BLOB, message_id TEXT, element TEXT, signer TEXT, reason TEXT
);
CREATE INDEX history_by_message ON history (message_id);
CREATE INDEX history_by_time ON history (at);
CREATE TABLE filed (digest BLOB PRIMARY KEY, box TEXT NOT NULL, element TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX filed_by_time ON filed (at);
CREATE TABLE unsettled (
    element TEXT PRIMARY KEY, at REAL NOT NULL, boot TEXT NOT NULL, octets INTEGER NOT NULL,
    body BLOB NOT NULL, signer TEXT, empaid TEXT, error TEXT
);
CREATE TABLE judging (digest BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sealed (
    element TEXT PRIMARY KEY, payload_digest BLOB NOT NULL, sealed_digest BLOB NOT NULL, at REAL NOT NULL
) WITHOUT ROWID;
"""
PIECES = """
CREATE TABLE pieces (
    piece TEXT PRIMARY KEY, element TEXT NOT NULL, payload_digest BLOB NOT NULL, is_sent INTEGER NOT NULL,
    at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX pieces_by_element ON pieces (element);
"""
STEPS = (SCHEMA, PIECES)
"""What makes version 1 of nothing, 2 of 1, and so on."""


class SqliteJournal:
    """Implements ``ssm.ports.journal.Journal``, and lends its transactions. Safe between threads."""

    def __init__(self, state: Path) -> None:
        self.path = state / NAME
        self.lock = threading.Lock()
        with disk_errors(state):
            make_folder(state)
            self.connection = self.open_sound()

    def open_sound(self, *, doubtful: bool = False) -> sqlite3.Connection:
        """Open; a broken file is moved aside. One program at a time: a file half made by another is not broken."""
        with alone(self.path.with_name(f"{NAME}.lock")):
            try:
                return self.open(doubtful=doubtful)
            except sqlite3.DatabaseError as error:
                if not is_broken(error):
                    raise SpoolUnavailableError(f"{self.path}: {error}", hint="is the disk writable?") from error
                self.move_aside(error)
                return self.open()

    def open(self, *, doubtful: bool = False) -> sqlite3.Connection:
        """Open, and bring up to date; look through a doubtful one, for its first page may be whole."""
        self.path.touch(FILE_MODE)
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, cached_statements=64
        )
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            self.migrate(connection)
            if doubtful:
                require_sound(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def migrate(self, connection: sqlite3.Connection) -> None:
        """Make the tables where there are none; refuse those of a newer program."""
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found > VERSION:
            raise SpoolError(
                f"{self.path} was written by a newer version of this program",
                hint="use that version, or move the file away: at worst some messages are filed twice",
            )
        if found < VERSION:
            steps = " ".join(STEPS[found:])
            connection.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version={VERSION}; COMMIT;")

    def move_aside(self, error: sqlite3.DatabaseError) -> None:
        """Keep a broken file for whoever wants to look, and begin anew; the copies in it are lost, so all is synced."""
        os.sync()
        aside = self.path.with_name(f"{NAME}.broken-{int(time.time())}")
        logger.error("%s is broken (%s); moved to %s. Some messages may be filed twice.", self.path, error, aside.name)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(NAME + suffix).unlink(missing_ok=True)
        self.path.rename(aside)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One synced transaction; SpoolUnavailableError when the disk is in the way."""
        with self.lock:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self.connection
                    self.connection.execute("COMMIT")
                except BaseException:
                    if self.connection.in_transaction:
                        self.connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise self.trouble(error) from error

    def record(self, entries: Sequence[Entry]) -> None:
        """Append to the history."""
        if entries:
            with self.transaction() as connection:
                write_history(connection, entries)

    def rows(self, query: str, *arguments: str | bytes | float) -> list[tuple[object, ...]]:
        """What a query finds."""
        with self.lock:
            try:
                return self.connection.execute(query, arguments).fetchall()
            except sqlite3.Error as error:
                raise self.trouble(error) from error

    def trouble(self, error: sqlite3.Error) -> SpoolUnavailableError:
        """What went wrong; a file that turns out to be broken is replaced, so that the next try can go on."""
        if isinstance(error, sqlite3.DatabaseError) and is_broken(error):
            self.connection.close()
            with disk_errors(self.path):
                self.connection = self.open_sound(doubtful=True)
        return SpoolUnavailableError(f"{self.path}: {error}", hint="free some space, or mend the disk")

    def forget(self, before: float) -> None:
        """Drop history, digests and what is known of sealed copies, from before this time."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM history WHERE at < ?", (before,))
            connection.execute("DELETE FROM filed WHERE at < ?", (before,))
            connection.execute("DELETE FROM sealed WHERE at < ?", (before,))
            connection.execute("DELETE FROM pieces WHERE at < ?", (before,))

    def close(self) -> None:
        """Release the file."""
        with self.lock:
            self.connection.close()


def write_history(connection: sqlite3.Connection, entries: Iterable[Entry]) -> None:
    """Append within a transaction."""
    now = time.time()
    connection.executemany(
        "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(now, one.state, one.digest, one.message_id, one.element, one.signer, one.reason) for one in entries],
    )


class DamagedError(sqlite3.DatabaseError):
    """A page of the file is not what it was."""

    sqlite_errorname = "SQLITE_CORRUPT"


def require_sound(connection: sqlite3.Connection) -> None:
    """DamagedError when not every page holds."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise DamagedError(str(found))


def is_broken(error: sqlite3.Error) -> bool:
    """True for what no waiting can mend: the file is no database, or damaged."""
    return getattr(error, "sqlite_errorname", "").startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB"))
