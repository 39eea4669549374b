# SPDX-License-Identifier: Apache-2.0
"""Check messages of usage records, and say everything that is wrong with them.

  ssm check /var/spool/apel/outgoing/*/*
  ssm check --json - < message

Formats are recognised from the content: APEL text, EMI CAR, AUR and StAR, JSON usage records. Of a folder of a
receiver's spool the body is checked. Each fault has its file, line (and element), field, what was found, what it
must be and, where one can be guessed, the correction. An error is what a repository would refuse, or must;
a warning is suspicious; a note is worth knowing.

Exit status: 0 nothing but notes; 1 warnings; 2 errors; 66 a file cannot be read.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from ssm.cli.console import complain, plural, say, table
from ssm.cli.messages import blocks_of, label, now
from ssm.errors import InputError
from ssm.names import printable
from ssm.records.check import check_message
from ssm.records.fault import Fault, Level
from ssm.records.shown import shown_fault

AT_A_TIME = 500
STYLES = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "dim"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("file", nargs="+", metavar="FILE", help="a message, or - for standard input")
    parser.add_argument("--json", action="store_true", help='print one JSON object: {"faults": [...]}')
    parser.add_argument("-q", "--quiet", action="store_true", help="print nothing; the exit status says it")


def run(arguments: argparse.Namespace) -> int:
    """``ssm check``."""
    counts: Counter[Level] = Counter()
    unreadable: list[InputError] = []
    faults = counted(faults_of(arguments.file, unreadable), counts)
    if arguments.json:
        print_json(faults)
    elif arguments.quiet:
        for _ in faults:
            pass
    else:
        print_tables(faults)
        say(f"{plural(len(arguments.file) - len(unreadable), 'message')}: {verdict(counts)}")
    for error in unreadable:
        complain(error)
    if unreadable:
        return InputError.exit_status
    return int(max(counts, default=Level.NOTE))


def faults_of(names: list[str], unreadable: list[InputError]) -> Iterator[tuple[str, Fault]]:
    """Of all messages, one after the other; a file that cannot be read is noted, and the others are checked."""
    moment = now()
    for name in names:
        try:
            with blocks_of(name) as blocks:
                for fault in check_message(blocks, moment):
                    yield label(name), fault
        except InputError as error:
            unreadable.append(error)


def counted(faults: Iterator[tuple[str, Fault]], counts: Counter[Level]) -> Iterator[tuple[str, Fault]]:
    """The same, counted on their way."""
    for name, fault in faults:
        counts[fault.level] += 1
        yield name, fault


def print_json(faults: Iterator[tuple[str, Fault]]) -> None:
    """One object, written as the faults are found."""
    print('{"faults": [', end="")
    separator = "\n"
    for name, fault in faults:
        print(separator + json.dumps(shown_fault(name, fault), ensure_ascii=True), end="")
        separator = ",\n"
    print("\n]}")


def print_tables(faults: Iterator[tuple[str, Fault]]) -> None:
    """For people, so many at a time."""
    while some := list(islice(faults, AT_A_TIME)):
        rows = [(place(name, fault), fault.level.name.lower(), printable(str(fault))) for name, fault in some]
        table(("where", "level", "what"), rows, styles=[STYLES[fault.level] for _, fault in some])


def place(name: str, fault: Fault) -> str:
    """File and line, as editors understand it; and the element."""
    line = f":{fault.line}" if fault.line is not None else ""
    path = f" {printable(fault.path)}" if fault.path else ""
    return f"{printable(name)}{line}{path}"


def verdict(counts: Counter[Level]) -> str:
    """All in one line."""
    if not counts:
        return "nothing is wrong"
    return ", ".join(plural(counts[level], level.name.lower()) for level in reversed(Level) if counts[level])
