# SPDX-License-Identifier: Apache-2.0
"""See it work: real programs, a throw-away PKI, TLS and encryption, and things going wrong on purpose.

Messages as sites write them go from a spool through the embedded broker into another spool. The receiver is killed in
mid-stream and started again; one message is changed on its way, one comes from a signer who is not on the list.
At the end the server loads what arrived and adds it up: the month's usage, as tables and as a page with charts.
Everything happens on this machine, in a folder of its own, which stays for you to look at.

Exit status: 0 when every message ended where it should.
"""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ssm.cli.console import size_text, table
from ssm.demo.outcome import Row


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to play (default: a new temporary folder)")


def run(arguments: argparse.Namespace) -> int:
    """``ssm demo``."""
    from ssm.demo.play import play

    folder = (arguments.folder or Path(tempfile.mkdtemp(prefix="ssm-demo-"))).absolute()
    begun = time.monotonic()
    rows = play(folder, lambda text: print(f"· {text}", flush=True))
    right = all(row.right for row in rows)
    print()
    table(
        ("message", "size", "signer", "outcome", "reason", "seconds"),
        [cells(row) for row in shortened(rows)],
        styles=[
            "" if row.right and row.outcome == "accepted" else "yellow" if row.right else "bold red"
            for row in shortened(rows)
        ],
    )
    accepted = sum(row.outcome == "accepted" for row in rows)
    rejected = sum(row.outcome == "rejected" for row in rows)
    others = len(rows) - accepted - rejected
    seconds = time.monotonic() - begun
    print(f"\n{accepted} accepted, {rejected} rejected, {others} lost or doubled; {seconds:.1f} s.")
    print("Every outcome is the right one." if right else "NOT every outcome is the right one.")
    show_usage(folder)
    print(f"Look into {folder}, too: server/reject, and the logs of sender, receiver and loader.")
    return 0 if right else 1


def show_usage(folder: Path) -> None:
    """What was used, by all that was sent: loaded, added up, and as a page."""
    from ssm.demo.accounting import INSTALL, account, missing

    if missing():
        print(f"To see what is made of it, too: {INSTALL}")
        return
    print(
        "\n· loading what arrived, adding it up, and making a page of it: ssm load, ssm summarise, ssm report\n",
        flush=True,
    )
    tables, page = account(folder)
    print(tables, end="")
    print(f"\nThe report of the month, with charts: {page}")


def shortened(rows: Sequence[Row]) -> list[Row]:
    """Of many messages of one kind, the first and the last: a table must fit a screen."""
    kinds: dict[str, list[Row]] = {}
    for row in rows:
        kinds.setdefault(row.label.rstrip("0123456789").strip() + row.outcome + str(row.right), []).append(row)
    kept = {id(row) for group in kinds.values() for row in (group[0], group[-1])}
    return [row for row in rows if id(row) in kept]


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table; of a DN, which is long, its last part."""
    signer = row.signer.rpartition("/")[2] or "-"
    reason = row.reason.partition(": /")[0].removesuffix(": possible tampering") or "-"
    return (row.label, size_text(row.size), signer, row.outcome, reason, f"{row.seconds:.1f}")
