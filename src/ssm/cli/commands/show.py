# SPDX-License-Identifier: Apache-2.0
"""Show what a message of usage records amounts to: records, jobs and time by site, VO and month.

  ssm show message
  ssm show --json message | jq '.records[] | .Site'

Works on elements of spools too. --json prints all records, by their newest names, and all faults.

Exit status: 0 done; 65 it is no message of records; 66 the file cannot be read.
"""

import argparse
import json

from ssm.cli.console import plural, say, size_text, table
from ssm.cli.messages import blocks_of, label, now
from ssm.errors import FormatError
from ssm.names import printable
from ssm.records.check import check_records
from ssm.records.fault import Fault, Level, fault_of
from ssm.records.formats import recognise
from ssm.records.message import Batch, Message
from ssm.records.shown import shown_fault, shown_record
from ssm.records.totals import Row, Totals


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("file", nargs="+", metavar="FILE", help="a message, or - for standard input")
    parser.add_argument(
        "--json", action="store_true", help="print an object with format, type, version, records and faults"
    )


def run(arguments: argparse.Namespace) -> int:
    """``ssm show``."""
    for name in arguments.file:
        (show_json if arguments.json else show_table)(name)
    return 0


def show_table(name: str) -> None:
    """For people; FormatError where it is no message of records."""
    totals = Totals()
    with blocks_of(name) as blocks:
        form, again = recognise(blocks)
        message = form.read(again)
        faults = sum(fault.level > Level.NOTE for fault in check_records(message, now(), totals.see))
    title = f"{printable(label(name))}: {message.type.title}, {form.title} {message.version}"
    print(title)
    is_storage = message.type.name == "storage"
    heads = ("site", "VO", "month", "records", *(("octets",) if is_storage else ("jobs", "wall h", "CPU h")))
    rows = [cells(key, row, is_storage=is_storage) for key, row in sorted(totals.rows.items())]
    if len(rows) > 1:
        rows.append(cells(("total", "", ""), totals.total, is_storage=is_storage))
    if rows:
        table(heads, rows)
    if faults:
        say(f"{plural(faults, 'fault')}; see: ssm check {name}")


def cells(key: tuple[str, str, str], row: Row, *, is_storage: bool) -> tuple[str, ...]:
    """One line."""
    start = tuple(printable(one) or "-" for one in key)
    if is_storage:
        return (*start, str(row.records), size_text(row.octets))
    return (*start, str(row.records), str(row.jobs), hours(row.wall_seconds), hours(row.cpu_seconds))


def hours(seconds: int) -> str:
    """With one decimal."""
    return f"{seconds / 3600:.1f}"


def show_json(name: str) -> None:
    """One object, written as the message is read."""
    faults: list[Fault] = []
    with blocks_of(name) as blocks:
        form, again = recognise(blocks)
        message = form.read(again)
        head = {"format": form.name, "type": message.type.name, "version": message.version}
        print(json.dumps(head)[:-1] + ', "records": [', end="")
        printer = Printer(message)
        try:
            faults += check_records(message, now(), printer.see)
        except FormatError as error:
            faults.append(fault_of(error))
    print('\n], "faults": ' + json.dumps([shown_fault(label(name), fault) for fault in faults]) + "}")


class Printer:
    """Prints records as they come."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.separator = "\n"

    def see(self, batch: Batch) -> None:
        """Some of them."""
        for record in batch.records:
            shown = shown_record(self.message.type, self.message.format, record)
            print(self.separator + json.dumps(shown), end="")
            self.separator = ",\n"
