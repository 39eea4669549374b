# SPDX-License-Identifier: Apache-2.0
"""The memory of pieces: what every implementation promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.ports.content import Pieces
from ssm.spool.journal import SqliteJournal
from ssm.spool.pieces import SqlitePieces
from tests.fakes.sending import MemoryPieces


@pytest.fixture(params=["sqlite", "memory"])
def pieces(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pieces]:
    if request.param == "memory":
        yield MemoryPieces()
        return
    journal = SqliteJournal(tmp_path)
    yield SqlitePieces(journal)
    journal.close()


def test_a_payload_that_was_not_cut_before_is_unknown(pieces: Pieces) -> None:
    assert pieces.sent("e1", b"d") is None


def test_what_was_confirmed_is_sent_and_the_rest_is_not(pieces: Pieces) -> None:
    pieces.begin("e1", b"d", ["e1-1", "e1-2", "e1-3"])
    assert pieces.sent("e1", b"d") == set()
    pieces.confirm(["e1-1", "e1-3", "nobody's"])
    assert pieces.sent("e1", b"d") == {"e1-1", "e1-3"}


def test_another_payload_under_the_same_name_is_another(pieces: Pieces) -> None:
    pieces.begin("e1", b"d", ["e1-1"])
    pieces.confirm(["e1-1"])
    assert pieces.sent("e1", b"other") is None
    pieces.begin("e1", b"other", ["e1-1", "e1-2"])
    assert pieces.sent("e1", b"other") == set()
    assert pieces.sent("e1", b"d") is None


def test_forgetting_is_of_whole_elements(pieces: Pieces) -> None:
    pieces.begin("e1", b"d", ["e1-1"])
    pieces.begin("e2", b"d", ["e2-1"])
    pieces.forget(["e1", "e3"])
    assert pieces.sent("e1", b"d") is None
    assert pieces.sent("e2", b"d") == set()


def test_a_journal_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    import sqlite3

    from ssm.spool.journal import NAME, SCHEMA

    connection = sqlite3.connect(tmp_path / NAME)
    connection.executescript(f"{SCHEMA} PRAGMA user_version=1; INSERT INTO filed VALUES (x'00', 'incoming', 'e', 1.0);")
    connection.close()
    journal = SqliteJournal(tmp_path)
    SqlitePieces(journal).begin("e1", b"d", ["e1-1"])
    assert journal.rows("SELECT element FROM filed") == [("e",)]
    journal.close()
    journal = SqliteJournal(tmp_path)
    assert SqlitePieces(journal).sent("e1", b"d") == set()
    journal.close()
