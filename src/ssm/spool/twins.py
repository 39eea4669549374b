# SPDX-License-Identifier: Apache-2.0
"""Second names of filed messages: rows of ``filed`` that lead to no element.

A message whose twin is known is the same message sealed anew: its own digest becomes one more name, so that this very
sealing stays known when the twin is forgotten.
"""

import sqlite3
from collections.abc import Sequence

from ssm.messenger.answering import KEPT
from ssm.spool.dirq import DirqQueue
from ssm.spool.journal import SqliteJournal
from ssm.spool.placing import Placing

NOWHERE = ""
LAST = b"\xff" * 32


def remember(connection: sqlite3.Connection, verb: str, one: Placing, now: float) -> bool:
    """Within a transaction, the names of one message; True when it is new, or (REPLACE) takes an older one's place."""
    verdict = one.verdict
    if verdict.twin is not None and is_known(connection, verdict.twin):
        note(connection, verdict.digest, verdict.box.value, now)
        return False
    cursor = connection.execute(
        f"INSERT OR {verb} INTO filed VALUES (?, ?, ?, ?)",  # noqa: S608 - one of two words
        (verdict.digest, verdict.box.value, one.element, now),
    )
    if cursor.rowcount and verdict.twin is not None:
        note(connection, verdict.twin, verdict.box.value, now)
    return bool(cursor.rowcount)


def is_known(connection: sqlite3.Connection, name: bytes) -> bool:
    """True when something was filed under it."""
    return connection.execute("SELECT 1 FROM filed WHERE digest = ?", (name,)).fetchone() is not None


def note(connection: sqlite3.Connection, name: bytes, box: str, now: float) -> None:
    """One more name, unless it is one already."""
    connection.execute("INSERT OR IGNORE INTO filed VALUES (?, ?, ?, ?)", (name, box, NOWHERE, now))


def is_kept_by_sender(rejected: DirqQueue, name: str) -> bool:
    """True for an element that is only a copy: its sender sends it again (``ssm.messenger.answering``)."""
    fields = rejected.read(name) or {}
    return fields.get("error", b"").endswith(KEPT.encode())


def forget(journal: SqliteJournal, beginnings: Sequence[bytes]) -> None:
    """Forget the second names that begin so."""
    if beginnings:
        with journal.transaction() as connection:
            connection.executemany(
                "DELETE FROM filed WHERE digest >= ? AND digest < ? AND element = ?",
                [(one, one + LAST, NOWHERE) for one in beginnings],
            )
