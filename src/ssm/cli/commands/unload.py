# SPDX-License-Identifier: Apache-2.0
"""Publish what is in the database to the next level: messages into an outgoing spool, which ssm send sends.

Summaries, with the counts to compare (sync records) beside them, or records one by one. Summaries of which there is
nothing any more are published once again with zeros; ssm publish plan shows beforehand what would change.

  ssm unload summary --outgoing /var/spool/apel/outgoing
  ssm unload normalised-summary --version v0.4 --outgoing /var/spool/apel/outgoing
  ssm unload job --interval gap --from 2024-05-01 --until 2024-05-14 --withhold-dns --outgoing /var/spool/apel/outgoing

Who ends in the middle is simply begun again: what went out twice says the same, and counts once.

Exit status: 0 done; 65 records have no such form, or some cannot be said in it (the others went out); 74 the spool is
damaged; 75 the database or the disk is in the way, or another ssm unload to the same target is at work; 78
configuration, login, no database, or tables of another version.
"""

import argparse
import contextlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ssm.cli.console import say
from ssm.cli.messages import now
from ssm.cli.publishing import add_selection, selection_of, warn_of_marks
from ssm.cli.sources import add_sources, loader_settings
from ssm.errors import EX_DATAERR
from ssm.names import printable

if TYPE_CHECKING:
    from ssm.accounting.unload import Leave

MOST_RECORDS = 5000
MOST_SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    from ssm.accounting.unload import KINDS
    from ssm.records.formats import FORMATS

    add_sources(parser, "/etc/apel/loader.cfg")
    add_selection(parser, KINDS)
    parser.add_argument("--outgoing", type=Path, required=True, metavar="FOLDER", help="the outgoing spool")
    parser.add_argument("--path-type", choices=("dirq", "directory"), default="dirq", help="its layout (default: dirq)")
    parser.add_argument("--format", choices=tuple(FORMATS), metavar="FORMAT", help=f"{', '.join(FORMATS)}")
    parser.add_argument("--version", metavar="VERSION", help="of the records, as v0.4 (default: the meaning of ours)")
    parser.add_argument(
        "--records", type=count, default=1000, metavar="N", help="of a message, at most (default: 1000)"
    )


def count(text: str) -> int:
    """How many records a message may have."""
    number = int(text) if text.isdecimal() else 0
    if not 1 <= number <= MOST_RECORDS:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to {MOST_RECORDS}")
    return number


def run(arguments: argparse.Namespace) -> int:
    """``ssm unload``."""
    settings, _ = loader_settings(arguments)

    from ssm.accounting.unload import Shape, Unload, format_of
    from ssm.repository.publications import SqlPublications
    from ssm.wiring.accounting import open_tables

    selection = selection_of(arguments)
    form = arguments.format or format_of(arguments.kind)
    shape = Shape(format=form, version=arguments.version, records=arguments.records)
    with open_tables(settings) as database:
        warn_of_marks(database)
        publications = SqlPublications(database)
        with contextlib.closing(publications), publications.alone(arguments.target):
            leave = leaving(arguments.outgoing, arguments.path_type)
            done = Unload(publications, leave, selection, arguments.target, now()).run(arguments.kind, shape)
    for sentence in done.losses.sentences():
        say(f"lost: {printable(sentence)}")
    for sentence in done.refused[:MOST_SHOWN]:
        say(f"not published: {printable(sentence)}")
    records = ", ".join(f"{number} {kind}" for kind, number in done.records.items()) or "nothing"
    print(f"placed {done.messages} messages: {records}; {done.taken_back} of them take back what was published before")
    if done.refused:
        say(f"{len(done.refused)} records cannot be said in this form, and were not published")
    return EX_DATAERR if done.refused else 0


def leaving(path: Path, path_type: str) -> "Leave":
    """How a message is placed, durably."""
    from ssm.message_directory import MessageDirectory
    from ssm.spool.dirq_simple import leave
    from ssm.spool.durable import disk_errors, make_folder

    with disk_errors(path):
        make_folder(path)
    return partial(leave, path) if path_type == "dirq" else MessageDirectory(path).add
