# SPDX-License-Identifier: Apache-2.0
"""A machine that goes down between commit and rename, locks that nobody holds, and a journal damaged inside."""

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssm.errors import SpoolUnavailableError
from ssm.ports.filing import Box, Verdict
from ssm.spool.directory import DirectorySpool
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal

BODIES = [b"payload one", b"payload two"]


class DeathError(BaseException):
    """The program dies here."""


@contextmanager
def opened(path: Path, boot: str) -> Iterator[DirqCabinet]:
    cabinet = DirqCabinet(path, SqliteJournal(path / ".ssm"), retention_days=30, boot=boot)
    try:
        yield cabinet
    finally:
        cabinet.close()
        cabinet.journal.close()


def verdict(body: bytes, box: Box = Box.INCOMING) -> Verdict:
    return Verdict(hashlib.sha256(body).digest(), box, body, None, "id", None if box is Box.INCOMING else "why")


def bodies_in(path: Path, box: Box) -> Counter[bytes]:
    return Counter(file.read_bytes() for file in (path / box.value).glob(f"{'[0-9a-f]' * 8}/*/body"))


def die_after_the_commit(path: Path) -> None:
    cabinet = DirqCabinet(path, SqliteJournal(path / ".ssm"), retention_days=30, boot="first")

    def die(staged: Path, element: str) -> bool:
        raise DeathError

    cabinet.queues[Box.INCOMING].publish = die  # type: ignore[method-assign]  # dies between commit and rename
    with pytest.raises(DeathError):
        cabinet.file([verdict(body) for body in BODIES])
    os.close(cabinet.instance.descriptor)
    cabinet.syncing.shutdown()
    cabinet.journal.close()


@pytest.mark.parametrize("damage", ["empty", "gone", "folder gone", "whole"])
def test_what_was_committed_and_still_staged_is_filed_whole_and_once(tmp_path: Path, damage: str) -> None:
    die_after_the_commit(tmp_path)
    for element in list(tmp_path.glob("incoming/.staging/*/*-*")):
        for field in element.iterdir():
            if damage == "empty":
                field.write_bytes(b"")  # its name was on disk, its content was not
            elif damage != "whole":
                field.unlink()
        if damage == "folder gone":
            element.rmdir()
    with opened(tmp_path, "second") as cabinet:
        cabinet.recover()
        assert bodies_in(tmp_path, Box.INCOMING) == Counter(BODIES)
        assert len(list(cabinet.queues[Box.INCOMING].elements())) == len(BODIES)
        assert cabinet.file([verdict(body) for body in BODIES]) == []


def test_a_rejected_message_whose_mover_died_can_be_moved_again(tmp_path: Path) -> None:
    with opened(tmp_path, "first") as cabinet:
        [filed] = cabinet.file([verdict(b"sealed", Box.REJECTED)])
        assert cabinet.queues[Box.REJECTED].lock(filed.name)  # and then it died
    with opened(tmp_path, "first") as cabinet:
        cabinet.recover()
        assert cabinet.judge_again(filed.name) is not None
    assert bodies_in(tmp_path, Box.DEFERRED) == Counter([b"sealed"])


def test_a_rejected_message_that_could_not_be_moved_can_be_moved_later(tmp_path: Path) -> None:
    with opened(tmp_path, "first") as cabinet:
        [filed] = cabinet.file([verdict(b"sealed", Box.REJECTED)])
        with cabinet.journal.transaction() as connection:
            connection.execute("ALTER TABLE filed RENAME TO away")
        with pytest.raises(SpoolUnavailableError):
            cabinet.judge_again(filed.name)
        with cabinet.journal.transaction() as connection:
            connection.execute("ALTER TABLE away RENAME TO filed")
        assert cabinet.judge_again(filed.name) is not None


def test_what_was_being_removed_is_gone_after_the_next_start(tmp_path: Path) -> None:
    with opened(tmp_path, "first") as cabinet:
        [filed] = cabinet.file([verdict(b"sealed", Box.REJECTED)])
        (tmp_path / "reject" / filed.name).rename(tmp_path / "reject" / "obsolete" / "0123456789abcd")
        cabinet.recover()
    assert list((tmp_path / "reject" / "obsolete").iterdir()) == []


def test_claims_that_came_from_a_backup_are_given_back(tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(b"payload")
    first = DirectorySpool(tmp_path, 0)
    assert first.claim("message") == b"payload"
    [claim] = (tmp_path / ".ssm" / "claims").iterdir()
    claim.unlink()
    claim.touch()  # a copy, no link
    first.close()
    following = DirectorySpool(tmp_path, 0)
    assert following.recover() == 1
    assert following.claim("message") == b"payload"
    following.release("message")
    following.close()


def test_a_journal_that_is_damaged_inside_is_begun_anew_at_the_second_try(tmp_path: Path) -> None:
    with opened(tmp_path, "first") as cabinet:
        for number in range(40):
            cabinet.file([verdict(b"%d-%d" % (number, one)) for one in range(32)])
    journal = tmp_path / ".ssm" / "journal.sqlite"
    with journal.open("r+b") as file:  # the first page stays whole
        file.seek(4096)
        file.write(b"\xa5" * (journal.stat().st_size - 4096))
    with opened(tmp_path, "second") as cabinet:
        with contextlib.suppress(SpoolUnavailableError):
            cabinet.recover()
        assert len(cabinet.file([verdict(b"new")])) == 1
    assert list(journal.parent.glob("*.broken-*"))
