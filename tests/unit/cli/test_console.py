# SPDX-License-Identifier: Apache-2.0
"""Words for people."""

import io
import sys

import pytest

from ssm.cli.console import complain, size_text, table
from ssm.errors import ConnectFailedError


class Terminal(io.StringIO):
    """Standard output of a person."""

    def isatty(self) -> bool:
        return True


def test_a_table_that_goes_to_a_program_is_aligned_columns(capsys: pytest.CaptureFixture[str]) -> None:
    table(("message", "size"), (("a", "1 B"), ("longer/name", "2 kB")), title="not for programs", styles=("red", ""))
    assert capsys.readouterr().out == "message      size\na            1 B\nlonger/name  2 kB\n"


def test_a_table_without_rows_is_its_heads(capsys: pytest.CaptureFixture[str]) -> None:
    table(("message", "size"), ())
    assert capsys.readouterr().out == "message  size\n"


def test_a_table_on_a_terminal_shows_every_cell_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    table(("message", "size"), (("[red]not markup[/red]", "1 B"), ("[/]", "")), title="What happened")
    shown = terminal.getvalue()
    for words in ("What happened", "message", "[red]not markup[/red]", "[/]", "1 B"):
        assert words in shown


@pytest.mark.parametrize(
    ("octets", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (614_400, "614.4 kB"), (2_000_000, "2.0 MB"), (10**12, "1000.0 GB")],
)
def test_sizes_are_readable(octets: int, text: str) -> None:
    assert size_text(octets) == text


def test_a_complaint_goes_to_standard_error_with_what_to_do_next(capsys: pytest.CaptureFixture[str]) -> None:
    complain(ConnectFailedError("no broker could be reached", hint="see [broker] host"))
    shown = capsys.readouterr()
    assert not shown.out
    first, second = shown.err.splitlines()
    assert first == "ssm: no broker could be reached"
    assert second.endswith("see [broker] host")
