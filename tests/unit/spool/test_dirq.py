# SPDX-License-Identifier: Apache-2.0
"""One queue on disk: naming, publishing, locking, removing."""

import os
from pathlib import Path

import pytest

from ssm.spool.dirq import STAGING, DirqQueue
from ssm.spool.element_names import NameMaker

NAME = "00000000/5f0a1c41b2d3e7"


def staged(queue: DirqQueue, body: bytes = b"x") -> Path:
    path = queue.path / STAGING / "us" / "one"
    queue.stage(path, {"body": body, "signer": b"/CN=a"}, sync=True)
    return path


@pytest.fixture
def queue(tmp_path: Path) -> DirqQueue:
    return DirqQueue(tmp_path / "queue")


def test_what_is_staged_is_not_listed_and_what_is_published_is(queue: DirqQueue) -> None:
    path = staged(queue)
    assert list(queue.elements()) == []
    assert queue.publish(path, NAME)
    assert list(queue.elements()) == [NAME]
    assert queue.read(NAME) == {"body": b"x", "signer": b"/CN=a"}
    assert not path.exists()


def test_publishing_takes_nobodys_place(queue: DirqQueue) -> None:
    (queue.path / NAME).mkdir(parents=True)
    (queue.path / NAME / "body").write_bytes(b"theirs")
    path = staged(queue)
    assert not queue.publish(path, NAME)
    assert (path / "body").read_bytes() == b"x"
    assert queue.read(NAME) == {"body": b"theirs"}


def test_an_intermediate_folder_that_was_tidied_away_is_made_again(queue: DirqQueue) -> None:
    element = queue.next_element()
    (queue.path / element).parent.rmdir()
    assert queue.publish(staged(queue), element)
    assert list(queue.elements()) == [element]


def test_publishing_what_is_gone_is_an_error(queue: DirqQueue) -> None:
    with pytest.raises(FileNotFoundError):
        queue.publish(queue.path / STAGING / "us" / "nothing", NAME)


def test_a_queue_may_be_a_link_to_another_disk(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "queue").symlink_to(tmp_path / "elsewhere")
    queue = DirqQueue(tmp_path / "queue")
    assert queue.publish(staged(queue), NAME)
    assert (tmp_path / "elsewhere" / NAME / "body").read_bytes() == b"x"
    assert staged(queue).resolve().is_relative_to(tmp_path / "elsewhere")


def test_elements_come_in_order_over_all_folders_and_foreign_names_do_not(queue: DirqQueue) -> None:
    names = ["00000000/00000000000002", "00000000/00000000000010", "00000001/00000000000001", "0000000a/0" + "0" * 13]
    for name in [*reversed(names), "00000000/locked", "00000000/5F0A1C41B2D3E7", "0000000g/00000000000001"]:
        (queue.path / name).mkdir(parents=True)
    assert list(queue.elements()) == names


def test_new_elements_go_to_the_newest_folder(queue: DirqQueue) -> None:
    (queue.path / "0000000f").mkdir()
    assert queue.next_element().startswith("0000000f/")


def test_only_one_takes_a_lock(queue: DirqQueue) -> None:
    queue.publish(staged(queue), NAME)
    assert queue.lock(NAME)
    assert not queue.lock(NAME)
    assert queue.unlock(NAME)
    assert not queue.unlock(NAME)
    assert queue.lock(NAME)


def test_what_is_gone_cannot_be_locked_read_or_unlocked_and_removing_it_is_nothing(queue: DirqQueue) -> None:
    assert not queue.lock(NAME)
    assert not queue.unlock(NAME)
    assert queue.read(NAME) is None
    queue.remove(NAME)


def test_removing_leaves_nothing_behind(queue: DirqQueue) -> None:
    queue.publish(staged(queue), NAME)
    assert queue.lock(NAME)
    queue.remove(NAME)
    assert list(queue.elements()) == []
    assert list((queue.path / "obsolete").iterdir()) == []


class Given(NameMaker):
    """Names as they are given, as if other programs had them too."""

    def __init__(self, *given: str) -> None:
        super().__init__()
        self.given = list(given)

    def next_name(self) -> str:
        return self.given.pop(0)


def test_removing_looks_for_another_name_when_somebody_is_removing_under_the_same(tmp_path: Path) -> None:
    queue = DirqQueue(tmp_path / "queue", Given("00000000000001", "00000000000002"))
    theirs = queue.path / "obsolete" / "00000000000001"
    theirs.mkdir()
    (theirs / "body").write_bytes(b"theirs")
    queue.publish(staged(queue), NAME)
    assert queue.lock(NAME)
    queue.remove(NAME)
    assert list(queue.elements()) == []
    assert (theirs / "body").read_bytes() == b"theirs"


def test_removing_where_the_queue_is_damaged_is_an_error(queue: DirqQueue) -> None:
    queue.publish(staged(queue), NAME)
    (queue.path / "obsolete").rmdir()
    with pytest.raises(FileNotFoundError):
        queue.remove(NAME)


def test_an_element_without_a_body_is_none(queue: DirqQueue) -> None:
    (queue.path / NAME).mkdir(parents=True)
    (queue.path / NAME / "signer").write_bytes(b"x")
    assert queue.read(NAME) is None


def test_the_lock_is_the_librarys(queue: DirqQueue) -> None:
    queue.publish(staged(queue), NAME)
    queue.lock(NAME)
    assert sorted(os.listdir(queue.path / NAME)) == ["body", "locked", "signer"]  # noqa: PTH208 - names only
