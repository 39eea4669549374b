# SPDX-License-Identifier: Apache-2.0
"""Helpers of a loader: processes that it starts, looks after while it watches, and ends.

One that ends before its time is replaced: after a pause, which grows as long as its successors do not live long
either, so that what ends at once does not keep the machine busy. Starting and stopping are done by one thread, the one
whose event loop hears signals: none is started that a stop does not reach.
"""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ssm.accounting.events import LoadEvent, Teller
from ssm.errors import RetryError

POLL_SECONDS = 0.5
FIRST_SECONDS, MOST_SECONDS = 1.0, 60.0
LONG_SECONDS = 60.0
"""Who has lived for so long is not one of a series that ends at once."""


@dataclass(slots=True)
class Place:
    """Of one helper, and of those that take its place."""

    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    due: float = 0.0
    """When to start one, where there is none."""
    failures: int = 0

    def pause(self, now: float) -> float:
        """How long to wait before the next one starts."""
        self.failures = 0 if now - self.since >= LONG_SECONDS else self.failures
        seconds = min(FIRST_SECONDS * 2.0 ** min(self.failures, 30), MOST_SECONDS)
        self.failures += 1
        self.due = now + seconds
        return seconds


class Helpers:
    """Processes that we started."""

    def __init__(self, command: Sequence[str], tell: Teller) -> None:
        self.command = list(command)
        self.tell = tell
        self.places: list[Place] = []
        self.is_stopped = False

    def start(self, count: int) -> None:
        """Start some."""
        self.places = [Place() for _ in range(count)]
        for one in self.places:
            self.fill(one, time.monotonic())

    async def keep(self) -> None:
        """Look after them, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.look_after(time.monotonic())

    def look_after(self, now: float) -> None:
        """Notice who has ended, and start another one where it is time to. Nothing after a stop."""
        for place in self.places if not self.is_stopped else ():
            if place.process is not None:
                status = place.process.poll()
                if status is not None:
                    self.miss(place, now, f"process {place.process.pid} {ending(status)}")
            elif now >= place.due:
                try:
                    self.fill(place, now)
                except OSError as error:
                    self.miss(place, now, f"it could not be started: {error.strerror}")

    def fill(self, place: Place, now: float) -> None:
        """Start one; OSError where the system starts none."""
        place.since = now
        place.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL)  # noqa: S603 - ourselves

    def miss(self, place: Place, now: float, cause: str) -> None:
        """There is none any more; it is told once."""
        place.process = None
        self.tell(LoadEvent.HELPER_GONE, cause=cause, retry_in=place.pause(now))

    def stop(self) -> None:
        """Ask them to end; none is started after this."""
        self.is_stopped = True
        for one in self.places:
            if one.process is not None:
                one.process.terminate()

    def finish(self) -> None:
        """Wait for their end. RetryError when one could not do its share, which is still in the box."""
        is_ending_badly = sys.exception() is not None
        if is_ending_badly:
            self.stop()
        failed = [one.process.wait() for one in self.places if one.process is not None]
        self.places = []
        if any(failed) and not (self.is_stopped or is_ending_badly):
            raise RetryError("a helper has ended before its time; what it had in hand is loaded by the next run")


def ending(status: int) -> str:
    """How a process has ended, as ``Popen.returncode`` says it."""
    if status >= 0:
        return f"ended with status {status}"
    known = {int(one): one.name for one in signal.Signals}
    return f"was ended by {known.get(-status, f'signal {-status}')}"
