# SPDX-License-Identifier: Apache-2.0
"""The copies that the journal holds of small elements, until the elements themselves are on disk.

An element filed by a program that died is safe in the page cache; an element filed by a machine that died may be
missing or torn, and is written again from its copy (docs/adr/0006).
"""

import sqlite3
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ssm.ports.filing import Box
from ssm.spool.dirq import FIELDS, STAGING, DirqQueue
from ssm.spool.durable import disk_errors, remove_folder, sync_path
from ssm.spool.journal import SqliteJournal
from ssm.spool.placing import Placing

SETTLE_AFTER_SECONDS = 60.0  # by then the kernel has usually written them by itself, and a sync costs little
HELD_OCTETS = 64 * 1024 * 1024
LEAST_AGE_SECONDS = 5.0
CHUNK = 100
MOST_AT_ONCE = 20_000
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Settling:
    """Keeps copies, lets them go, and restores elements from them."""

    def __init__(self, journal: SqliteJournal, queues: Mapping[Box, DirqQueue]) -> None:
        self.journal = journal
        self.queues = queues

    def hold(self, connection: sqlite3.Connection, boot: str, now: float, elements: Sequence[Placing]) -> None:
        """Keep copies, within the transaction that makes the batch durable."""
        connection.executemany(
            "INSERT OR REPLACE INTO unsettled VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    f"{one.verdict.box.value}/{one.element}",
                    *(now, boot, len(one.verdict.body)),
                    *(one.fields.get(name) for name in FIELDS),
                )
                for one in elements
            ],
        )

    def rename(self, digest: bytes, old: str, new: str) -> None:
        """An element got another name; both are given as ``box/folder/name``."""
        with self.journal.transaction() as connection:
            connection.execute("UPDATE filed SET element = ? WHERE digest = ?", (new.partition("/")[2], digest))
            connection.execute("UPDATE unsettled SET element = ? WHERE element = ?", (new, old))

    def release(self, path: str) -> None:
        """Let the copy of one element go, because the element will."""
        with self.journal.transaction() as connection:
            connection.execute("DELETE FROM unsettled WHERE element = ?", (path,))

    def settle(self, lock: threading.RLock) -> int:
        """Sync elements that are old enough, or are too many, and let their copies go; how many.

        ``lock`` is held while a chunk is synced: nothing may be between commit and rename meanwhile.
        """
        [(held,)] = self.journal.rows("SELECT total(octets) FROM unsettled")
        assert isinstance(held, float)
        age = LEAST_AGE_SECONDS if held > HELD_OCTETS else SETTLE_AFTER_SECONDS
        rows = self.journal.rows("SELECT element FROM unsettled WHERE at <= ? LIMIT ?", time.time() - age, MOST_AT_ONCE)
        paths = [str(path) for (path,) in rows]
        count = 0
        for begin in range(0, len(paths), CHUNK):
            with lock:
                placed = [path for path in paths[begin : begin + CHUNK] if not self.is_staged(path)]
                self.sync(placed)
                count += len(placed)
        return count

    def is_staged(self, path: str) -> bool:
        """True when somebody's rename is still to come; what is neither there nor staged, a loader has taken."""
        box, element = path.split("/", 1)
        queue = self.queues[Box(box)].path
        return not (queue / element).exists() and any((queue / STAGING).glob(f"*/{element.replace('/', '-')}-*"))

    def sync(self, paths: Sequence[str]) -> None:
        """Sync these elements where they still are, and let their copies go."""
        folders: set[Path] = set()
        for path in paths:
            box, folder, name = path.split("/")
            element = self.queues[Box(box)].path / folder / name
            with disk_errors(element):
                for field in FIELDS:
                    sync_path(element / field)
                sync_path(element)
            folders |= {element.parent, element.parent.parent}
        for parent in folders:
            with disk_errors(parent):
                sync_path(parent)
        with self.journal.transaction() as connection:
            connection.executemany("DELETE FROM unsettled WHERE element = ?", [(path,) for path in paths])

    def restore(self, boot: str) -> int:
        """After the machine went down: write again what is missing or torn; how many elements."""
        count = 0
        columns = ", ".join(FIELDS)
        while True:
            rows = self.journal.rows(
                f"SELECT element, {columns} FROM unsettled WHERE boot <> ? LIMIT ?",  # noqa: S608 - constants
                boot,
                CHUNK,
            )
            if not rows:
                return count
            for path, *contents in rows:
                fields = {
                    name: content for name, content in zip(FIELDS, contents, strict=True) if isinstance(content, bytes)
                }
                count += self.restore_one(str(path), fields)
            self.sync([str(row[0]) for row in rows])

    def restore_one(self, path: str, fields: Mapping[str, bytes]) -> int:
        """One element; 1 when it had to be written."""
        box, element = path.split("/", 1)
        queue = self.queues[Box(box)]
        with disk_errors(queue.path):
            if queue.read(element) == fields:
                return 0
            remove_folder(queue.path / element)
            staged = queue.path / STAGING / "restored" / element.replace("/", "-")
            remove_folder(staged)
            queue.stage(staged, fields, sync=True)
            queue.publish(staged, element)
        return 1


def boot_id() -> str:
    """Which run of the machine this is."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
