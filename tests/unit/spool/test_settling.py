# SPDX-License-Identifier: Apache-2.0
"""The copies of small elements: held until the elements are on disk, and no longer."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.errors import SpoolUnavailableError
from ssm.ports.filing import Box, Filed, Verdict
from ssm.spool import settling
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.placing import LARGE_OCTETS


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[DirqCabinet]:
    made = DirqCabinet(tmp_path, SqliteJournal(tmp_path / ".ssm"), retention_days=30, boot="first")
    yield made
    made.close()
    made.journal.close()


def file(cabinet: DirqCabinet, *bodies: bytes) -> list[Filed]:
    return list(
        cabinet.file([Verdict(hashlib.sha256(one).digest(), Box.INCOMING, one, "/CN=a", None) for one in bodies])
    )


def held(cabinet: DirqCabinet) -> list[str]:
    return [str(row[0]) for row in cabinet.journal.rows("SELECT element FROM unsettled ORDER BY element")]


def age(cabinet: DirqCabinet, seconds: float) -> None:
    with cabinet.journal.transaction() as connection:
        connection.execute("UPDATE unsettled SET at = ?", (time.time() - seconds,))


def test_small_elements_are_held_and_large_ones_are_not(cabinet: DirqCabinet) -> None:
    small, _ = file(cabinet, b"x" * LARGE_OCTETS, b"x" * (LARGE_OCTETS + 1))
    assert held(cabinet) == [f"incoming/{small.name}"]


def test_young_copies_stay_and_old_ones_go(cabinet: DirqCabinet) -> None:
    file(cabinet, b"1", b"2")
    age(cabinet, settling.SETTLE_AFTER_SECONDS - 30)
    assert cabinet.settle() == 0
    age(cabinet, settling.SETTLE_AFTER_SECONDS + 1)
    assert cabinet.settle() == 2
    assert held(cabinet) == []


def test_too_many_octets_are_let_go_before_their_time(cabinet: DirqCabinet, monkeypatch: pytest.MonkeyPatch) -> None:
    file(cabinet, b"1" * 600, b"2" * 600)
    age(cabinet, 10)
    monkeypatch.setattr(settling, "HELD_OCTETS", 1300)
    assert cabinet.settle() == 0
    monkeypatch.setattr(settling, "HELD_OCTETS", 1100)
    assert cabinet.settle() == 2


def test_every_file_and_folder_is_synced_before_its_copy_goes(
    cabinet: DirqCabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [filed] = file(cabinet, b"1")
    age(cabinet, 100)
    synced: set[Path] = set()

    def sync(path: Path) -> None:
        assert held(cabinet), "the copy went first"
        synced.add(path)

    monkeypatch.setattr(settling, "sync_path", sync)
    cabinet.settle()
    element = tmp_path / "incoming" / filed.name
    assert {element / "body", element / "signer", element, element.parent, element.parent.parent} <= synced


def test_a_disk_that_cannot_sync_keeps_the_copies(cabinet: DirqCabinet, monkeypatch: pytest.MonkeyPatch) -> None:
    file(cabinet, b"1")
    age(cabinet, 100)

    def fail(path: Path) -> None:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(settling, "sync_path", fail)
    with pytest.raises(SpoolUnavailableError):
        cabinet.settle()
    assert len(held(cabinet)) == 1


def test_more_than_one_chunk_is_settled_and_restored(
    cabinet: DirqCabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "CHUNK", 3)
    bodies = [b"%d" % number for number in range(8)]
    for filed in file(cabinet, *bodies):
        (tmp_path / "incoming" / filed.name / "body").unlink()
    assert cabinet.settling.restore("second") == 8
    assert held(cabinet) == []
    assert sorted(path.read_bytes() for path in tmp_path.glob("incoming/0*/*/body")) == bodies
    file(cabinet, *(b"again %d" % number for number in range(8)))
    age(cabinet, 100)
    assert cabinet.settle() == 8


def test_copies_of_this_run_of_the_machine_are_not_restored(cabinet: DirqCabinet, tmp_path: Path) -> None:
    [filed] = file(cabinet, b"1")
    (tmp_path / "incoming" / filed.name / "body").unlink()  # a loader is taking it
    assert cabinet.settling.restore("first") == 0


def test_this_run_of_the_machine_has_a_name_that_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settling.boot_id() == settling.boot_id() != "unknown"
    monkeypatch.setattr(settling, "BOOT_ID", tmp_path / "none")
    assert settling.boot_id() == "unknown"
