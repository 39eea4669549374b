# SPDX-License-Identifier: Apache-2.0
"""Show what was used: jobs, time and work by site, VO, submit host and user, month by month.

  ssm report -c /etc/apel/loader.cfg
  ssm report --from 2024-01 --until 2024-06 --html report.html --topology sites.csv
  ssm report --by site,user --vo demo
  ssm report --csv - > usage.csv
  ssm report --compare portal.csv --tolerance 1

It reads what ssm summarise has made. CSV and JSON have the columns of the public accounting portals; the page has
charts, and needs nothing but itself. Users, who are people, are shown only where --by names them.

Exit status: 0 done; 1 --compare found differences; 66 a file cannot be read; 75 the database is away;
78 configuration, login, no database, tables of another version, a file that cannot be written, or charts that are not
installed.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ssm.cli.console import say, table
from ssm.cli.files import whole_file
from ssm.cli.messages import STANDARD_INPUT, now
from ssm.cli.sources import add_sources, loader_settings
from ssm.errors import ConfigError, InputError
from ssm.names import printable
from ssm.version import __version__

if TYPE_CHECKING:
    from ssm.accounting.compare import Comparison
    from ssm.accounting.portal import Cell, Topology
    from ssm.accounting.report import Report, View
    from ssm.ports.usage import Amount, Question

MOST_OCTETS = 256 * 1024 * 1024
DEFAULT_VIEWS = "site,vo,submit-host"
HEADS = ("jobs", "CPU h", "core wall h", "CPU work", "work", "efficiency")
SPACE_HEADS = ("used TB", "logical TB", "allocated TB", "files")
MACHINE_HEADS = ("machines", "wall h", "CPU h")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_sources(parser, "/etc/apel/loader.cfg")
    parser.add_argument(
        "--from", type=month, dest="first", metavar="YYYY-MM", help="first month (default: that of --until)"
    )
    parser.add_argument(
        "--until", type=month, dest="last", metavar="YYYY-MM", help="last month (default: the one before this)"
    )
    parser.add_argument(
        "--by",
        default=DEFAULT_VIEWS,
        metavar="VIEWS",
        help=f"of site, vo, submit-host, user (default: {DEFAULT_VIEWS})",
    )
    parser.add_argument("--site", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--vo", action="append", default=[], metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with charts")
    parser.add_argument("--csv", metavar="FILE", help="write the portal's columns; - for standard output")
    parser.add_argument("--json", metavar="FILE", help="the same as JSON")
    parser.add_argument("--topology", type=Path, metavar="FILE", help="CSV: site, country, federation, tier, ngi")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="a portal's CSV file, to mark what differs")
    parser.add_argument(
        "--tolerance", type=float, default=1.0, metavar="PERCENT", help="what is no difference (default: 1)"
    )


def month(text: str) -> int:
    """YYYYMM."""
    found = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    return found.year * 100 + found.month


def run(arguments: argparse.Namespace) -> int:
    """``ssm report``."""
    from ssm.accounting.compare import compare, read_portal
    from ssm.accounting.portal import portal_rows, read_topology

    topology = read_topology(read(arguments.topology)) if arguments.topology else {}
    theirs = None if arguments.compare is None else read_portal(read(arguments.compare))
    report = ask(arguments, views_of(arguments.by))
    comparison = None
    if theirs is not None:
        comparison = compare(list(portal_rows(report.usages, {})), theirs, arguments.tolerance)
    written = write_files(arguments, report, topology)
    written += write_page(arguments, report, comparison)
    if not written and comparison is None:
        show(report)
    if report.waiting:
        say(f"{report.waiting} months of sites changed since they were summarised: run ssm summarise")
    if comparison is not None:
        show_comparison(comparison)
        return int(bool(comparison.differing))
    return 0


def read(path: Path) -> str:
    """A file that was named; InputError where it cannot be read."""
    try:
        if path.stat().st_size > MOST_OCTETS:
            raise InputError(f"{path} is larger than {MOST_OCTETS >> 20} MiB")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8") from error


def views_of(words: str) -> "list[View]":
    """The views that are named; ConfigError where one is not known."""
    from ssm.accounting.report import VIEWS

    names = [one.strip() for one in words.split(",")]
    for name in names:
        if name not in VIEWS:
            raise ConfigError(f"--by {name}: there is no such view", hint=f"there are {', '.join(VIEWS)}")
    return [VIEWS[one] for one in dict.fromkeys(names)]


def ask(arguments: argparse.Namespace, views: "Sequence[View]") -> "Report":
    """What the database knows."""
    settings, _ = loader_settings(arguments)

    from ssm.accounting.report import read_report
    from ssm.repository.usage import open_usage
    from ssm.wiring.accounting import existing_database

    database = existing_database(settings)
    try:
        with open_usage(database) as reader:
            return read_report(reader, question_of(arguments), views)
    finally:
        database.close()


def question_of(arguments: argparse.Namespace) -> "Question":
    """Which months, sites and VOs; ConfigError where the months are in the wrong order."""
    from ssm.ports.usage import Question

    last = arguments.last or arguments.first or last_month()
    first = arguments.first or last
    if first > last:
        raise ConfigError("--from must not be later than --until")
    return Question(first, last, tuple(arguments.site), tuple(arguments.vo))


def last_month() -> int:
    """The one before this one, in UTC."""
    today = datetime.fromtimestamp(now(), UTC)
    return (today.year * 100 + today.month - 1) if today.month > 1 else (today.year - 1) * 100 + 12


def write_files(arguments: argparse.Namespace, report: "Report", topology: "Topology") -> int:
    """CSV and JSON; how many."""
    from ssm.accounting.portal import csv_text, json_text, portal_rows

    by_user = any(one.needs_users for one in report.views)
    usages = report.by_user if by_user else report.usages

    def rows() -> "Iterator[dict[str, Cell]]":
        return portal_rows(usages, topology, by_user=by_user)

    if arguments.csv is not None:
        write(arguments.csv, csv_text(rows(), by_user=by_user))
    if arguments.json is not None:
        write(arguments.json, json_text(rows()))
    return (arguments.csv is not None) + (arguments.json is not None)


def write(name: str, portions: Iterable[str]) -> None:
    """To a file, which is whole or not there, or to standard output."""
    if name == STANDARD_INPUT:
        for portion in portions:
            sys.stdout.write(portion)
        return
    path = Path(name)
    with whole_file(path) as stream:
        stream.writelines(portion.encode() for portion in portions)
    say(f"written: {printable(str(path.absolute()))}")


def write_page(arguments: argparse.Namespace, report: "Report", comparison: "Comparison | None") -> int:
    """The page, where one is asked for; how many."""
    if arguments.html is None:
        return 0
    from ssm.pages.drawing import drawn
    from ssm.pages.report import Frame, report_page

    made = datetime.fromtimestamp(now(), UTC).date().isoformat()
    write(str(arguments.html), [report_page(report, Frame(made, f"ssm {__version__}", drawn), comparison)])
    return 1


def show(report: "Report") -> None:
    """Tables for the terminal."""
    from ssm.accounting.report import month_text

    for view in report.views:
        lines = report.lines(view)
        cells = [amounts(one.amount) for one in lines]
        rows = [
            (month_text(line.month), *(printable(name or "-") for name in line.names), *row)
            for line, row in zip(lines, aligned(cells, HEADS), strict=True)
        ]
        table(
            ("month", *(head.lower() if head != "VO" else head for head in view.heads), *HEADS), rows, title=view.title
        )
        print()
    show_storage(report)
    show_machines(report)
    total = amounts(report.total)
    print(", ".join(f"{head}: {cell}" for head, cell in zip(HEADS, total, strict=True)))


def show_storage(report: "Report") -> None:
    """Space, where there is any: a mean within each month."""
    from ssm.accounting.report import TERABYTE

    spaces = report.space
    cells = [
        (*(f"{size / TERABYTE:,.3f}" for size in (one.used, one.logical, one.allocated)), f"{one.files:,}")
        for one in spaces
    ]
    show_others(
        "Storage", ("VO", "medium"), [(one.month, one.site, one.vo, one.media) for one in spaces], SPACE_HEADS, cells
    )


def show_machines(report: "Report") -> None:
    """Virtual machines, where there are any."""
    from ssm.accounting.report import hours

    machines = report.machines
    cells = [(f"{one.count:,}", f"{hours(one.wall):,.1f}", f"{hours(one.cpu):,.1f}") for one in machines]
    show_others("Clouds", ("VO",), [(one.month, one.site, one.vo) for one in machines], MACHINE_HEADS, cells)


def show_others(
    title: str,
    heads: Sequence[str],
    names: Sequence[tuple[int, *tuple[str, ...]]],
    figures: Sequence[str],
    cells: Sequence[Sequence[str]],
) -> None:
    """A table of what is no job."""
    from ssm.accounting.report import month_text

    if names:
        labels = [(month_text(month), *(printable(name or "-") for name in more)) for month, *more in names]
        rows = [(*label, *row) for label, row in zip(labels, aligned(cells, figures), strict=True)]
        table(("month", "site", *heads, *figures), rows, title=title)
        print()


def amounts(amount: "Amount") -> tuple[str, ...]:
    """As ``HEADS`` has them."""
    from ssm.accounting.report import hours

    times = (amount.cpu, amount.core_wall, amount.cpu_work, amount.core_wall_work)
    part = "-" if amount.efficiency is None else f"{100 * amount.efficiency:.1f} %"
    return (f"{amount.jobs:,}", *(f"{hours(one):,.1f}" for one in times), part)


def aligned(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> list[list[str]]:
    """Figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)] if rows else []
    widths = [max(width, len(head)) for width, head in zip(widths, heads, strict=False)]
    return [[cell.rjust(width) for cell, width in zip(row, widths, strict=True)] for row in rows]


def show_comparison(comparison: "Comparison") -> None:
    """What differs, each figure as the portal's → ours."""
    differing = comparison.differing
    rows = []
    for one in differing:
        figures = [f"{one.there.get(name, 0):,.1f} → {one.here.get(name, 0):,.1f}" for name in comparison.columns]
        marked = [
            f"{figure} ≠" if name in one.differing else figure
            for figure, name in zip(figures, comparison.columns, strict=True)
        ]
        rows.append((*(printable(name or "-") for name in one.names), one.mark.value, *marked))
    if rows:
        table((*comparison.keys, "what", *comparison.columns), rows, title="Portal → here")
    print(f"{len(comparison.rows)} rows compared, {len(differing)} differ")
