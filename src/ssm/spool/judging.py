# SPDX-License-Identifier: Apache-2.0
"""What is being judged, so that a message which ends the program is known after its third time."""

from collections.abc import Mapping, Sequence
from typing import cast

from ssm.spool.journal import SqliteJournal


class JudgingNotes:
    """Rows of the journal: a digest, and how often a program had begun to judge it and not finished."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.journal = journal

    def suspects(self) -> Mapping[bytes, int]:
        """Digests that a program had begun to judge when it died."""
        return dict(cast("list[tuple[bytes, int]]", self.journal.rows("SELECT digest, times FROM judging")))

    def begin(self, digests: Sequence[bytes]) -> None:
        """One more time."""
        with self.journal.transaction() as connection:
            connection.executemany(
                "INSERT INTO judging VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET times = times + 1",
                [(digest,) for digest in digests],
            )

    def finish(self, digests: Sequence[bytes]) -> None:
        """The program has survived it."""
        with self.journal.transaction() as connection:
            connection.executemany("DELETE FROM judging WHERE digest = ?", [(digest,) for digest in digests])
