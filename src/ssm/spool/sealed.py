# SPDX-License-Identifier: Apache-2.0
"""The exact octets of what is in flight, so that a resend after a crash is the same message.

Each copy is a file under its own digest. It is not synced: after a loss of power a torn copy is noticed by its
digest, and the element is sealed anew, which costs at worst a duplicate.
"""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from ssm.ports.journal import SealedCopy
from ssm.spool.durable import disk_errors, make_folder, remove_file, write_file
from ssm.spool.journal import SqliteJournal


class SealedFiles:
    """Implements ``ssm.ports.journal.SealedCopies``."""

    def __init__(self, state: Path, journal: SqliteJournal) -> None:
        self.folder = state / "sealed"
        self.journal = journal
        with disk_errors(self.folder):
            make_folder(self.folder)

    def find(self, name: str, payload_digest: bytes) -> bytes | None:
        """The copy kept for this element and payload, if it is whole."""
        rows = self.journal.rows(
            "SELECT sealed_digest FROM sealed WHERE element = ? AND payload_digest = ?", name, payload_digest
        )
        if not rows:
            return None
        digest = rows[0][0]
        assert isinstance(digest, bytes)
        with disk_errors(self.folder):
            try:
                sealed = (self.folder / digest.hex()).read_bytes()
            except FileNotFoundError:
                return None
        return sealed if hashlib.sha256(sealed).digest() == digest else None

    def keep(self, copies: Sequence[SealedCopy]) -> None:
        """Write the files, then remember them in one transaction."""
        if not copies:
            return
        now = time.time()
        rows = [(copy.name, copy.payload_digest, copy.digest, now) for copy in copies]
        try:
            for copy in copies:
                self.write(copy)
            with self.journal.transaction() as connection:
                connection.executemany("INSERT OR REPLACE INTO sealed VALUES (?, ?, ?, ?)", rows)
        except BaseException:
            for copy in copies:  # a full disk is not filled further by what nothing refers to
                remove_file(self.folder / copy.digest.hex())
            raise

    def write(self, copy: SealedCopy) -> None:
        """One file; what stands there under the same name may be torn."""
        path = self.folder / copy.digest.hex()
        with disk_errors(path):
            try:
                write_file(path, copy.sealed, sync=False)
            except FileExistsError:
                remove_file(path)
                write_file(path, copy.sealed, sync=False)

    def drop(self, names: Sequence[str]) -> None:
        """Forget them, then remove the files: a crash in between leaves an orphan, which ``tidy`` finds."""
        digests: list[bytes] = []
        with self.journal.transaction() as connection:
            for name in names:
                digests += [
                    row[0] for row in connection.execute("SELECT sealed_digest FROM sealed WHERE element=?", (name,))
                ]
            connection.executemany("DELETE FROM sealed WHERE element = ?", [(name,) for name in names])
        with disk_errors(self.folder):
            for digest in digests:
                remove_file(self.folder / digest.hex())

    def tidy(self, older_than_seconds: float = 3600.0) -> None:
        """Remove files that nothing refers to, once they are certainly not about to be referred to."""
        known = {
            digest.hex()
            for (digest,) in self.journal.rows("SELECT sealed_digest FROM sealed")
            if isinstance(digest, bytes)
        }
        limit = time.time() - older_than_seconds
        with disk_errors(self.folder):
            for path in self.folder.iterdir():
                if path.name not in known and path.stat().st_mtime < limit:
                    remove_file(path)
