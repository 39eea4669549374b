# SPDX-License-Identifier: Apache-2.0
"""A loader's run: alone, or, where there is much to do, with helpers, each a loader of its own.

Decoding takes more of a processor than storing, and threads of one program share one processor; so helpers are
processes. They meet in the spool and in the database only, as any loaders do. A helper ends with who started it; one
that ends before, while we watch, is replaced.
"""

import asyncio
import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssm.logs import LogTeller
from ssm.programs.helpers import Helpers
from ssm.settings.database import LoaderSettings

if TYPE_CHECKING:
    from ssm.accounting.load import LoadReport, LoadRun

FEW = 16
"""Messages for which no help is worth its start."""
OBJECTS = 200_000
"""New objects after which garbage is looked for: rows come by the ten thousand, and none of them is in a circle."""


def load(settings: LoaderSettings, tell: LogTeller, helper: Sequence[str], *, watch: bool) -> "LoadReport":
    """Until there is nothing left, or, watching, until a signal. ``helper``: the words that start one."""
    from ssm.wiring.accounting import open_loader

    with open_loader(settings, tell, watch=watch, is_wanted=lambda: True) as run:
        helpers = Helpers([sys.executable, "-m", "ssm", *helper, "--helps", str(os.getpid())], tell)
        if watch or len(run.intake.spool.ready()) > FEW:
            helpers.start(settings.database.loaders - 1)
        try:
            return run_to_the_end(run, helpers, watch=watch)
        finally:
            helpers.finish()


def help_loading(settings: LoaderSettings, tell: LogTeller, parent: int, *, watch: bool) -> None:
    """As long as there is something left and the one whom we help lives."""
    from ssm.wiring.accounting import open_loader

    with open_loader(settings, tell, watch=watch, is_wanted=lambda: os.getppid() == parent) as run:
        run.looks_around = False
        run_to_the_end(run, Helpers([], tell), watch=False)


def run_to_the_end(run: "LoadRun", helpers: Helpers, *, watch: bool) -> "LoadReport":
    """Until there is nothing left, or a signal."""
    from ssm.programs.running import notify_systemd, run_until_signal

    def stop() -> None:
        notify_systemd("STOPPING=1")
        helpers.stop()
        run.stop()

    gc.freeze()
    gc.set_threshold(OBJECTS)
    if not watch:
        return run_until_signal(run.run(), stop)
    notify_systemd("READY=1")
    return run_until_signal(watching(run, helpers), stop)


async def watching(run: "LoadRun", helpers: Helpers) -> "LoadReport":
    """A run during which helpers that end are replaced."""
    keeping = asyncio.create_task(helpers.keep())
    try:
        return await run.run()
    finally:
        keeping.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeping
