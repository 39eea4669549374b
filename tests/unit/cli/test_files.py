# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest

from ssm.cli.files import create, give_name, new_file, take_name, whole_file
from ssm.errors import ConfigError, InputError


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


LIMITED = """
import resource, sys
from pathlib import Path
from ssm.cli.files import new_file, whole_file
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
with {name}(Path(sys.argv[1])) as stream:
    stream.write(b"x" * 100_000)
"""
Writer = Callable[[Path], AbstractContextManager[BinaryIO]]
BOTH = pytest.mark.parametrize("writer", [whole_file, new_file])


@BOTH
def test_what_does_not_fit_is_said_and_leaves_nothing(tmp_path: Path, writer: Writer) -> None:
    program = LIMITED.format(name="whole_file" if writer is whole_file else "new_file")
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "x"], capture_output=True, text=True, timeout=60, check=False
    )
    assert "ConfigError" in done.stderr
    assert "x cannot be written: File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_links_that_somebody_has_planted_are_not_followed(tmp_path: Path, writer: Writer) -> None:
    """Under the name of the temporary file, as it once was and as one that could be guessed, and under our own."""
    folder, precious = tmp_path / "public", tmp_path / "precious"
    precious.write_bytes(b"precious")
    folder.mkdir()
    (folder / ".x.part").symlink_to(precious)
    if writer is whole_file:
        (folder / "x").symlink_to(precious)
    with writer(folder / "x") as stream:
        [part] = [one for one in folder.iterdir() if one.name.startswith(".x.") and one.name != ".x.part"]
        assert not part.is_symlink()
        stream.write(b"ours")
    assert precious.read_bytes() == b"precious"
    assert not (folder / "x").is_symlink()
    assert (folder / "x").read_bytes() == b"ours"
    assert sorted(one.name for one in folder.iterdir()) == [".x.part", "x"]


@pytest.mark.parametrize("planted", ["link", "dangling link", "file"])
def test_even_a_name_that_was_guessed_is_not_followed(tmp_path: Path, planted: str) -> None:
    precious, guessed = tmp_path / "precious", tmp_path / ".x.0123.part"
    if planted == "file":
        guessed.write_bytes(b"planted")
    else:
        guessed.symlink_to(precious)
    if planted == "link":
        precious.write_bytes(b"precious")
    before = {one: one.is_symlink() or one.read_bytes() for one in tmp_path.iterdir()}
    with pytest.raises(FileExistsError):
        create(guessed, None)
    assert {one: one.is_symlink() or one.read_bytes() for one in tmp_path.iterdir()} == before


@BOTH
def test_what_a_killed_run_has_left_does_not_block_the_next_one(tmp_path: Path, writer: Writer) -> None:
    name = "whole_file" if writer is whole_file else "new_file"
    killed = (
        "import os, sys\nfrom pathlib import Path\nfrom ssm.cli.files import new_file, whole_file\n"
        f"with {name}(Path(sys.argv[1])) as stream:\n"
        "    stream.write(b'half')\n    stream.flush()\n    os.kill(os.getpid(), 9)\n"
    )
    for _ in range(2):
        done = subprocess.run([sys.executable, "-c", killed, tmp_path / "x"], timeout=60, check=False)
        assert done.returncode == -9
        assert not (tmp_path / "x").exists()
    with writer(tmp_path / "x") as stream:
        stream.write(b"whole")
    assert (tmp_path / "x").read_bytes() == b"whole"


def test_two_at_once_do_not_mix(tmp_path: Path) -> None:
    with whole_file(tmp_path / "x") as first, whole_file(tmp_path / "x") as second:
        first.write(b"first")
        second.write(b"second")
    assert (tmp_path / "x").read_bytes() == b"first", "the last to end"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_a_new_file_is_not_written_over_even_if_it_comes_in_between(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with pytest.raises(InputError, match="not written over"), new_file(path):
        path.write_bytes(b"theirs")
    with pytest.raises(InputError, match="not written over"), new_file(path):
        raise AssertionError
    assert path.read_bytes() == b"theirs"
    path.unlink()
    path.symlink_to("nowhere")
    with pytest.raises(InputError, match="not written over"), new_file(path):
        raise AssertionError
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


def test_where_there_are_no_hard_links_the_name_is_taken_first(tmp_path: Path) -> None:
    part, path = tmp_path / "part", tmp_path / "x"
    for _ in range(2):
        part.write_bytes(b"whole")
        if path.exists():
            with pytest.raises(InputError, match="not written over"):
                take_name(part, path)
        else:
            take_name(part, path)
        assert path.read_bytes() == b"whole"


def test_a_name_that_was_taken_in_vain_is_free_again(tmp_path: Path) -> None:
    """Between two file systems there are no hard links, and files are not moved either."""
    part = Path("/dev/shm") / f"ssm-test-{os.getpid()}"
    part.write_bytes(b"x")
    try:
        with pytest.raises(OSError, match="Invalid cross-device link"):
            give_name(part, tmp_path / "x")
        assert list(tmp_path.iterdir()) == []
    finally:
        part.unlink()


@BOTH
def test_the_mode_is_that_of_any_output(tmp_path: Path, writer: Writer) -> None:
    before = os.umask(0o027)
    try:
        with writer(tmp_path / "x"):
            pass
    finally:
        os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o7777 == 0o640


def test_a_file_that_is_replaced_keeps_its_mode_from_the_first_octet(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.touch()
    path.chmod(0o4600)
    with whole_file(path):
        [part] = tmp_path.glob(".x.*")
        assert part.stat().st_mode & 0o7777 == 0o600
    assert path.stat().st_mode & 0o7777 == 0o600


def test_a_long_name_is_one(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 127)
    with whole_file(path) as stream:
        stream.write(b"x")
    assert path.read_bytes() == b"x"


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    pipe, output = tmp_path / "pipe", tmp_path / "stdout"
    os.mkfifo(pipe)
    output.symlink_to("/proc/self/fd/1")
    for path in (Path(os.devnull), pipe, tmp_path, output):
        with pytest.raises(ConfigError, match="no plain file"), whole_file(path):
            raise AssertionError
    assert Path(os.devnull).is_char_device()


def test_a_folder_that_is_none_is_said() -> None:
    with (
        pytest.raises(ConfigError, match="/dev/null/x cannot be written: Not a directory"),
        whole_file(Path("/dev/null/x")),
    ):
        raise AssertionError
