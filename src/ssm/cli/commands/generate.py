# SPDX-License-Identifier: Apache-2.0
"""Make realistic usage records that nobody had, for trials and benchmarks: the same ones for the same seed.

  ssm generate --count 100000 --sites 20 --months 3 --directory messages
  ssm generate --count 5000 --spool /var/spool/apel/outgoing
  ssm generate --kind storage --count 500 --file - > storage.xml
  ssm generate --kind summary --format aur --count 10000 --file summaries.xml
  ssm generate --count 20000 --directory messages --topology sites.csv

Into a directory or an outgoing spool there go messages of one site and month each; into a file one message with all
records. Summaries and sync records are those of the jobs that the same options make, and --count counts these jobs.

Exit status: 0 done; 65 there is no such form; 78 it cannot be written.
"""

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from ssm.cli.console import say
from ssm.cli.files import whole_file
from ssm.cli.messages import STANDARD_INPUT, now
from ssm.errors import ConfigError
from ssm.names import printable
from ssm.records.formats import FORMATS
from ssm.records.invented.messages import INVENTIONS, Order, Piece, messages, one_message, order_target
from ssm.records.invented.months import Month
from ssm.records.invented.world import Site, Wish, world_of

Put = Callable[[str, bytes], object]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--kind", choices=tuple(INVENTIONS), default="job", help="type of records (default: job)")
    parser.add_argument("--format", choices=tuple(FORMATS), help="default: the first that the type has")
    parser.add_argument("--version", metavar="VERSION", help="of the records, as v0.4")
    parser.add_argument("--count", type=positive, default=1000, metavar="N", help="records in all (default: 1000)")
    parser.add_argument("--sites", type=positive, default=10, metavar="N", help="default: 10")
    parser.add_argument("--vos", type=positive, default=5, metavar="N", help="default: 5")
    parser.add_argument("--ces", type=positive, default=2, metavar="N", help="computing elements a site (default: 2)")
    parser.add_argument("--users", type=positive, default=10, metavar="N", help="users a VO (default: 10)")
    parser.add_argument("--from", type=month, dest="first", metavar="YYYY-MM", help="first month (default: the last)")
    parser.add_argument("--months", type=positive, default=1, metavar="N", help="default: 1")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another one makes other records (default: 1)")
    parser.add_argument(
        "--most-records", type=positive, default=1000, metavar="N", help="in one message (default: 1000)"
    )
    parser.add_argument("--topology", type=Path, metavar="FILE", help="write the sites there, as ssm report reads them")
    places = parser.add_mutually_exclusive_group(required=True)
    places.add_argument("--file", metavar="FILE", help="one message there; - for standard output")
    places.add_argument("--directory", type=Path, metavar="DIR", help="messages there, one a file")
    places.add_argument("--spool", type=Path, metavar="DIR", help="messages in this outgoing spool, of the layout dirq")


def positive(text: str) -> int:
    """A number from 1 on."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def month(text: str) -> Month:
    """A month."""
    return Month.parse(text)


def run(arguments: argparse.Namespace) -> int:
    """``ssm generate``."""
    order = order_of(arguments)
    if arguments.topology is not None:
        write_topology(arguments.topology, world_of(order.wish))
    if arguments.file is not None:
        write_file(arguments.file, one_message(order))
        return 0
    count = records = octets = 0
    put = opened(arguments)
    for piece, payload in messages(order):
        put(name_of(piece, arguments.kind), payload)
        count, records, octets = count + 1, records + len(piece.records), octets + len(payload)
    say(f"{count} messages, {records} records, {octets} octets")
    return 0


def order_of(arguments: argparse.Namespace) -> Order:
    """What is asked for; RecordError where the type has no such form."""
    wish = Wish(arguments.sites, arguments.vos, arguments.ces, arguments.users, arguments.seed)
    invention = INVENTIONS[arguments.kind]
    first: Month = arguments.first or last_month().later(1 - arguments.months)
    return Order(
        wish,
        invention,
        order_target(invention, arguments.format, arguments.version),
        tuple(first.later(number) for number in range(arguments.months)),
        arguments.count,
        arguments.most_records,
        now(),
    )


def last_month() -> Month:
    """The one before this one, in UTC."""
    from datetime import UTC, datetime

    today = datetime.fromtimestamp(now(), UTC)
    return Month(today.year, today.month).later(-1)


def name_of(piece: Piece, kind: str) -> str:
    """A file's name that sorts as the messages were made."""
    return f"{piece.month}-{piece.site}-{kind}-{piece.number:05}"


def opened(arguments: argparse.Namespace) -> Put:
    """Where messages go."""
    folder: Path = arguments.spool or arguments.directory
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{printable(str(folder))} cannot be made: {error.strerror}") from error
    if arguments.spool is not None:
        from ssm.spool.dirq_simple import leave

        return lambda _, payload: leave(folder, payload)
    return lambda name, payload: place(folder / name, payload)


def place(path: Path, payload: bytes) -> None:
    """One message."""
    with whole_file(path) as stream:
        stream.write(payload)


def write_file(name: str, portions: Iterable[bytes]) -> None:
    """One message of everything."""
    if name == STANDARD_INPUT:
        for portion in portions:
            sys.stdout.buffer.write(portion)
        return
    with whole_file(Path(name)) as stream:
        stream.writelines(portions)


def write_topology(path: Path, sites: Iterable[Site]) -> None:
    """As ``ssm report --topology`` reads it."""
    lines = ["site,country,federation,tier,ngi"]
    lines += [f"{one.name},{one.country},{one.federation},{one.tier},{one.ngi}" for one in sites]
    place(path, ("\n".join(lines) + "\n").encode())
