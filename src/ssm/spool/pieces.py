# SPDX-License-Identifier: Apache-2.0
"""Which pieces an outgoing element became, in the journal's file."""

import time
from collections.abc import Sequence

from ssm.spool.journal import SqliteJournal


class SqlitePieces:
    """Implements ``ssm.ports.content.Pieces``."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.journal = journal

    def sent(self, element: str, digest: bytes) -> set[str] | None:
        """Of this payload of this element."""
        rows = self.journal.rows(
            "SELECT piece, is_sent FROM pieces WHERE element = ? AND payload_digest = ?", element, digest
        )
        return {str(piece) for piece, is_sent in rows if is_sent} if rows else None

    def begin(self, element: str, digest: bytes, pieces: Sequence[str]) -> None:
        """What was known of an earlier payload under that name goes."""
        now = time.time()
        with self.journal.transaction() as connection:
            connection.execute("DELETE FROM pieces WHERE element = ?", (element,))
            connection.executemany(
                "INSERT INTO pieces VALUES (?, ?, ?, 0, ?)", [(piece, element, digest, now) for piece in pieces]
            )

    def confirm(self, pieces: Sequence[str]) -> None:
        """In one transaction."""
        with self.journal.transaction() as connection:
            connection.executemany("UPDATE pieces SET is_sent = 1 WHERE piece = ?", [(piece,) for piece in pieces])

    def forget(self, elements: Sequence[str]) -> None:
        """In one transaction."""
        with self.journal.transaction() as connection:
            connection.executemany("DELETE FROM pieces WHERE element = ?", [(element,) for element in elements])
