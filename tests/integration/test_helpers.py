# SPDX-License-Identifier: Apache-2.0
"""A loader's helpers: real processes, and a clock of our own for the pauses between them."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.accounting.events import LoadEvent
from ssm.errors import RetryError
from ssm.programs.helpers import FIRST_SECONDS, LONG_SECONDS, MOST_SECONDS, Helpers, ending
from tests.accounting import Told, until
from tests.servers.process import is_running

SLEEPS = [sys.executable, "-c", "import time; time.sleep(100)"]
ENDS = [sys.executable, "-c", "raise SystemExit(70)"]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def sleeping(told: Told) -> Iterator[Helpers]:
    made = Helpers(SLEEPS, told)
    yield made
    made.stop()
    made.finish()


def pids(helpers: Helpers) -> list[int]:
    return [one.process.pid for one in helpers.places if one.process is not None]


def kill(helpers: Helpers) -> int:
    """SIGKILL the first of them, and wait until it is dead; which it was."""
    pid = pids(helpers)[0]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_running(pid), "its end")
    return pid


def gone(told: Told) -> list[tuple[object, object]]:
    return [(one["cause"], one["retry_in"]) for one in told.of(LoadEvent.HELPER_GONE)]


def test_one_that_is_killed_is_told_once_and_replaced_after_a_pause(sleeping: Helpers, told: Told) -> None:
    sleeping.start(2)
    now = time.monotonic()
    killed = kill(sleeping)
    other = pids(sleeping)[1]
    sleeping.look_after(now)
    sleeping.look_after(now + FIRST_SECONDS / 2)
    assert gone(told) == [(f"process {killed} was ended by SIGKILL", FIRST_SECONDS)]
    assert pids(sleeping) == [other], "not yet"
    sleeping.look_after(now + FIRST_SECONDS)
    new, same = pids(sleeping)
    assert (new != killed, same) == (True, other)
    assert is_running(new)
    assert len(gone(told)) == 1


def test_pauses_grow_while_they_die_soon_and_begin_anew_after_a_long_life(sleeping: Helpers, told: Told) -> None:
    sleeping.start(1)
    now = time.monotonic()
    for _ in range(9):
        kill(sleeping)
        sleeping.look_after(now)
        now += sleeping.places[0].due - now
        sleeping.look_after(now)
    pauses = [pause for _, pause in gone(told)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, MOST_SECONDS, MOST_SECONDS, MOST_SECONDS]
    kill(sleeping)
    sleeping.look_after(now + LONG_SECONDS)
    assert gone(told)[-1][1] == FIRST_SECONDS


def test_what_ends_at_once_does_not_spin(told: Told) -> None:
    helpers = Helpers(ENDS, told)

    async def work() -> None:
        keeping = asyncio.create_task(helpers.keep())
        await asyncio.sleep(5.0)
        keeping.cancel()

    helpers.start(1)
    asyncio.run(work())
    helpers.stop()
    helpers.finish()
    assert 1 <= len(gone(told)) <= 3, "1 + 2 + 4 seconds are more than five"
    assert all(str(cause).endswith("ended with status 70") for cause, _ in gone(told))


def test_what_cannot_be_started_is_tried_again(sleeping: Helpers, told: Told, tmp_path: Path) -> None:
    sleeping.start(1)
    now = time.monotonic()
    kill(sleeping)
    sleeping.command[0] = str(tmp_path / "no-such-program")
    sleeping.look_after(now)
    sleeping.look_after(now + FIRST_SECONDS)
    assert gone(told)[1] == ("it could not be started: No such file or directory", 2.0)
    sleeping.command[0] = sys.executable
    sleeping.look_after(now + FIRST_SECONDS + 2.0)
    assert is_running(pids(sleeping)[0])


def test_a_stop_reaches_the_one_that_was_started_in_this_moment_and_none_comes_after(told: Told) -> None:
    helpers = Helpers(SLEEPS, told)
    helpers.start(2)
    now = time.monotonic()
    kill(helpers)
    helpers.look_after(now)
    helpers.look_after(now + FIRST_SECONDS)
    started = pids(helpers)
    assert len(started) == 2
    helpers.stop()
    helpers.look_after(now + 10 * MOST_SECONDS)
    assert pids(helpers) == started
    helpers.finish()
    assert not any(is_running(pid) for pid in started)
    assert len(gone(told)) == 1, "an end that we asked for is no news"


def test_without_watching_one_that_fails_is_told_by_the_end_of_the_run(told: Told) -> None:
    helpers = Helpers(ENDS, told)
    helpers.start(1)
    with pytest.raises(RetryError, match="before its time"):
        helpers.finish()
    assert gone(told) == []


@pytest.mark.parametrize(
    ("status", "words"), [(75, "ended with status 75"), (-9, "was ended by SIGKILL"), (-64, "was ended by SIG")]
)
def test_an_end_is_told_in_words(status: int, words: str) -> None:
    assert ending(status).startswith(words)
