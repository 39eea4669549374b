# SPDX-License-Identifier: Apache-2.0
"""What is particular to a spool that is a plain directory: it must be there, oldest first, claims elsewhere."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.errors import SpoolError
from ssm.spool.directory import DirectorySpool, claim_name, claims_folder


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[DirectorySpool]:
    made = DirectorySpool(tmp_path, 0)
    yield made
    made.close()


def test_a_folder_that_is_not_there_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="is not a folder"):
        DirectorySpool(tmp_path / "mistyped", 0)
    assert list(tmp_path.iterdir()) == []


def test_elements_come_in_the_order_of_their_times_not_their_names(spool: DirectorySpool) -> None:
    now = time.time()
    for number, name in enumerate(["c", "a", "b"]):
        (spool.path / name).touch()
        os.utime(spool.path / name, (now, now - 100 + number))
    assert list(spool.ready()) == ["c", "a", "b"]


def test_nothing_stands_beside_the_elements_while_they_are_claimed(spool: DirectorySpool) -> None:
    (spool.path / "message").write_bytes(b"payload")
    assert spool.claim("message") == b"payload"
    assert sorted(path.name for path in spool.path.iterdir()) == [".ssm", "message"]
    assert (claims_folder(spool.path) / claim_name("message")).samefile(spool.instance.marker)
    spool.release("message")


def test_the_longest_name_of_a_file_can_be_claimed(spool: DirectorySpool) -> None:
    name = "n" * 255
    (spool.path / name).write_bytes(b"payload")
    assert spool.claim(name) == b"payload"
    spool.remove(name)
    assert list(spool.ready()) == []


def test_folders_links_hidden_and_unspeakable_names_are_no_elements(spool: DirectorySpool) -> None:
    (spool.path / "folder").mkdir()
    (spool.path / ".hidden").touch()
    (spool.path / "link").symlink_to(spool.path / ".hidden")
    Path(os.fsdecode(os.fsencode(spool.path) + b"/bad\xff")).touch()
    assert list(spool.ready()) == []


def test_a_claim_without_an_element_is_taken_back_at_once(spool: DirectorySpool) -> None:
    assert spool.claim("gone") is None
    assert list(claims_folder(spool.path).iterdir()) == []
    assert spool.unsettled == 0
