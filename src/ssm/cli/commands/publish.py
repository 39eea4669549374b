# SPDX-License-Identifier: Apache-2.0
"""Show what publishing would change at the next level, by month and submit host, in jobs and percent.

Compared with what ssm unload published last to the same target: for jobs and their summaries the numbers of jobs, for
summaries of clouds those of machines, by cloud service. Nothing is sent, and nothing is written.

  ssm publish plan summary --interval all
  ssm publish plan summary --interval gap --from 2024-05-01 --until 2024-06-30 --json

Exit status: 0 shown; 75 the database is away; 78 configuration, login, no database, or tables of another version.
"""

import argparse
import contextlib
import json

from ssm.accounting.plan import PLANNED, Change, Plan
from ssm.cli.commands.summarise import month_text
from ssm.cli.console import table
from ssm.cli.publishing import add_selection, selection_of, warn_of_marks
from ssm.cli.sources import add_sources, loader_settings
from ssm.names import printable
from ssm.records.types.cloud_summary import CLOUD_SUMMARY

HEADS = ("site", "month", "submit host", "published", "now", "difference", "percent")
CLOUD_HEADS = ("site", "month", "cloud service", *HEADS[3:])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("action", choices=("plan",), help="show what would change")
    add_sources(parser, "/etc/apel/loader.cfg")
    add_selection(parser, PLANNED)
    parser.add_argument("--unchanged", action="store_true", help="also what would stay as it is")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """``ssm publish``."""
    settings, _ = loader_settings(arguments)

    from ssm.accounting.plan import plan
    from ssm.repository.publications import SqlPublications
    from ssm.wiring.accounting import open_tables

    selection = selection_of(arguments)
    with open_tables(settings) as database:
        warn_of_marks(database)
        with contextlib.closing(SqlPublications(database)) as publications:
            made = plan(publications, arguments.target, arguments.kind, selection)
    is_cloud = arguments.kind == CLOUD_SUMMARY.name
    shown = [one for one in made.changes if one.difference or arguments.unchanged]
    if arguments.json:
        for one in shown:
            print(json.dumps(as_json(one), ensure_ascii=False))
        return 0
    if shown:
        table(CLOUD_HEADS if is_cloud else HEADS, [row(one) for one in shown])
    print(summing_up(made, "machines" if is_cloud else "jobs"))
    return 0


def row(one: Change) -> tuple[str, ...]:
    """One line."""
    percent = "new" if one.percent is None else f"{one.percent:+.1f} %"
    host = printable(one.submit_host or "-")
    counts = (str(one.before), str(one.after), f"{one.difference:+d}")
    return (printable(one.site), month_text(one.month), host, *counts, percent)


def as_json(one: Change) -> dict[str, object]:
    """The same for programs."""
    return {
        "site": one.site,
        "month": month_text(one.month),
        "submit_host": one.submit_host,
        "published": one.before,
        "now": one.after,
        "difference": one.difference,
        "percent": one.percent,
    }


def summing_up(made: Plan, counted: str) -> str:
    """The last line."""
    before, after = sum(one.before for one in made.changes), sum(one.after for one in made.changes)
    share = f" ({100 * (after - before) / before:+.1f} %)" if before else ""
    records = ", ".join(f"{count} {kind}" for kind, count in made.records.items())
    parts = [
        f"{before} {counted} published, {after} now{share}",
        f"records: {records}" if records else "",
        f"{made.taken_back} to take back" if made.taken_back else "",
        f"{made.uncertain} of which it is not certain that they went out" if made.uncertain else "",
    ]
    return "; ".join(filter(None, parts))
