# SPDX-License-Identifier: Apache-2.0
"""What the journal knows is in its box after recovery, also when its name was taken. (For tests/crash/.)"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ssm.ports.filing import Box, Verdict
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal

BODY = b"hello"
VERDICT = Verdict(hashlib.sha256(BODY).digest(), Box.INCOMING, BODY, "/CN=x", "id")


class DeathError(BaseException):
    """The program dies here."""


def die_while_placing(folder: Path, publish: Callable[[Path, Path, int], bool]) -> None:
    journal = SqliteJournal(folder / ".ssm")
    cabinet = DirqCabinet(folder, journal, retention_days=30)
    queue = cabinet.queues[Box.INCOMING]
    calls: list[str] = []

    def interposed(staged: Path, element: str) -> bool:
        calls.append(element)
        return publish(staged, queue.path / element, len(calls))

    queue.publish = interposed  # type: ignore[method-assign]  # the only way to die between two renames
    with pytest.raises(DeathError):
        cabinet.file([VERDICT])
    os.close(cabinet.instance.descriptor)
    journal.close()


def bodies_after_recovery(folder: Path) -> list[bytes]:
    journal = SqliteJournal(folder / ".ssm")
    cabinet = DirqCabinet(folder, journal, retention_days=30)
    cabinet.recover()
    assert cabinet.known([VERDICT.digest])
    found = [path.read_bytes() for path in (folder / "incoming").glob("0*/*/body")]
    cabinet.close()
    journal.close()
    return found


def test_who_dies_after_choosing_another_name_has_filed_it(tmp_path: Path) -> None:
    def publish(staged: Path, element: Path, call: int) -> bool:
        if call == 1:
            return False
        raise DeathError

    die_while_placing(tmp_path, publish)
    assert bodies_after_recovery(tmp_path) == [BODY]


def test_recovery_chooses_another_name_for_one_that_was_taken(tmp_path: Path) -> None:
    def publish(staged: Path, element: Path, call: int) -> bool:
        element.mkdir(parents=True)
        (element / "body").write_bytes(b"somebody else's")
        raise DeathError

    die_while_placing(tmp_path, publish)
    assert sorted(bodies_after_recovery(tmp_path)) == [BODY, b"somebody else's"]
