# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from ssm.cli.files import whole_file
from ssm.errors import ConfigError


def test_a_file_has_its_name_when_it_is_whole_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")
    with whole_file(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_goes_wrong_in_between_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), whole_file(path) as stream:
        stream.write(b"half" * (1 // 0))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    (tmp_path / ".x.part").symlink_to("/dev/full")
    with (
        pytest.raises(ConfigError, match="x cannot be written: No space left on device"),
        whole_file(tmp_path / "x") as stream,
    ):
        stream.write(b"x" * 100_000)
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_none_is_said() -> None:
    with (
        pytest.raises(ConfigError, match="/dev/null/x cannot be written: Not a directory"),
        whole_file(Path("/dev/null/x")),
    ):
        raise AssertionError
