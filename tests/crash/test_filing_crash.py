# SPDX-License-Identifier: Apache-2.0
"""A receiver that dies at each step of filing, and a disk that is full: what is found at the next start.

The program is a real one in a process of its own; it ends with SIGKILL in the middle of the call that is named.
"""

import contextlib
import hashlib
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssm.errors import SpoolUnavailableError
from ssm.ports.filing import Box, Verdict
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from tests.small_disk import small_disk

COUNT = 6
BODIES = [b"%d " % number * (1 if number % 2 else 50_000) for number in range(COUNT)]  # small and large ones

DIE = """
import hashlib, os, signal, sys
from pathlib import Path
from ssm.ports.filing import Box, Verdict
from ssm.spool.dirq import DirqQueue
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal

path, where, after = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
owner = {"stage": DirqQueue, "publish": DirqQueue, "remember": DirqCabinet, "place_all": DirqCabinet}[where]
original = getattr(owner, where)
calls = 0

def dying(*arguments, **named):
    global calls
    result = original(*arguments, **named)
    calls += 1
    if calls == after:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

cabinet = DirqCabinet(path, SqliteJournal(path / ".ssm"), retention_days=30)
cabinet.recover()
setattr(owner, where, dying)
bodies = [b"%d " % number * (1 if number % 2 else 50_000) for number in range(6)]
cabinet.file([Verdict(hashlib.sha256(body).digest(), Box.INCOMING, body, "/CN=a", "id") for body in bodies])
print("survived")
"""


@contextmanager
def opened(path: Path) -> Iterator[DirqCabinet]:
    cabinet = DirqCabinet(path, SqliteJournal(path / ".ssm"), retention_days=30)
    try:
        yield cabinet
    finally:
        cabinet.close()
        cabinet.journal.close()


def verdicts() -> list[Verdict]:
    return [Verdict(hashlib.sha256(body).digest(), Box.INCOMING, body, "/CN=a", "id") for body in BODIES]


def in_incoming(path: Path) -> Counter[bytes]:
    return Counter(body.read_bytes() for body in (path / "incoming").glob("????????/??????????????/body"))


STEPS = [("stage", 1), ("stage", 4), ("stage", 6), ("remember", 1), ("publish", 1), ("publish", 3), ("publish", 6)]


@pytest.mark.parametrize(("where", "after"), STEPS)
def test_after_a_death_each_message_is_filed_once_and_known_or_neither(tmp_path: Path, where: str, after: int) -> None:
    words = [sys.executable, "-c", DIE, str(tmp_path), where, str(after)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stdout + done.stderr
    with opened(tmp_path) as cabinet:
        cabinet.recover()
        known = cabinet.known([one.digest for one in verdicts()])
        filed = in_incoming(tmp_path)
        assert filed == Counter(one.body for one in verdicts() if one.digest in known)
        # Before the commit nothing, after it everything.
        assert len(known) == (0 if where == "stage" else COUNT)
        # What the broker delivers again completes it, and doubles nothing.
        cabinet.file(verdicts())
        assert in_incoming(tmp_path) == Counter(BODIES)
        assert list(tmp_path.glob("*/.staging/*/*")) == []


def test_a_living_receiver_is_not_disturbed_by_anothers_recovery(tmp_path: Path) -> None:
    with opened(tmp_path) as living:
        one = living.prepare(verdicts()[0])
        living.stage([one])
        with opened(tmp_path) as other:
            assert other.recover() == 0
        assert one.staged.exists()


@pytest.fixture(name="small_disk")
def two_megabytes(tmp_path: Path) -> Iterator[Path]:
    """Of disk of its own."""
    with small_disk(tmp_path / "disk", 2) as folder:
        yield folder


def fill(filler: Path) -> None:
    """Until there is no room at all."""
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_is_said_and_the_same_batch_goes_once_there_is_room(small_disk: Path) -> None:
    spool = small_disk / "spool"
    with opened(spool) as cabinet:
        filler = small_disk / "filler"
        fill(filler)
        with pytest.raises(SpoolUnavailableError, match="No space left"):
            cabinet.file(verdicts())
        assert in_incoming(spool) == Counter()
        assert cabinet.known([one.digest for one in verdicts()]) == {}
        filler.unlink()
        assert len(cabinet.file(verdicts())) == COUNT
        assert in_incoming(spool) == Counter(BODIES)
