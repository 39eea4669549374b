# SPDX-License-Identifier: Apache-2.0
"""Programs that die in the middle of the spool's calls, machines that go down, and programs that race.

Each victim is a process of its own: it ends with SIGKILL before or after the call that is named, the n-th time.
"""

import hashlib
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssm.ports.filing import Box, Verdict
from ssm.spool.dirq_simple import leave
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.outgoing import OUTGOING_SPOOLS
from ssm.spool.placing import LARGE_OCTETS

FOLDER = "[0-9a-f]" * 8
BEGIN = """
import hashlib, os, signal, sys
from pathlib import Path
from ssm.ports.filing import Box, Verdict
from ssm.spool import directory, dirq, dirq_simple, filing, settling
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.outgoing import OUTGOING_SPOOLS

path = Path(sys.argv[1])

def die_at(owner, name, call, *, before):
    original, calls = getattr(owner, name), []
    def deadly(*arguments, **named):
        calls.append(1)
        if before and len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if len(calls) == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, deadly)

def cabinet():
    return DirqCabinet(path, SqliteJournal(path / ".ssm"), retention_days=30, boot="first")
"""


def die_in(path: Path, what: str) -> None:
    words = [sys.executable, "-c", BEGIN + what, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr or "it survived"


# A sender.

CLAIM = """
kind, module = {kind!r}, {{"dirq": dirq_simple}}.get({kind!r}, directory)
spool = OUTGOING_SPOOLS[kind](path, 0)
die_at({where})
[name] = spool.ready()
assert spool.claim(name) == b"payload"
spool.{then}(name)
"""
BEFORE_IT_GOES = [
    ("module, 'read_settled', 1, before=True", "remove"),
    ("module, 'read_settled', 1, before=False", "remove"),
    ("module, 'remove_file', 1, before=True", "remove"),
    ("module, 'remove_file', 1, before=True", "release"),
]
AFTER_IT_WENT = ["module, 'remove_file', 1, before=False", "module, 'remove_file', 2, before=False"]


def put(kind: str, path: Path) -> str:
    if kind == "dirq":
        return leave(path, b"payload")
    (path / "message.sig").write_text("/CN=a\n") if kind == "ssm1-incoming" else None
    (path / "message").write_bytes(b"payload")
    return "message"


def claims_on_disk(path: Path) -> list[Path]:
    return [*path.glob("*/*.lck"), *path.glob(".ssm/claims/*")]


@pytest.mark.parametrize("kind", OUTGOING_SPOOLS)
@pytest.mark.parametrize(("where", "then"), BEFORE_IT_GOES)
def test_an_element_that_was_claimed_at_a_death_is_ready_again_as_it_was(
    tmp_path: Path, kind: str, where: str, then: str
) -> None:
    name = put(kind, tmp_path)
    die_in(tmp_path, CLAIM.format(kind=kind, where=where, then=then))
    following = OUTGOING_SPOOLS[kind](tmp_path, 0)
    assert following.claim(name) is None
    assert following.recover() == 1
    assert list(following.ready()) == [name]
    assert following.claim(name) == b"payload"
    following.release(name)
    following.close()
    assert claims_on_disk(tmp_path) == []


@pytest.mark.parametrize("kind", OUTGOING_SPOOLS)
@pytest.mark.parametrize("where", AFTER_IT_WENT)
def test_an_element_that_was_removed_at_a_death_stays_away_and_leaves_nothing(
    tmp_path: Path, kind: str, where: str
) -> None:
    put(kind, tmp_path)
    die_in(tmp_path, CLAIM.format(kind=kind, where=where, then="remove"))
    following = OUTGOING_SPOOLS[kind](tmp_path, 0)
    following.recover()
    assert list(following.ready()) == []
    following.close()
    assert claims_on_disk(tmp_path) == []
    assert list((tmp_path / ".ssm" / "instances").iterdir()) == []


# A receiver.

BODIES = [b"%d " % number * (1 if number % 2 else LARGE_OCTETS) for number in range(5)]  # small and large ones
FILE = """
bodies = [b"%d " % number * (1 if number % 2 else 64 * 1024) for number in range(5)]
verdicts = [Verdict(hashlib.sha256(one).digest(), Box.INCOMING, one, "/CN=a", "id") for one in bodies]
receiver = cabinet()
die_at({where})
receiver.file(verdicts)
"""


@contextmanager
def opened(path: Path, boot: str = "first") -> Iterator[DirqCabinet]:
    cabinet = DirqCabinet(path, SqliteJournal(path / ".ssm"), retention_days=30, boot=boot)
    try:
        yield cabinet
    finally:
        cabinet.close()
        cabinet.journal.close()


def bodies_in(path: Path, box: Box) -> Counter[bytes]:
    return Counter(file.read_bytes() for file in (path / box.value).glob(f"{FOLDER}/*/body"))


def verdict(body: bytes, box: Box = Box.INCOMING, *, about: bytes | None = None) -> Verdict:
    error = None if box is Box.INCOMING else "why"
    return Verdict(hashlib.sha256(about or body).digest(), box, body, "/CN=a" if error is None else None, "id", error)


def lose_power(path: Path, boxes: Sequence[Box], *, torn: bool) -> None:
    """What was not synced is empty or gone: every file of a small element, staged or in its box."""
    for box in boxes:
        for element in [*path.glob(f"{box}/.staging/*/*"), *path.glob(f"{box}/{FOLDER}/*")]:
            if (element / "body").stat().st_size > LARGE_OCTETS:
                continue
            for field in element.iterdir():
                if torn:
                    field.write_bytes(b"")
                else:
                    field.unlink()


PLACED = ["dirq.DirqQueue, 'publish', 3, before=True", "dirq.DirqQueue, 'publish', 5, before=False"]


@pytest.mark.parametrize("torn", [True, False], ids=["torn", "gone"])
@pytest.mark.parametrize("where", PLACED)
def test_what_was_filed_when_the_power_went_is_whole_and_known(tmp_path: Path, where: str, torn: bool) -> None:  # noqa: FBT001 - a table
    die_in(tmp_path, FILE.format(where=where))
    with opened(tmp_path) as cabinet:
        cabinet.recover()  # the program was started again, and the power went after that
    lose_power(tmp_path, list(Box), torn=torn)
    with opened(tmp_path, "second") as cabinet:
        cabinet.recover()
        assert bodies_in(tmp_path, Box.INCOMING) == Counter(BODIES)
        assert set(cabinet.known([verdict(body).digest for body in BODIES])) == {
            verdict(body).digest for body in BODIES
        }
        assert cabinet.file([verdict(body) for body in BODIES]) == []


@pytest.mark.parametrize("torn", [True, False], ids=["torn", "gone"])
def test_what_was_not_committed_when_the_power_went_is_neither_filed_nor_known(tmp_path: Path, torn: bool) -> None:  # noqa: FBT001 - a table
    die_in(tmp_path, FILE.format(where="DirqCabinet, 'remember', 1, before=True"))
    lose_power(tmp_path, list(Box), torn=torn)
    with opened(tmp_path, "second") as cabinet:
        assert cabinet.recover() == 0
        assert bodies_in(tmp_path, Box.INCOMING) == Counter()
        assert cabinet.known([verdict(body).digest for body in BODIES]) == {}
        assert len(cabinet.file([verdict(body) for body in BODIES])) == len(BODIES)


# What waits, and what is judged again.

RESOLVE = """
receiver = cabinet()
[name] = receiver.deferred()
element = receiver.take_deferred(name)
die_at({where})
digest = hashlib.sha256(b"sealed").digest()
receiver.resolve_deferred(name, Verdict(digest, Box.INCOMING, b"payload", "/CN=a", "id"))
"""
AGAIN = """
receiver = cabinet()
[name] = receiver.queues[Box.REJECTED].elements()
die_at({where})
receiver.judge_again(name)
"""
MOVING = [
    "DirqCabinet, 'stage', 1, before=False",
    "DirqCabinet, 'remember', 1, before=False",
    "dirq.DirqQueue, 'publish', 1, before=False",
    "settling.Settling, 'release', 1, before=False",
    "dirq, 'remove_folder', 1, before=True",
    "dirq.DirqQueue, 'remove', 1, before=False",
]


def resolve_all(cabinet: DirqCabinet) -> None:
    """As the receiver does at its next pass."""
    for name in cabinet.deferred():
        taken = cabinet.take_deferred(name)
        assert taken is not None, "nobody else is there"
        cabinet.resolve_deferred(name, verdict(b"payload", about=taken.body))


@pytest.mark.parametrize("where", MOVING)
def test_a_deferred_message_ends_once_in_its_box_wherever_its_judge_died(tmp_path: Path, where: str) -> None:
    with opened(tmp_path) as cabinet:
        cabinet.file([verdict(b"sealed", Box.DEFERRED)])
    die_in(tmp_path, RESOLVE.format(where=where))
    with opened(tmp_path) as cabinet:
        cabinet.recover()
        resolve_all(cabinet)
        assert bodies_in(tmp_path, Box.INCOMING) == Counter([b"payload"])
        assert bodies_in(tmp_path, Box.DEFERRED) == Counter()
        digest = hashlib.sha256(b"sealed").digest()
        assert cabinet.known([digest]) == {digest: Box.INCOMING}
    with opened(tmp_path, "second") as cabinet:  # and nothing of it comes back after a loss of power
        cabinet.recover()
        assert bodies_in(tmp_path, Box.INCOMING) == Counter([b"payload"])
        assert bodies_in(tmp_path, Box.DEFERRED) == Counter()


@pytest.mark.parametrize("where", MOVING)
def test_a_rejected_message_that_is_judged_again_is_not_lost_wherever_it_was_moved(tmp_path: Path, where: str) -> None:
    with opened(tmp_path) as cabinet:
        cabinet.file([verdict(b"sealed", Box.REJECTED)])
    die_in(tmp_path, AGAIN.format(where=where))
    with opened(tmp_path) as cabinet:
        cabinet.recover()
        there = bodies_in(tmp_path, Box.REJECTED) + bodies_in(tmp_path, Box.DEFERRED)
        assert set(there) == {b"sealed"}
        digest = hashlib.sha256(b"sealed").digest()
        known = cabinet.known([digest])[digest]
        assert bodies_in(tmp_path, known) == Counter([b"sealed"])


# Two receivers.

RACE = """
bodies = [b"%d" % number for number in range(240)]
receiver = cabinet()
print("ready", flush=True)
sys.stdin.readline()
count = 0
for first in range(0, 240, 8):
    batch = bodies[first : first + 8]
    verdicts = [Verdict(hashlib.sha256(one).digest(), Box.INCOMING, one, "/CN=a", "id") for one in batch]
    count += len(receiver.file(verdicts))
receiver.close()
print(count)
"""


def test_two_receivers_at_once_file_each_message_once(tmp_path: Path) -> None:
    words = [sys.executable, "-c", BEGIN + RACE, str(tmp_path)]
    racers: list[subprocess.Popen[str]] = []
    for _ in range(2):
        racer = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
        racers.append(racer)
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    counts = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    assert sum(counts) == 240
    assert bodies_in(tmp_path, Box.INCOMING) == Counter(b"%d" % number for number in range(240))
    assert list(tmp_path.glob("*/.staging/*/*")) == []
