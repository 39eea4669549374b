# SPDX-License-Identifier: Apache-2.0
"""Options that say what is published, for the commands that do it or show what it would do."""

import argparse
import contextlib
import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ssm.cli.console import say
from ssm.cli.messages import now
from ssm.errors import ConfigError

if TYPE_CHECKING:
    from ssm.accounting.selection import Selection
    from ssm.ports.publications import Window
    from ssm.repository.database import Database

INTERVALS = ("latest", "gap", "all")
MOST_TARGET = 64


def add_selection(parser: argparse.ArgumentParser, kinds: Sequence[str]) -> None:
    """What may go out."""
    parser.add_argument("kind", choices=kinds, metavar="KIND", help=", ".join(kinds))
    parser.add_argument(
        "--target", default="next", metavar="NAME",
        help="where to: what was published is remembered by this name (default: next)",
    )  # fmt: skip
    parser.add_argument(
        "--interval", choices=INTERVALS, default="latest",
        help="latest: this month and the one before; gap: see --from and --until; all (default: latest)",
    )  # fmt: skip
    parser.add_argument("--from", dest="begin", type=day, metavar="DAY", help="first day of the gap, as 2024-05-01")
    parser.add_argument("--until", type=day, metavar="DAY", help="last day of the gap; sums are of whole months")
    parser.add_argument("--include-vo", action="append", default=[], metavar="VO", help="only these VOs")
    parser.add_argument("--exclude-vo", action="append", default=[], metavar="VO", help="not these VOs")
    parser.add_argument("--local-jobs", action="store_true", help="local jobs as well")
    parser.add_argument("--withhold-dns", action="store_true", help="without names of users")
    parser.add_argument("--description", action="store_true", help="summaries with InfrastructureDescription")


def day(text: str) -> datetime.date:
    """A day."""
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, as 2024-05-01") from error


def selection_of(arguments: argparse.Namespace) -> "Selection":
    """What may go out; ConfigError where options contradict each other."""
    from ssm.accounting.selection import Selection

    if not 0 < len(arguments.target) <= MOST_TARGET:
        raise ConfigError(f"--target must have 1 to {MOST_TARGET} characters")
    if (arguments.interval == "gap") != (arguments.begin is not None and arguments.until is not None):
        raise ConfigError("--from and --until belong to --interval gap, both of them")
    return Selection(
        window=window_of(arguments),
        include_vos=frozenset(arguments.include_vo),
        exclude_vos=frozenset(arguments.exclude_vo),
        local_jobs=arguments.local_jobs,
        withhold_dns=arguments.withhold_dns,
        with_description=arguments.description,
    )


def window_of(arguments: argparse.Namespace) -> "Window":
    """Of which time."""
    from ssm.accounting.selection import gap, latest
    from ssm.ports.publications import Window

    if arguments.interval == "latest":
        return latest(now())
    if arguments.interval == "all":
        return Window()
    try:
        return gap(arguments.begin, arguments.until)
    except ValueError as error:
        raise ConfigError(f"the gap from {arguments.begin} to {arguments.until} {error}") from error


def warn_of_marks(database: "Database") -> None:
    """Sums that are not those of the records any more."""
    from ssm.repository.summaries import SqlSummaries

    with contextlib.closing(SqlSummaries(database)) as summaries:
        count = len(summaries.marked())
    if count:
        say(f"{count} months of sites have changed since they were added up; run ssm summarise first")
