# SPDX-License-Identifier: Apache-2.0
"""What the journal and the sealed copies promise, over the real ones and those in memory."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.errors import SpoolError
from ssm.ports.journal import Entry, Journal, SealedCopies, SealedCopy
from ssm.spool.journal import VERSION, SqliteJournal
from ssm.spool.sealed import SealedFiles
from tests.fakes.sending import MemoryCopies, MemoryJournal

PAYLOAD = hashlib.sha256(b"payload").digest()
ENTRY = Entry("sealed", b"d" * 32, "id/1", "outgoing/id/1", "/CN=é", "why")


def copy(name: str, sealed: bytes, payload: bytes = PAYLOAD) -> SealedCopy:
    return SealedCopy(name, payload, sealed, hashlib.sha256(sealed).digest())


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqliteJournal]:
    made = SqliteJournal(tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["files", "memory"])
def copies(request: pytest.FixtureRequest, tmp_path: Path, journal: SqliteJournal) -> SealedCopies:
    return SealedFiles(tmp_path, journal) if request.param == "files" else MemoryCopies()


# Both kinds.


def test_a_copy_is_found_for_its_element_and_its_payload_only(copies: SealedCopies) -> None:
    copies.keep([copy("a", b"one"), copy("b", b"two\0\xff")])
    assert copies.find("a", PAYLOAD) == b"one"
    assert copies.find("b", PAYLOAD) == b"two\0\xff"
    assert copies.find("a", b"x" * 32) is None
    assert copies.find("c", PAYLOAD) is None


def test_an_element_that_was_replaced_under_its_name_gets_a_copy_of_its_own(copies: SealedCopies) -> None:
    copies.keep([copy("a", b"old")])
    copies.keep([copy("a", b"new", b"n" * 32)])
    assert copies.find("a", b"n" * 32) == b"new"
    assert copies.find("a", PAYLOAD) is None


def test_a_dropped_copy_is_gone_and_the_others_stay(copies: SealedCopies) -> None:
    copies.keep([copy("a", b"one"), copy("b", b"two")])
    copies.drop(["a", "never kept"])
    assert copies.find("a", PAYLOAD) is None
    assert copies.find("b", PAYLOAD) == b"two"


def test_keeping_and_dropping_nothing_is_nothing(copies: SealedCopies) -> None:
    copies.keep([])
    copies.drop([])
    assert copies.find("a", PAYLOAD) is None


@pytest.mark.parametrize("kind", ["sqlite", "memory"])
def test_entries_are_taken_in_their_order(kind: str, journal: SqliteJournal) -> None:
    memory = MemoryJournal()
    chosen: Journal = journal if kind == "sqlite" else memory
    chosen.record([ENTRY, Entry("published", None, None, None)])
    chosen.record([])
    rows = journal.rows("SELECT state FROM history ORDER BY rowid")
    states = [str(row[0]) for row in rows] if kind == "sqlite" else [one.state for one in memory.entries]
    assert states == ["sealed", "published"]


# The real ones: what is on disk.


def test_an_entry_is_kept_with_all_it_says(journal: SqliteJournal) -> None:
    journal.record([ENTRY])
    found = journal.rows("SELECT state, digest, message_id, element, signer, reason FROM history")
    assert found == [("sealed", b"d" * 32, "id/1", "outgoing/id/1", "/CN=é", "why")]


def test_the_next_program_reads_what_the_last_one_wrote(tmp_path: Path, journal: SqliteJournal) -> None:
    journal.record([ENTRY])
    SealedFiles(tmp_path, journal).keep([copy("a", b"one")])
    following = SqliteJournal(tmp_path)
    assert following.rows("SELECT count(*) FROM history") == [(1,)]
    assert SealedFiles(tmp_path, following).find("a", PAYLOAD) == b"one"
    following.close()


def test_commits_are_synced(journal: SqliteJournal) -> None:
    assert journal.rows("PRAGMA synchronous") == [(2,)]
    assert journal.rows("PRAGMA journal_mode") == [("wal",)]


def test_an_error_within_a_transaction_leaves_nothing_of_it(journal: SqliteJournal) -> None:
    def fail_half_way() -> None:
        with journal.transaction() as connection:
            connection.execute("INSERT INTO judging VALUES (x'00', 1)")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert journal.rows("SELECT * FROM judging") == []
    journal.record([ENTRY])
    assert journal.rows("SELECT count(*) FROM history") == [(1,)]


def test_several_threads_may_write_at_once(journal: SqliteJournal) -> None:
    def write() -> None:
        for _ in range(25):
            journal.record([ENTRY, ENTRY])

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert journal.rows("SELECT count(*) FROM history") == [(200,)]


def test_old_history_is_forgotten_and_young_history_is_not(journal: SqliteJournal) -> None:
    journal.record([ENTRY])
    with journal.transaction() as connection:
        connection.execute("UPDATE history SET at = 1000")
    journal.record([Entry("published", None, None, None)])
    journal.forget(2000)
    assert journal.rows("SELECT state FROM history") == [("published",)]


def test_a_journal_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    newer = SqliteJournal(tmp_path)
    newer.record([ENTRY])
    newer.connection.execute(f"PRAGMA user_version={VERSION + 1}")
    newer.close()
    with pytest.raises(SpoolError, match="newer version"):
        SqliteJournal(tmp_path)
    assert not list(tmp_path.glob("*.broken-*"))


@pytest.mark.parametrize("damage", [b"", b"seal", b"SEALED", b"sealed and more"])
def test_a_torn_copy_is_none(tmp_path: Path, journal: SqliteJournal, damage: bytes) -> None:
    copies = SealedFiles(tmp_path, journal)
    copies.keep([copy("a", b"sealed")])
    [file] = copies.folder.iterdir()
    file.write_bytes(damage)
    assert copies.find("a", PAYLOAD) is None
    file.unlink()
    assert copies.find("a", PAYLOAD) is None


def test_dropping_leaves_no_file(tmp_path: Path, journal: SqliteJournal) -> None:
    copies = SealedFiles(tmp_path, journal)
    copies.keep([copy("a", b"one"), copy("b", b"two")])
    copies.drop(["a", "b"])
    assert list(copies.folder.iterdir()) == []


def test_tidying_takes_old_orphans_and_neither_young_ones_nor_what_is_kept(
    tmp_path: Path, journal: SqliteJournal
) -> None:
    copies = SealedFiles(tmp_path, journal)
    copies.keep([copy("a", b"one")])
    orphan = copies.folder / ("0" * 64)
    orphan.write_bytes(b"left by a program that died")
    copies.tidy()
    assert orphan.exists()
    copies.tidy(older_than_seconds=-60)
    assert not orphan.exists()
    assert copies.find("a", PAYLOAD) == b"one"
