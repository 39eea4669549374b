# SPDX-License-Identifier: Apache-2.0
"""The CA directory as files: what is seen, what changes a stamp, and whose fault it is when it cannot be read."""

import os
from pathlib import Path

import pytest

from ssm.credentials.ca_directory import CaDirectory
from ssm.errors import CannotJudgeError


def test_hashed_names_are_authorities(tmp_path: Path) -> None:
    directory = CaDirectory(tmp_path)
    for name in ("README", "alias.pem", "0123abcd.r0", "0123abcd.namespaces", "0123ABCD.0", "0123abcd.x"):
        (tmp_path / name).touch()
    assert not directory.holds_authorities()
    (tmp_path / "0123abcd.0").touch()
    assert directory.holds_authorities()
    assert directory.folder == str(tmp_path)


def test_a_missing_folder_cannot_be_judged_by(tmp_path: Path) -> None:
    with pytest.raises(CannotJudgeError, match="absent") as caught:
        CaDirectory(tmp_path / "absent").holds_authorities()
    assert caught.value.hint


def test_files_are_read_up_to_a_limit(tmp_path: Path) -> None:
    directory = CaDirectory(tmp_path)
    (tmp_path / "a.0").write_bytes(b"12345")
    assert directory.read("a.0", 5) == b"12345"
    with pytest.raises(CannotJudgeError, match="more than 4"):
        directory.read("a.0", 4)
    assert directory.read("b.0", 5) is None


def test_what_is_no_file_is_our_fault(tmp_path: Path) -> None:
    (tmp_path / "a.0").mkdir()
    with pytest.raises(CannotJudgeError, match=r"a\.0"):
        CaDirectory(tmp_path).read("a.0", 5)


def test_a_file_that_cannot_be_opened_is_our_fault(tmp_path: Path) -> None:
    (tmp_path / "a.0").symlink_to("a.0")
    with pytest.raises(CannotJudgeError) as caught:
        CaDirectory(tmp_path).read("a.0", 5)
    assert "readable" in caught.value.hint


def test_stamps_tell_changes(tmp_path: Path) -> None:
    directory = CaDirectory(tmp_path)
    names = ("a.0", "a.r0")
    assert directory.stamp(names) == (None, None)
    (tmp_path / "a.0").write_bytes(b"1")
    first = directory.stamp(names)
    assert directory.stamp(names) == first
    (tmp_path / "a.0").write_bytes(b"12")
    second = directory.stamp(names)
    (tmp_path / "b").write_bytes(b"12")
    os.utime(tmp_path / "b", ns=(0, (tmp_path / "a.0").stat().st_mtime_ns))
    (tmp_path / "b").replace(tmp_path / "a.0")
    third = directory.stamp(names)
    os.utime(tmp_path / "a.0", ns=(0, 1))
    (tmp_path / "a.r0").touch()
    assert len({first, second, third, directory.stamp(names), directory.stamp(("a.r0", "a.0"))}) == 5


def test_stamps_follow_links(tmp_path: Path) -> None:
    directory = CaDirectory(tmp_path)
    (tmp_path / "a.0").symlink_to("ca.pem")
    assert directory.stamp(("a.0",)) == (None,)
    (tmp_path / "ca.pem").write_bytes(b"1")
    first = directory.stamp(("a.0",))
    (tmp_path / "ca.pem").write_bytes(b"12")
    assert None not in {*first, *directory.stamp(("a.0",))}
    assert directory.stamp(("a.0",)) != first
