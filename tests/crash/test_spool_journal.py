# SPDX-License-Identifier: Apache-2.0
"""A program that dies by SIGKILL while it uses the journal or the sealed copies."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.sealed import SealedFiles

DIGESTS = [bytes([number]) * 32 for number in range(3)]
BEGIN = """
import hashlib, os, signal, sys
from pathlib import Path
from ssm.ports.journal import Entry, SealedCopy
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.sealed import SealedFiles

path = Path(sys.argv[1])
journal = SqliteJournal(path / ".ssm")
die = lambda: os.kill(os.getpid(), signal.SIGKILL)
sealed = [b"sealed %d" % number for number in range(3)]
copies = [SealedCopy(f"m{n}", bytes([n]) * 32, one, hashlib.sha256(one).digest()) for n, one in enumerate(sealed)]
"""
JUDGE = "DirqCabinet(path, journal, retention_days=30).begin([bytes([n]) * 32 for n in range(3)]); die()"
JUDGE_ALL = """
cabinet = DirqCabinet(path, journal, retention_days=30)
cabinet.begin([bytes([n]) * 32 for n in range(3)])
cabinet.finish([bytes([n]) * 32 for n in range(2)])
die()
"""
UNCOMMITTED = """
with journal.transaction() as connection:
    connection.execute("INSERT INTO judging VALUES (x'00', 1)")
    die()
"""
KEPT = "SealedFiles(path / '.ssm', journal).keep(copies); die()"
HALF_KEPT = """
from ssm.spool import sealed as module
original, calls = module.write_file, []
def write(file, content, *, sync):
    calls.append(file)
    if len(calls) == 3:
        file.write_bytes(content[:3])
        die()
    original(file, content, sync=sync)
module.write_file = write
SealedFiles(path / ".ssm", journal).keep(copies)
"""
HALF_DROPPED = """
from ssm.spool import sealed as module
module.remove_file = lambda file: die()
kept = SealedFiles(path / ".ssm", journal)
kept.keep(copies)
kept.drop(["m0", "m1"])
"""


def die_in(path: Path, what: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + what, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@contextmanager
def journal_of(path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(path / ".ssm")
    try:
        yield journal
    finally:
        journal.close()


def test_what_was_being_judged_is_counted_once_for_each_death(tmp_path: Path) -> None:
    for _ in range(3):
        die_in(tmp_path, JUDGE)
    with journal_of(tmp_path) as journal:
        cabinet = DirqCabinet(tmp_path, journal, retention_days=30)
        assert cabinet.suspects() == dict.fromkeys(DIGESTS, 3)
        cabinet.finish(DIGESTS)
        assert cabinet.suspects() == {}
        cabinet.close()


def test_what_was_judged_before_the_death_is_no_suspect(tmp_path: Path) -> None:
    die_in(tmp_path, JUDGE_ALL)
    with journal_of(tmp_path) as journal:
        assert journal.rows("SELECT digest, times FROM judging") == [(DIGESTS[2], 1)]


def test_what_was_not_committed_is_not_there_and_the_journal_is_whole(tmp_path: Path) -> None:
    die_in(tmp_path, UNCOMMITTED)
    with journal_of(tmp_path) as journal:
        assert journal.rows("SELECT * FROM judging") == []
        assert journal.rows("PRAGMA integrity_check") == [("ok",)]
        assert not list((tmp_path / ".ssm").glob("*.broken-*"))


def test_copies_that_were_kept_are_the_same_octets_for_the_next_program(tmp_path: Path) -> None:
    die_in(tmp_path, KEPT)
    with journal_of(tmp_path) as journal:
        copies = SealedFiles(tmp_path / ".ssm", journal)
        assert [copies.find(f"m{n}", DIGESTS[n]) for n in range(3)] == [b"sealed 0", b"sealed 1", b"sealed 2"]


def test_copies_that_were_not_all_written_are_none_of_them_kept(tmp_path: Path) -> None:
    die_in(tmp_path, HALF_KEPT)
    with journal_of(tmp_path) as journal:
        copies = SealedFiles(tmp_path / ".ssm", journal)
        assert [copies.find(f"m{n}", DIGESTS[n]) for n in range(3)] == [None, None, None]
        copies.tidy(older_than_seconds=-60)
        assert list(copies.folder.iterdir()) == []


def test_copies_that_were_being_dropped_are_tidied_away_and_the_others_stay(tmp_path: Path) -> None:
    die_in(tmp_path, HALF_DROPPED)
    with journal_of(tmp_path) as journal:
        copies = SealedFiles(tmp_path / ".ssm", journal)
        assert [copies.find(f"m{n}", DIGESTS[n]) for n in range(3)] == [None, None, b"sealed 2"]
        copies.tidy(older_than_seconds=-60)
        assert [file.name for file in copies.folder.iterdir()] == [hashlib.sha256(b"sealed 2").hexdigest()]


@pytest.mark.parametrize("octets", [0, 10, 100, 4096])
def test_a_journal_cut_short_is_begun_anew_or_read_and_never_stops_the_start(tmp_path: Path, octets: int) -> None:
    with journal_of(tmp_path) as journal:
        journal.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    file = tmp_path / ".ssm" / "journal.sqlite"
    file.write_bytes(file.read_bytes()[:octets])
    with journal_of(tmp_path) as journal:
        cabinet = DirqCabinet(tmp_path, journal, retention_days=30)
        assert cabinet.recover() == 0
        cabinet.begin(DIGESTS)
        assert cabinet.suspects() == dict.fromkeys(DIGESTS, 1)
        cabinet.close()
