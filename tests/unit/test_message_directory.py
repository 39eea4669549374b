# SPDX-License-Identifier: Apache-2.0
"""The directory of messages that the accounting client writes to."""

import os
from pathlib import Path

import pytest

from ssm.errors import SpoolError
from ssm.message_directory import MessageDirectory
from ssm.spool.directory import DirectorySpool


def test_what_is_added_can_be_counted_read_and_removed(tmp_path: Path) -> None:
    directory = MessageDirectory(str(tmp_path))
    name = directory.add("Site: é\n")
    assert directory.count() == 1
    assert directory.lock(name) is True
    assert directory.get(name) == "Site: é\n"
    directory.purge()
    directory.remove(name)
    assert list(directory) == []


def test_names_come_oldest_first_and_folders_and_hidden_files_do_not(tmp_path: Path) -> None:
    directory = MessageDirectory(tmp_path)
    names = [directory.add(b"x"), directory.add("y")]
    (tmp_path / "folder").mkdir()
    (tmp_path / ".hidden").touch()
    os.utime(tmp_path / names[0], (2_000_000_000, 2_000_000_000))
    assert list(directory) == [names[1], names[0]]
    assert directory.directory_path == str(tmp_path)


def test_the_sender_finds_what_was_added(tmp_path: Path) -> None:
    name = MessageDirectory(tmp_path).add("x")
    spool = DirectorySpool(tmp_path, 0)
    assert list(spool.ready()) == [name]
    assert spool.claim(name) == b"x"
    spool.remove(name)
    spool.close()
    assert MessageDirectory(tmp_path).count() == 0


def test_a_folder_that_is_missing_is_an_error_and_not_a_message_that_vanishes(tmp_path: Path) -> None:
    with pytest.raises(SpoolError, match="nowhere"):
        MessageDirectory(tmp_path / "nowhere").add("x")
