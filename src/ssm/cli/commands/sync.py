# SPDX-License-Identifier: Apache-2.0
"""Compare what sites say they have published (sync records) with what is in the database.

By the rule of the grid's accounting portal: numbers of jobs that differ by less than one percent of either agree, for
each month and submit host; and a site that has published within seven days is up to date.

  ssm sync
  ssm sync --from 2024-01 --site EXAMPLE-T2 --all
  ssm sync --json

Exit status: 0 everything agrees; 1 something does not, or a site has not published lately, or there is nothing of it;
75 the database is away; 78 configuration, login, no database, or tables of another version.
"""

import argparse
import contextlib
import json
from calendar import monthrange
from collections.abc import Sequence
from datetime import UTC, datetime

from ssm.accounting.sync import SiteComparison, Verdict
from ssm.cli.commands.summarise import month_text
from ssm.cli.console import say, table
from ssm.cli.messages import now
from ssm.cli.publishing import warn_of_marks
from ssm.cli.sources import add_sources, loader_settings
from ssm.names import printable

HEADS = ("site", "month", "submit host", "site says", "here", "verdict")
MONTH_FORM = "%Y-%m"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_sources(parser, "/etc/apel/loader.cfg")
    parser.add_argument(
        "--from", type=month, dest="first", metavar="MONTH", help="first month, as 2024-05 (default: a year ago)"
    )
    parser.add_argument("--site", action="append", default=[], metavar="SITE", help="only these sites")
    parser.add_argument("--all", action="store_true", help="also what agrees")
    parser.add_argument("--json", action="store_true", help="JSON lines, a site each")


def month(text: str) -> int:
    """YYYYMM."""
    try:
        found = datetime.strptime(text, MONTH_FORM).replace(tzinfo=UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a month, as 2024-05") from error
    return found.year * 100 + found.month


def run(arguments: argparse.Namespace) -> int:
    """``ssm sync``."""
    settings, _ = loader_settings(arguments)

    from ssm.accounting.sync import compare
    from ssm.ports.publications import Window
    from ssm.repository.publications import SqlPublications
    from ssm.wiring.accounting import open_tables

    today = datetime.fromtimestamp(now(), UTC)
    since = arguments.first or (today.year - 1) * 100 + today.month
    with open_tables(settings) as database:
        warn_of_marks(database)
        with contextlib.closing(SqlPublications(database)) as publications:
            compared = compare(publications, Window(since))
            sites = [one for one in compared if not arguments.site or one.site in arguments.site]
    missing = sorted(set(arguments.site) - {one.site for one in sites})
    if arguments.json:
        for one in sites:
            print(json.dumps(as_json(one), ensure_ascii=False))
    elif sites:
        show(sites, everything=arguments.all)
    elif not missing:
        print(f"there is nothing to compare since {month_text(since)}: no jobs that were added up, and no sync record")
    for name in missing:
        say(f"{printable(name)}: there is nothing of it here since {month_text(since)}, no record and no sync record")
    return int(bool(missing) or any(one.gaps() or not one.is_fresh(now()) for one in sites))


def show(sites: Sequence[SiteComparison], *, everything: bool) -> None:
    """For people."""
    rows = [
        (
            *(printable(one.site), month_text(one.month), printable(one.submit_host) or "-"),
            *("-" if one.said is None else str(one.said), str(one.held), one.verdict.value),
        )
        for site in sites
        for one in site.comparisons
        if everything or one.verdict is not Verdict.AGREES
    ]
    if rows:
        table(HEADS, rows)
    for site in sites:
        for sentence in sentences(site):
            say(f"{printable(site.site)}: {sentence}")
    if not rows:
        print(f"{len(sites)} sites, everything agrees")


def sentences(site: SiteComparison) -> list[str]:
    """What somebody should do."""
    said = []
    if site.published is None:
        said.append("has never sent a sync record")
    elif not site.is_fresh(now()):
        said.append(f"has not published since {datetime.fromtimestamp(site.published, UTC):%Y-%m-%d}")
    for first, last in site.gaps():
        last_day = monthrange(last // 100, last % 100)[1]
        said.append(
            f"the site should publish again: interval = gap, gap_start = {month_text(first)}-01, "
            f"gap_end = {month_text(last)}-{last_day:02}"
        )
    return said


def as_json(site: SiteComparison) -> dict[str, object]:
    """The same for programs."""
    return {
        "site": site.site,
        "published": site.published,
        "is_fresh": site.is_fresh(now()),
        "gaps": [[month_text(first), month_text(last)] for first, last in site.gaps()],
        "comparisons": [
            {
                "month": month_text(one.month),
                "submit_host": one.submit_host or None,
                "said": one.said,
                "held": one.held,
                "verdict": one.verdict.value,
            }
            for one in site.comparisons
        ],
    }
