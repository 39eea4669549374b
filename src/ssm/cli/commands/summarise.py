# SPDX-License-Identifier: Apache-2.0
"""Add up what has changed in the database: jobs, machines and storage, by month and site.

Only months of sites in which something was loaded since the last run are added up again, each in one transaction; what
is loaded meanwhile is added up the next time. Usage that came in several kinds of records counts once.

  ssm summarise -c /etc/apel/loader.cfg

Exit status: 0 done; 75 the database is away, or another ssm summarise is at work; 78 configuration, login, no
database, or tables of another version.
"""

import argparse
import contextlib

from ssm.cli.console import say
from ssm.cli.sources import add_sources, loader_settings
from ssm.names import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_sources(parser, "/etc/apel/loader.cfg")
    parser.add_argument("-v", "--verbose", action="store_true", help="a line for each month of a site")


def run(arguments: argparse.Namespace) -> int:
    """``ssm summarise``."""
    settings, _ = loader_settings(arguments)

    from ssm.accounting.summarise import summarise
    from ssm.repository.summaries import SqlSummaries
    from ssm.wiring.accounting import open_tables

    count = rows = 0
    with open_tables(settings) as database:
        summaries = SqlSummaries(database)
        with contextlib.closing(summaries), summaries.alone():
            for done in summarise(summaries):
                count, rows = count + 1, rows + done.rows
                where = f"{printable(done.place.site) or '(no site)'} {month_text(done.place.month)}"
                if arguments.verbose:
                    print(f"{where}: {', '.join(done.kinds)}; {done.rows} rows")
                if done.left_out:
                    say(f"{where}: {done.left_out} jobs or machines came twice, in two kinds of records; counted once")
    print(f"added up {count} months of sites into {rows} rows")
    return 0


def month_text(month: int) -> str:
    """As people write it."""
    return f"{month // 100:04}-{month % 100:02}"
