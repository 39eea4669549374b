# SPDX-License-Identifier: Apache-2.0
"""What every outgoing spool promises, over every layout there is."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.spool.dirq_simple import leave
from ssm.spool.outgoing import OUTGOING_SPOOLS, OpenSpool

Made = tuple[str, OpenSpool]


@pytest.fixture(params=OUTGOING_SPOOLS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def spool(kind: str, tmp_path: Path) -> Iterator[OpenSpool]:
    opened = OUTGOING_SPOOLS[kind](tmp_path, 0)
    yield opened
    opened.close()


def put(kind: str, path: Path, payload: bytes) -> str:
    """As a site's program leaves it."""
    if kind == "dirq":
        return leave(path, payload)
    name = f"message-{time.time_ns():020}"
    if kind == "ssm1-incoming":
        (path / f"{name}.sig").write_text("/CN=a\n")
    (path / name).write_bytes(payload)
    return name


def test_what_is_left_is_ready_in_order_and_can_be_claimed_and_removed(
    kind: str, spool: OpenSpool, tmp_path: Path
) -> None:
    names = [put(kind, tmp_path, b"%d" % number) for number in range(5)]
    assert list(spool.ready()) == names
    for number, name in enumerate(names):
        assert spool.claim(name) == b"%d" % number
        spool.remove(name)
    assert list(spool.ready()) == []


def test_a_claimed_element_is_neither_ready_nor_claimed_again_until_it_is_released(
    kind: str, spool: OpenSpool, tmp_path: Path
) -> None:
    name = put(kind, tmp_path, b"x")
    other = OUTGOING_SPOOLS[kind](tmp_path, 0)
    assert spool.claim(name) == b"x"
    assert list(other.ready()) == []
    assert other.claim(name) is None
    assert other.recover() == 0
    other.purge()
    assert other.claim(name) is None
    spool.release(name)
    assert other.claim(name) == b"x"
    other.release(name)
    other.close()


def test_an_element_that_is_gone_cannot_be_claimed(kind: str, spool: OpenSpool) -> None:
    assert spool.claim("00000000/00000000000000" if kind == "dirq" else "nothing") is None


def test_a_young_element_is_left_to_settle_and_counted(kind: str, tmp_path: Path) -> None:
    settling = OUTGOING_SPOOLS[kind](tmp_path, 30)
    name = put(kind, tmp_path, b"x")
    assert settling.claim(name) is None
    assert settling.unsettled == 1
    assert list(settling.ready()) == [name]
    old = time.time() - 60
    os.utime(tmp_path / name, (old, old))
    assert settling.claim(name) == b"x"
    settling.release(name)
    settling.close()


def test_an_element_from_the_future_is_not_held_back_for_ever(kind: str, tmp_path: Path) -> None:
    settling = OUTGOING_SPOOLS[kind](tmp_path, 30)
    name = put(kind, tmp_path, b"x")
    future = time.time() + 10_000
    os.utime(tmp_path / name, (future, future))
    assert settling.claim(name) == b"x"
    settling.release(name)
    settling.close()


def test_foreign_names_are_neither_listed_nor_touched(kind: str, spool: OpenSpool, tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()
    (tmp_path / "lost+found" / "file").write_bytes(b"x")
    (tmp_path / ".hidden").write_bytes(b"x")
    if kind == "dirq":
        (tmp_path / "readme").write_bytes(b"x")
        (tmp_path / "00000001").mkdir()
        (tmp_path / "00000001" / "not-an-element").write_bytes(b"x")
    assert list(spool.ready()) == []
    spool.recover()
    spool.purge()
    assert (tmp_path / "lost+found" / "file").exists()
    assert (tmp_path / ".hidden").exists()


def test_a_named_pipe_does_not_stop_the_line(kind: str, spool: OpenSpool, tmp_path: Path) -> None:
    pipe = tmp_path / "00000001" / "0123456789abcd" if kind == "dirq" else tmp_path / "pipe"
    pipe.parent.mkdir(exist_ok=True)
    os.mkfifo(pipe)
    name = put(kind, tmp_path, b"x")
    assert spool.claim(str(pipe.relative_to(tmp_path))) is None
    assert spool.claim(name) == b"x"
    spool.release(name)


CLAIM_AND_DIE = """
import os, sys
from pathlib import Path
from ssm.spool.outgoing import OUTGOING_SPOOLS
spool = OUTGOING_SPOOLS[sys.argv[1]](Path(sys.argv[2]), 0)
assert spool.claim(sys.argv[3]) is not None
os._exit(9)
"""


def test_the_claims_of_a_dead_program_are_given_back_at_the_next_start(kind: str, tmp_path: Path) -> None:
    name = put(kind, tmp_path, b"x")
    done = subprocess.run([sys.executable, "-c", CLAIM_AND_DIE, kind, str(tmp_path), name], check=False, timeout=30)
    assert done.returncode == 9
    following = OUTGOING_SPOOLS[kind](tmp_path, 0)
    assert list(following.ready()) == []
    assert following.recover() == 1
    assert list(following.ready()) == [name]
    following.close()


CLAIM_ALL = """
import sys
from pathlib import Path
from ssm.spool.outgoing import OUTGOING_SPOOLS
spool = OUTGOING_SPOOLS[sys.argv[1]](Path(sys.argv[2]), 0)
for name in spool.ready():
    payload = spool.claim(name)
    if payload is not None:
        print(payload.decode())
        spool.remove(name)
spool.close()
"""


def test_two_programs_at_once_claim_each_element_once(kind: str, tmp_path: Path) -> None:
    for number in range(300):
        put(kind, tmp_path, b"%d" % number)
    words = [sys.executable, "-c", CLAIM_ALL, kind, str(tmp_path)]
    racers = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    claimed = [line for racer in racers for line in racer.communicate(timeout=60)[0].split()]
    assert sorted(map(int, claimed)) == list(range(300))
