# SPDX-License-Identifier: Apache-2.0
"""Words for people: errors, tables, progress. rich is loaded with a terminal only."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ssm.errors import ConfigError, FormatError, SsmError
from ssm.names import printable

LONG = 20_000_000
NUMBERS = frozenset({"size", "seconds", "records", "jobs", "wall h", "CPU h", "octets"})


def complain(error: SsmError) -> None:
    """One sentence, every fault on a line of its own, and what to do next."""
    guess = f": did you mean {error.suggestion}?" if isinstance(error, FormatError) and error.suggestion else ""
    print(f"{program()}: {printable(f'{place_of(error)}{error}{guess}')}", file=sys.stderr)
    if isinstance(error, ConfigError):
        for fault in error.faults:
            print(f"  {printable(str(fault))}", file=sys.stderr)
    if error.hint:
        print(f"  → {printable(error.hint)}", file=sys.stderr)


def place_of(error: SsmError) -> str:
    """Where the message is broken that cannot be read, as editors understand it."""
    if not isinstance(error, FormatError):
        return ""
    if not error.file:
        return f"line {error.line}: " if error.line else ""
    return f"{error.file}:{error.line}: " if error.line else f"{error.file}: "


def say(sentence: str) -> None:
    """Besides what is asked for: on standard error."""
    print(sentence, file=sys.stderr)


@contextmanager
def progress_of(what: str, octets: int) -> Iterator[Callable[[int], None]]:
    """Shows how far a long file has been read, on a terminal; gives what is to be told of each portion."""
    if octets < LONG or not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(printable(what), total=octets)
        yield lambda count: progress.advance(task, count)


def program() -> str:
    """What we were called by."""
    name = sys.argv[0].rpartition("/")[2] if sys.argv else ""
    return name if name in {"ssmsend", "ssmreceive"} else "ssm"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "", styles: Sequence[str] = ()) -> None:
    """A table on standard output: drawn on a terminal, aligned columns elsewhere. ``styles`` are one a row."""
    if sys.stdout.isatty():
        drawn(heads, rows, title, styles)
        return
    widths = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def drawn(heads: Sequence[str], rows: Sequence[Sequence[str]], title: str, styles: Sequence[str]) -> None:
    """As above, for a terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        made.add_column(head, overflow="fold", justify="right" if head in NUMBERS else "left")
    for index, row in enumerate(rows):
        made.add_row(*(Text(cell) for cell in row), style=styles[index] if index < len(styles) else None)
    Console().print(made)


def size_text(octets: int) -> str:
    """A size that people can read."""
    for unit, octets_in_unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        # From where rounding to one decimal would give the next unit.
        if octets >= octets_in_unit * 0.99995:
            return f"{octets / octets_in_unit:.1f} {unit}"
    return f"{octets} B"


def plural(count: int, word: str) -> str:
    """A number of things."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
