# SPDX-License-Identifier: Apache-2.0
"""A file counts when nobody is writing it any more."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from ssm.spool.settled import read_settled

DESCRIPTORS = Path("/proc/self/fd")
AS_NOBODY = """
import os, sys
from pathlib import Path
from ssm.spool.settled import read_settled
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
print(read_settled(Path(sys.argv[1]), 0))
"""


def written(path: Path, content: bytes, age_seconds: float) -> Path:
    path.write_bytes(content)
    then = time.time() - age_seconds
    os.utime(path, (then, then))
    return path


@pytest.mark.parametrize(("age", "settle", "counts"), [(10, 2, True), (1, 20, False), (0, 0, True), (30, 20, True)])
def test_it_counts_once_it_is_old_enough(tmp_path: Path, age: float, settle: float, counts: bool) -> None:  # noqa: FBT001 - a table
    assert read_settled(written(tmp_path / "x", b"x", age), settle) == (b"x" if counts else None)


def test_what_is_gone_or_no_file_is_none(tmp_path: Path) -> None:
    assert read_settled(tmp_path / "gone", 0) is None
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert read_settled(tmp_path / "dangling", 0) is None
    os.mkfifo(tmp_path / "pipe")
    assert read_settled(tmp_path / "pipe", 0) is None


def test_a_file_that_grows_while_it_is_read_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "x", b"half", 60)
    real = os.fstat
    calls = 0

    def fstat(descriptor: int) -> os.stat_result:
        nonlocal calls
        calls += 1
        if calls == 2:  # after the reading
            with path.open("ab") as producer:
                producer.write(b" and half")
        return real(descriptor)

    monkeypatch.setattr("ssm.spool.settled.os.fstat", fstat)
    found = read_settled(path, 2)
    monkeypatch.undo()
    assert calls >= 2
    assert found is None


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    before = len(list(DESCRIPTORS.iterdir()))
    for age in (0.0, 60.0):
        read_settled(written(tmp_path / "x", b"x", age), 5)
    os.mkfifo(tmp_path / "pipe")
    read_settled(tmp_path / "pipe", 0)
    assert len(list(DESCRIPTORS.iterdir())) == before


def test_what_we_may_not_read_stays_and_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        path = written(Path(folder) / "x", b"x", 60)
        path.chmod(0)
        words = [sys.executable, "-c", AS_NOBODY, str(path)]
        told = subprocess.run(words, capture_output=True, text=True, check=True, timeout=30)
        assert told.stdout == "None\n"
        assert "cannot be read" in told.stderr
        assert path.exists()
