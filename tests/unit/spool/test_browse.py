# SPDX-License-Identifier: Apache-2.0
"""Looking into each kind of spool."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from ssm.errors import SpoolError
from ssm.ports.filing import Box, Verdict
from ssm.spool.browse import DirectoryShelf, QueueShelf, Shelf, SimpleShelf
from ssm.spool.dirq_simple import leave
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.outgoing import OUTGOING_SPOOLS


def file(path: Path, body: bytes, box: Box = Box.INCOMING, signer: str | None = "/CN=a") -> str:
    journal = SqliteJournal(path / ".ssm")
    cabinet = DirqCabinet(path, journal, retention_days=30)
    error = None if box is Box.INCOMING else "why"
    [filed] = cabinet.file([Verdict(hashlib.sha256(body).digest(), box, body, signer, "id/1", error)])
    cabinet.close()
    journal.close()
    return filed.name


def in_simple(path: Path) -> tuple[Shelf, str]:
    return SimpleShelf(path), leave(path, b"payload")


def in_directory(path: Path) -> tuple[Shelf, str]:
    (path / "message").write_bytes(b"payload")
    return DirectoryShelf(path), "message"


def in_queue(path: Path) -> tuple[Shelf, str]:
    name = file(path, b"payload")
    return QueueShelf(path / "incoming"), name


Maker = Callable[[Path], tuple[Shelf, str]]
every_kind = pytest.mark.parametrize("make", [in_simple, in_directory, in_queue])


@every_kind
def test_an_element_is_listed_read_and_removed(make: Maker, tmp_path: Path) -> None:
    shelf, name = make(tmp_path)
    [item] = shelf.items()
    assert (item.name, item.size, item.is_locked) == (name, 7, False)
    assert shelf.read(name) == b"payload"
    assert shelf.remove(name)
    assert list(shelf.items()) == []
    assert shelf.read(name) is None
    assert not shelf.remove(name)
    assert not shelf.unlock(name)


def test_a_filed_message_is_listed_with_its_texts(tmp_path: Path) -> None:
    file(tmp_path, b"sealed", Box.REJECTED)
    [item] = QueueShelf(tmp_path / "reject").items()
    assert (item.signer, item.message_id, item.error) == ("/CN=a", "id/1", "why")


def test_texts_that_are_missing_or_not_utf8_do_not_stop_the_list(tmp_path: Path) -> None:
    name = file(tmp_path, b"x", signer=None)
    (tmp_path / "incoming" / name / "empaid").write_bytes(b"\xff")
    [item] = QueueShelf(tmp_path / "incoming").items()
    assert (item.signer, item.message_id) == ("", "\ufffd")


def test_a_locked_message_is_shown_as_locked_and_is_not_removed(tmp_path: Path) -> None:
    shelf, name = in_queue(tmp_path)
    (tmp_path / "incoming" / name / "locked").mkdir()
    assert [item.is_locked for item in shelf.items()] == [True]
    assert not shelf.remove(name)
    assert shelf.read(name) == b"payload"
    assert shelf.unlock(name)
    assert shelf.remove(name)


@pytest.mark.parametrize(("make", "kind"), [(in_simple, "dirq"), (in_directory, "directory")])
def test_a_claim_is_shown_and_can_be_taken_away(make: Maker, kind: str, tmp_path: Path) -> None:
    shelf, name = make(tmp_path)
    sender = OUTGOING_SPOOLS[kind](tmp_path, 0)
    assert sender.claim(name) == b"payload"
    assert [item.is_locked for item in shelf.items()] == [True]
    assert shelf.unlock(name)
    assert [item.is_locked for item in shelf.items()] == [False]
    assert sender.claim(name) == b"payload"
    sender.release(name)
    sender.close()


@pytest.mark.parametrize("open_shelf", [QueueShelf, SimpleShelf, DirectoryShelf])
def test_a_place_that_is_not_there_is_an_error_and_is_not_made(
    open_shelf: Callable[[Path], Shelf], tmp_path: Path
) -> None:
    with pytest.raises(SpoolError):
        list(open_shelf(tmp_path / "nowhere").items())
    assert not (tmp_path / "nowhere").exists()
