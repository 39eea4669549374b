# SPDX-License-Identifier: Apache-2.0
"""The page: figures as measured, and how they came about."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime

from bench.ams import HOW as AMS_HOW
from bench.ams import Measured, ams_cells
from bench.rows import Rate, Row

HOW = """Each load is left in an outgoing spool by the dirq library, sent by `ssm send`, and then received by
`ssm receive`, with the settings that are shipped (window 32, batch 64, prefetch 256, a log line for each message).
Sending is timed from the start of the program to its end, so it includes starting Python and loading libraries;
receiving from the moment it is connected until the last message is durable in incoming. The CPU time is that of our
program, user and system; the shares are parts of one processor, and *disk* is the time a processor had nothing to do
because something waited for the disk. Every figure is the median of {runs} runs, the resident size the largest.

The loads are texts that are no usage records, of which the sender sees at once that there is nothing to check. With
`check = warn`, as shipped, a message of records costs besides what *check records* below says."""


def page(
    machine: Sequence[tuple[str, str]],
    limits: Sequence[Rate],
    rates: Sequence[Rate],
    rows: Sequence[Row],
    *,
    runs: int,
    day: date,
) -> str:
    """Everything, as Markdown."""
    parts = [
        "# Benchmarks",
        f"Measured by `make bench` on {day.isoformat()}; this page is what it wrote.",
        HOW.format(runs=runs),
        table(
            ("", "aim", "messages/s", "CPU ms/message", "ours", "broker", "disk", "resident MB"),
            (cells(row) for row in rows),
        ),
        "## What limits it",
        "Measured in the same run: nothing that signs, syncs or publishes one message after the other is faster.",
        table(("", "per second"), ((one.name, f"{one.per_second:,.0f}") for one in limits)),
        "## Envelopes without a broker",
        "One thread, in memory; unsealing checks the signature, with a cached verdict on the path and its revocation.",
        table(("", "per second"), ((one.name, f"{one.per_second:,.0f}") for one in rates)),
        "## The machine",
        table(("", ""), machine),
    ]
    return "\n\n".join(parts) + "\n"


AMS_TITLE = "## AMS"
MACHINE_TITLE = "## The machine"


def ams_part(rows: list[Measured], runs: int) -> str:
    """What is said of AMS, as Markdown."""
    heads = ("", "aim", "published/s", "times", "pulled/s", "times")
    day = datetime.now(UTC).date().isoformat()
    measured = f"Measured by `python bench/run.py --ams`, or with all the rest, on {day}."
    rule = "| --- | --- | --: | --: | --: | --: |"
    lines = [f"| {' | '.join(one)} |" for one in (heads, *ams_cells(rows))]
    return "\n\n".join((AMS_TITLE, measured, AMS_HOW.format(runs=runs), "\n".join((lines[0], rule, *lines[1:]))))


def with_ams(text: str, part: str) -> str:
    """A page with this part, before the machine, instead of an older one."""
    before, title, after = text.partition(MACHINE_TITLE)
    return f"{before.partition(AMS_TITLE)[0]}{part}\n\n{title}{after}"


def cells(row: Row) -> tuple[str, ...]:
    """One line of the main table."""
    ours, broker, disk = (f"{share:.0%}" for share in row.shares)
    rate = f"{row.per_second:,.0f}" if row.per_second >= 10 else f"{row.per_second:.1f}"
    return (row.name, row.aim, rate, f"{row.cpu_milliseconds:.2f}", ours, broker, disk, f"{row.peak_megabytes:.0f}")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; figures to the right."""
    rule = ["---", *("---" if head in {"aim", ""} else "--:" for head in heads[1:])]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, rule, *rows))
