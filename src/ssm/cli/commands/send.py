# SPDX-License-Identifier: Apache-2.0
"""Send what is in the outgoing spool: sign, encrypt if asked for, publish, and remove after the broker's receipt.

Run it from cron, or with --watch as a service. Several may work on one spool.

  ssm send -c /etc/apel/sender.cfg
  ssm send -c /etc/apel/sender.cfg --watch

Exit status: 0 all sent, or nothing to send; 65 something can never be sent and was set aside; 69 no broker;
75 a broker refused a message, which stays in the spool; 78 configuration or credentials.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ssm.cli.sources import add_sources, open_log, sources, telling_errors
from ssm.errors import EX_DATAERR, EX_TEMPFAIL
from ssm.logs import LINE
from ssm.messenger.events import Event
from ssm.programs.send import send
from ssm.settings.found import Sources
from ssm.settings.ini import read_sender
from ssm.settings.sections import SenderSettings

if TYPE_CHECKING:
    from ssm.messenger.send import SendReport

DEFAULT = "/etc/apel/sender.cfg"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_sources(parser, DEFAULT)
    parser.add_argument("--watch", action="store_true", help="go on: send what is left in the spool as it comes")


def run(arguments: argparse.Namespace) -> int:
    """``ssm send``."""
    settings, found = read_sender(sources(arguments))
    tell = open_log(settings.logging, "sender", found, for_long=arguments.watch)
    with telling_errors(tell):
        report = send(settings, tell, watch=arguments.watch, show=lambda: progress(settings))
    if report is None or not (report.refused or report.set_aside):
        return 0
    return EX_DATAERR if report.set_aside else EX_TEMPFAIL


def run_incumbent(config: Path) -> int:
    """``ssmsend``: the same, with a line around the run, and 1 for whatever went wrong."""
    settings, found = read_sender(Sources(config, os.environ))
    tell = open_log(settings.logging, "sender", found, for_long=False)
    tell.logger.info(LINE)
    tell.logger.info("Starting sending SSM.")
    try:
        with telling_errors(tell):
            report = send(settings, tell, watch=False)
    finally:
        tell(Event.SHUT_DOWN)
        tell.logger.info(LINE)
    return 1 if report is not None and (report.refused or report.set_aside) else 0


@contextmanager
def progress(settings: SenderSettings) -> Iterator[Callable[["SendReport"], None]]:
    """A bar on a terminal that the log does not use."""
    if not sys.stderr.isatty() or settings.logging.console or settings.logging.logfile is None:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sending", total=None)
        yield lambda report: bar.update(task, total=report.found, completed=report.sent)
