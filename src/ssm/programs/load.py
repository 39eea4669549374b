# SPDX-License-Identifier: Apache-2.0
"""A loader's run."""

from typing import TYPE_CHECKING

from ssm.logs import LogTeller
from ssm.settings.database import LoaderSettings

if TYPE_CHECKING:
    from ssm.accounting.load import LoadReport


def load(settings: LoaderSettings, tell: LogTeller, *, watch: bool) -> "LoadReport":
    """Until there is nothing left, or, watching, until a signal."""
    from ssm.accounting_wiring import open_loader
    from ssm.programs.running import notify_systemd, run_until_signal

    with open_loader(settings, tell, watch=watch) as run:

        def stop() -> None:
            notify_systemd("STOPPING=1")
            run.stop()

        if watch:
            notify_systemd("READY=1")
        return run_until_signal(run.run(), stop)
