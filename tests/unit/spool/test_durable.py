# SPDX-License-Identifier: Apache-2.0
"""What a disk's complaints mean, and what writing leaves behind."""

import errno
import os
import stat
from pathlib import Path

import pytest

from ssm.errors import SpoolError, SpoolUnavailableError
from ssm.spool.durable import (
    disk_errors,
    make_folder,
    remove_file,
    remove_folder,
    sync_path,
    write_file,
    write_new,
)

PASSING = [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE]
LASTING = [errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.ENOENT, errno.ELOOP]


@pytest.mark.parametrize(
    ("number", "kind"),
    [(number, SpoolUnavailableError) for number in PASSING] + [(number, SpoolError) for number in LASTING],
)
def test_an_error_of_the_disk_says_whether_to_wait_or_to_stop(
    number: int, kind: type[SpoolError] | type[SpoolUnavailableError]
) -> None:
    with pytest.raises(kind, match="/spool/x"), disk_errors("/spool"):
        raise OSError(number, os.strerror(number), "/spool/x")


def test_an_error_without_a_name_is_told_with_the_path_that_is_known() -> None:
    with pytest.raises(SpoolUnavailableError, match="/spool: No space left"), disk_errors("/spool"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_what_is_no_error_of_the_disk_passes_as_it_is() -> None:
    with pytest.raises(KeyError), disk_errors("/spool"):
        raise KeyError


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        make_folder(tmp_path / "a" / "b")
        write_file(tmp_path / "a" / "b" / "c", b"x", sync=True)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a", tmp_path / "a" / "b")] == [0o750] * 2
    assert stat.S_IMODE((tmp_path / "a" / "b" / "c").stat().st_mode) == 0o640


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o770)
    make_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o770


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 5000])
def test_a_file_has_every_byte(tmp_path: Path, content: bytes) -> None:
    write_file(tmp_path / "x", content, sync=False)
    assert (tmp_path / "x").read_bytes() == content


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "x", b"new", sync=True)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_file(tmp_path / "link", b"new", sync=True)
    assert (tmp_path / "x").read_bytes() == b"old"
    assert not (tmp_path / "elsewhere").exists()


def test_a_descriptor_of_a_new_file_is_not_passed_on_to_children(tmp_path: Path) -> None:
    descriptor = write_new(tmp_path / "x", b"x")
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_removing_and_syncing_what_is_gone_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    assert remove_file(tmp_path / "x")
    assert not remove_file(tmp_path / "x")
    sync_path(tmp_path / "x")
    remove_folder(tmp_path / "x")


def test_removing_a_folder_does_not_follow_links_out_of_it(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_bytes(b"x")
    folder = tmp_path / "folder"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "deep" / "deeper" / "x").write_bytes(b"x")
    (folder / "link").symlink_to(outside)
    remove_folder(folder)
    assert not folder.exists()
    assert (outside / "kept").exists()
