# SPDX-License-Identifier: Apache-2.0
"""What is particular to dirq's simple layout: folders by the minute, locks as links, tidying by age."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.errors import SpoolError
from ssm.spool.dirq_simple import GRANULARITY_SECONDS, MAX_LOCK_SECONDS, MAX_TEMPORARY_SECONDS, DirqSimpleSpool, leave


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[DirqSimpleSpool]:
    made = DirqSimpleSpool(tmp_path / "outgoing", 0)
    yield made
    made.close()


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_what_is_left_lies_in_the_folder_of_its_minute_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    before = time.time()
    name = leave(tmp_path, b"payload")
    folder, _, _ = name.partition("/")
    minute = int(folder, 16)
    assert minute % GRANULARITY_SECONDS == 0
    assert before - GRANULARITY_SECONDS < minute <= time.time()
    assert [path.name for path in (tmp_path / folder).iterdir()] == [name.partition("/")[2]]


def test_a_lock_is_a_second_name_of_our_marker(spool: DirqSimpleSpool) -> None:
    name = leave(spool.path, b"payload")
    spool.claim(name)
    lock = spool.path / f"{name}.lck"
    assert lock.samefile(spool.instance.marker)
    spool.release(name)
    assert not lock.exists()


def test_a_spool_that_is_not_there_is_made(spool: DirqSimpleSpool) -> None:
    assert spool.path.is_dir()
    assert list(spool.ready()) == []


def test_claiming_without_our_marker_is_told_and_takes_nothing(spool: DirqSimpleSpool) -> None:
    name = leave(spool.path, b"payload")
    marker = spool.instance.marker
    marker.rename(marker.with_name("elsewhere"))
    with pytest.raises(SpoolError, match="has gone"):
        spool.claim(name)
    marker.with_name("elsewhere").rename(marker)
    assert spool.claim(name) == b"payload"
    spool.remove(name)


@pytest.mark.parametrize(("suffix", "limit"), [(".lck", MAX_LOCK_SECONDS), (".tmp", MAX_TEMPORARY_SECONDS)])
def test_what_others_left_is_tidied_by_its_age(spool: DirqSimpleSpool, suffix: str, limit: int) -> None:
    name = leave(spool.path, b"payload")
    left = spool.path / f"{name}{suffix}"
    left.touch()
    age(left, limit - 60)
    spool.purge()
    assert left.exists()
    age(left, limit + 60)
    spool.purge()
    assert not left.exists()
    assert (spool.path / name).read_bytes() == b"payload"


def test_empty_folders_go_but_the_newest_and_those_of_others(spool: DirqSimpleSpool) -> None:
    for folder in ("00000001", "00000002", "00000003", "lost+found"):
        (spool.path / folder).mkdir()
    (spool.path / "00000001" / "0123456789abcd").touch()
    spool.purge()
    left = sorted(path.name for path in spool.path.iterdir())
    assert left == [".ssm", "00000001", "00000003", "lost+found"]


def test_elements_come_in_order_over_all_folders(spool: DirqSimpleSpool) -> None:
    names = ["00000001/0123456789abcf", "00000002/0123456789abcd", "00000002/0123456789abce"]
    for name in reversed(names):
        (spool.path / name).parent.mkdir(exist_ok=True)
        (spool.path / name).touch()
    assert list(spool.ready()) == names
