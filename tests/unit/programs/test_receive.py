# SPDX-License-Identifier: Apache-2.0
"""The pid file of a receiver that runs in the background, and who might have planted what in its place."""

import logging
import os
from pathlib import Path

import pytest

from ssm.logs import LogTeller
from ssm.programs.receive import pidfile_written

TELL = LogTeller(logging.getLogger(__name__))


def test_the_process_id_stands_there_for_as_long_as_it_runs(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    with pidfile_written(pidfile, TELL):
        assert pidfile.read_text() == f"{os.getpid()}\n"
    assert not pidfile.exists()


@pytest.mark.parametrize("is_there", [True, False], ids=["to a file", "to nothing"])
def test_a_link_that_somebody_planted_is_not_followed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, is_there: bool
) -> None:
    pidfile, victim = tmp_path / "pid", tmp_path / "victim"
    if is_there:
        victim.write_text("precious")
    pidfile.symlink_to(victim)
    with pidfile_written(pidfile, TELL):
        assert pidfile.is_symlink()
    assert f"Failed to create pidfile {pidfile}: File exists" in caplog.text
    assert pidfile.is_symlink()
    assert [one.name for one in tmp_path.iterdir() if one.name == "victim"] == ["victim"] * is_there
    assert not is_there or victim.read_text() == "precious"


def test_the_file_of_another_receiver_is_neither_written_over_nor_taken_away(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    pidfile.write_text("17\n")
    with pidfile_written(pidfile, TELL):
        assert pidfile.read_text() == "17\n"
    assert pidfile.read_text() == "17\n"


def test_what_took_its_place_meanwhile_is_left(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    with pidfile_written(pidfile, TELL):
        (tmp_path / "other").write_text("17\n")
        (tmp_path / "other").rename(pidfile)
    assert pidfile.read_text() == "17\n"


def test_a_file_that_is_gone_at_the_end_is_no_trouble(tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"
    with pidfile_written(pidfile, TELL):
        pidfile.unlink()
