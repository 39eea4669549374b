# SPDX-License-Identifier: Apache-2.0
"""See it work: real programs, a throw-away PKI, TLS and encryption, and things going wrong on purpose.

Messages as sites write them go from a spool through the embedded broker into another spool. The receiver is killed in
mid-stream and started again; one message is changed on its way, one comes from a signer who is not on the list.
With --all there are three sites, and one receiver with three listeners: SSM 2 over STOMP, SSM 1, and SSM 2 over AMS,
which needs the extra [ams].
At the end the server loads what arrived and adds it up: the month's usage, as tables and as a page with charts.
Everything happens on this machine, in a folder of its own, which stays for you to look at.

Exit status: 0 when every message ended where it should.
"""

import argparse
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ssm.cli.console import size_text, table
from ssm.demo.outcome import Row

HEADS: Sequence[str] = ("message", "size", "signer", "outcome", "reason", "seconds")
HEADS_OF_ALL: Sequence[str] = ("message", "came by", "signer", "outcome", "reason", "seconds", "its sender was told")
LOGS: Mapping[bool, str] = {
    False: "and the logs of sender, receiver and loader",
    True: "receiver.cfg, and the logs of three senders, receiver and loader",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--all", action="store_true", help="every way in: SSM 2 over STOMP, SSM 1, and SSM 2 over AMS")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where to play (default: a new temporary folder)")


def run(arguments: argparse.Namespace) -> int:
    """``ssm demo``."""
    if arguments.all:
        require_everything()
    folder = (arguments.folder or Path(tempfile.mkdtemp(prefix="ssm-demo-"))).absolute()
    begun = time.monotonic()
    rows = play(folder, is_all=arguments.all)
    right = all(row.right for row in rows)
    print()
    shown = shortened(rows)
    styles = ["" if row.right and row.outcome == "accepted" else "yellow" if row.right else "bold red" for row in shown]
    heads, row_cells = (HEADS_OF_ALL, cells_with_way) if arguments.all else (HEADS, cells)
    table(heads, [row_cells(row) for row in shown], styles=styles)
    accepted = sum(row.outcome == "accepted" for row in rows)
    rejected = sum(row.outcome == "rejected" for row in rows)
    others = len(rows) - accepted - rejected
    seconds = time.monotonic() - begun
    print(f"\n{accepted} accepted, {rejected} rejected, {others} lost or doubled; {seconds:.1f} s.")
    print("Every outcome is the right one." if right else "NOT every outcome is the right one.")
    show_usage(folder)
    print(f"Look into {folder}, too: server/reject, {LOGS[arguments.all]}.")
    return 0 if right else 1


def require_everything() -> None:
    """ConfigError where an extra is missing, before anything is made."""
    from ssm.errors import ConfigError
    from ssm.wiring.ams import require_ams

    try:
        require_ams()
    except ConfigError as error:
        hint = "pip install 'secure-stomp-messenger[ams]'; or, where this was made with make: make demo-all"
        raise ConfigError(f"ssm demo --all goes over AMS, too: {error}", hint=hint) from error


def play(folder: Path, *, is_all: bool) -> list[Row]:
    """One or the other."""
    from ssm.demo.play import play as play_one
    from ssm.demo.play_all import play_all

    return (play_all if is_all else play_one)(folder, lambda text: print(f"· {text}", flush=True))


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
        kinds.setdefault(row.way + row.label.rstrip("0123456789").strip() + row.outcome + str(row.right), []).append(
            row
        )
    kept = {id(row) for group in kinds.values() for row in (group[0], group[-1])}
    return [row for row in rows if id(row) in kept]


def cells(row: Row) -> tuple[str, ...]:
    """One line of the table; of a DN, which is long, its last part."""
    signer = row.signer.rpartition("/")[2] or "-"
    reason = row.reason.partition(": /")[0].removesuffix(": possible tampering") or "-"
    return (row.label, size_text(row.size), signer, row.outcome, reason, f"{row.seconds:.1f}")


def cells_with_way(row: Row) -> tuple[str, ...]:
    """One line of the table with more columns; of a reason its first words."""
    label, _, signer, outcome, reason, seconds = cells(row)
    return (label, row.way, signer.removeprefix("CN="), outcome, reason.partition(": ")[0], seconds, row.told or "-")
