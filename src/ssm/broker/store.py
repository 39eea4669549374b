# SPDX-License-Identifier: Apache-2.0
"""Where the embedded broker keeps messages: one SQLite file; a batch is synced before its receipts go out."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, headers TEXT NOT NULL, body BLOB NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One message to keep."""

    queue: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that is to be kept, and what to do once it is."""

    message: NewMessage
    is_persistent: bool
    when_kept: Callable[[], None]


class Store:
    """Messages on disk, by number."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(folder / "broker.sqlite", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.executescript(SCHEMA)

    def add(self, messages: Sequence[NewMessage]) -> list[int]:
        """Keep a batch, synced; their numbers."""
        numbers = []
        with self.transaction():
            for one in messages:
                cursor = self.connection.execute(
                    "INSERT INTO message (queue, headers, body) VALUES (?, ?, ?)",
                    (one.queue, json.dumps(dict(one.headers)), one.body),
                )
                assert cursor.lastrowid is not None
                numbers.append(cursor.lastrowid)
        return numbers

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.connection.execute("BEGIN")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def remove(self, numbers: Sequence[int]) -> None:
        """They are acknowledged."""
        with self.transaction():
            self.connection.executemany("DELETE FROM message WHERE id = ?", [(number,) for number in numbers])

    def move(self, number: int, queue: str) -> None:
        """To another queue."""
        self.connection.execute("UPDATE message SET queue = ? WHERE id = ?", (queue, number))

    def get(self, number: int) -> NewMessage:
        """One message."""
        row = self.connection.execute("SELECT queue, headers, body FROM message WHERE id = ?", (number,)).fetchone()
        queue, headers, body = cast("tuple[str, str, bytes]", row)
        return NewMessage(queue, cast("dict[str, str]", json.loads(headers)), body)

    def all(self) -> list[tuple[int, str]]:
        """Number and queue of each message, oldest first."""
        return cast(
            "list[tuple[int, str]]", self.connection.execute("SELECT id, queue FROM message ORDER BY id").fetchall()
        )

    def close(self) -> None:
        """Release the file."""
        self.connection.close()
