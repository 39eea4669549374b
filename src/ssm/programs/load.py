# SPDX-License-Identifier: Apache-2.0
"""A loader's run: alone, or, where there is much to do, with helpers, each a loader of its own.

Decoding takes more of a processor than storing, and threads of one program share one processor; so helpers are
processes. They meet in the spool and in the database only, as any loaders do. A helper ends with who started it.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssm.errors import RetryError
from ssm.logs import LogTeller
from ssm.settings.database import LoaderSettings

if TYPE_CHECKING:
    from ssm.accounting.load import LoadReport, LoadRun

FEW = 16
"""Messages for which no help is worth its start."""
OBJECTS = 200_000
"""New objects after which garbage is looked for: rows come by the ten thousand, and none of them is in a circle."""


def load(settings: LoaderSettings, tell: LogTeller, helper: Sequence[str], *, watch: bool) -> "LoadReport":
    """Until there is nothing left, or, watching, until a signal. ``helper``: the words that start one."""
    from ssm.accounting_wiring import open_loader

    with open_loader(settings, tell, watch=watch, is_wanted=lambda: True) as run:
        helpers = Helpers([sys.executable, "-m", "ssm", *helper, "--helps", str(os.getpid())])
        if watch or len(run.intake.spool.ready()) > FEW:
            helpers.start(settings.database.loaders - 1)
        try:
            return run_to_the_end(run, helpers, watch=watch)
        finally:
            helpers.finish()


def help_loading(settings: LoaderSettings, tell: LogTeller, parent: int, *, watch: bool) -> None:
    """As long as there is something left and the one whom we help lives."""
    from ssm.accounting_wiring import open_loader

    with open_loader(settings, tell, watch=watch, is_wanted=lambda: os.getppid() == parent) as run:
        run_to_the_end(run, Helpers([]), watch=False)


def run_to_the_end(run: "LoadRun", helpers: "Helpers", *, watch: bool) -> "LoadReport":
    """Until there is nothing left, or a signal."""
    from ssm.programs.running import notify_systemd, run_until_signal

    def stop() -> None:
        notify_systemd("STOPPING=1")
        helpers.stop()
        run.stop()

    gc.freeze()
    gc.set_threshold(OBJECTS)
    if watch:
        notify_systemd("READY=1")
    return run_until_signal(run.run(), stop)


class Helpers:
    """Processes that we started."""

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self.running: list[subprocess.Popen[bytes]] = []
        self.is_stopped = False

    def start(self, count: int) -> None:
        """Start some."""
        self.running = [subprocess.Popen(self.command, stdin=subprocess.DEVNULL) for _ in range(count)]  # noqa: S603 - ourselves

    def stop(self) -> None:
        """Ask them to end."""
        self.is_stopped = True
        for one in self.running:
            one.terminate()

    def finish(self) -> None:
        """Wait for their end. RetryError when one could not do its share, which is still in the box."""
        is_ending_badly = sys.exception() is not None
        if is_ending_badly:
            self.stop()
        failed = [one.wait() for one in self.running]
        self.running = []
        if any(failed) and not (self.is_stopped or is_ending_badly):
            raise RetryError("a helper has ended before its time; what it had in hand is loaded by the next run")
