# SPDX-License-Identifier: Apache-2.0
"""Show what a message of usage records amounts to: records, jobs and time by site, VO and month.

  ssm show message
  ssm show --json message | jq '.records[] | .Site'

Works on elements of spools too. --json prints all records, by their newest names, and all faults.

Exit status: 0 done; 65 it is no message of records; 66 the file cannot be read.
"""

import argparse
import json
from collections.abc import Callable

from ssm.cli.console import plural, say, size_text, table
from ssm.cli.messages import blocks_of, label, now
from ssm.errors import FormatError
from ssm.names import printable
from ssm.records.check import check_records
from ssm.records.fault import Fault, Level, fault_of
from ssm.records.field import RecordType
from ssm.records.formats import recognise
from ssm.records.message import Batch, Message
from ssm.records.shown import shown_fault, shown_record
from ssm.records.totals import Row, Totals

AMOUNTS: dict[str, tuple[tuple[str, ...], Callable[[Row], str]]] = {
    "jobs": (("wall_duration", "number_of_jobs", "number_of_vms"), lambda row: str(row.jobs)),
    "wall h": (("wall_duration",), lambda row: hours(row.wall_seconds)),
    "CPU h": (("cpu_duration",), lambda row: hours(row.cpu_seconds)),
    "octets": (("resource_capacity_used",), lambda row: size_text(row.octets)),
}
"""By head of a column: the attributes from which it is added up, and how it is written."""


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
    columns = columns_of(message.type)
    rows = [cells(key, row, columns) for key, row in sorted(totals.rows.items())]
    if len(rows) > 1:
        rows.append(cells(("total", "", ""), totals.total, columns))
    if rows:
        table(("site", "VO", "month", "records", *columns), rows)
    if faults:
        say(f"{plural(faults, 'fault')}; see: ssm check {name}")


def columns_of(kind: RecordType) -> list[str]:
    """The amounts of which these records say something."""
    said = {one.attribute for one in kind.fields()}
    return [head for head, (attributes, _) in AMOUNTS.items() if not said.isdisjoint(attributes)]


def cells(key: tuple[str, str, str], row: Row, columns: list[str]) -> tuple[str, ...]:
    """One line."""
    amounts = [AMOUNTS[head][1](row) for head in columns]
    return (*(printable(one) or "-" for one in key), str(row.records), *amounts)


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
