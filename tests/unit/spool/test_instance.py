# SPDX-License-Identifier: Apache-2.0
"""Which programs are alive is known by their locks, and by nothing else."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ssm.spool.instance import Instance

HOLD = """
import sys, time
from pathlib import Path
from ssm.spool.instance import Instance
held = Instance(Path(sys.argv[1]))
print(held.id, flush=True)
sys.stdin.read()
"""


def dead(instance: Instance) -> list[str]:
    with instance.dead_ones() as found:
        return sorted(path.name for path in found)


def test_a_living_program_is_not_dead_and_a_killed_one_is_at_once(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        ours = Instance(tmp_path)
        assert dead(ours) == []
        other.send_signal(signal.SIGKILL)
        other.wait(30)
        assert dead(ours) == [name]
        assert dead(ours) == []
        ours.close()


def test_a_marker_stays_when_the_recovery_of_its_locks_failed(tmp_path: Path) -> None:
    gone, ours = Instance(tmp_path), Instance(tmp_path)
    os.close(gone.descriptor)
    with pytest.raises(KeyError), ours.dead_ones():
        raise KeyError
    assert dead(ours) == [gone.id]
    ours.close()


def test_only_one_of_two_recovers_a_dead_one(tmp_path: Path) -> None:
    gone, one, two = Instance(tmp_path), Instance(tmp_path), Instance(tmp_path)
    os.close(gone.descriptor)
    with one.dead_ones() as found, two.dead_ones() as also:
        assert found == [gone.marker]
        assert also == []
    one.close()
    two.close()


def test_closing_leaves_no_marker_unless_a_lock_refers_to_it(tmp_path: Path) -> None:
    free, holding = Instance(tmp_path / "markers"), Instance(tmp_path / "markers")
    os.link(holding.marker, tmp_path / "lock")
    free.close()
    holding.close()
    assert list((tmp_path / "markers").iterdir()) == [holding.marker]
    following = Instance(tmp_path / "markers")
    assert dead(following) == [holding.id]
    following.close()


def test_touching_makes_a_marker_young(tmp_path: Path) -> None:
    ours = Instance(tmp_path)
    os.utime(ours.marker, (1, 1))
    ours.touch()
    assert time.time() - ours.marker.stat().st_mtime < 60
    ours.close()


def test_a_child_does_not_keep_its_dead_parent_alive(tmp_path: Path) -> None:
    ours = Instance(tmp_path)
    assert not os.get_inheritable(ours.descriptor)
    ours.close()
