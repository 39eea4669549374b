# SPDX-License-Identifier: Apache-2.0
"""Programs that add up and publish are killed in the middle, and begun again: nothing is lost, nothing counts twice."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ssm.cli.main import main
from ssm.repository.session import Access
from ssm.spool.dirq_simple import DirqSimpleSpool
from tests.accounting import Server, jobs, until
from tests.books import Books

SITES = 200


@pytest.fixture
def server(access: Access, tmp_path: Path) -> Server:
    """With jobs of many sites."""
    made = Server(tmp_path, access)
    made.spool.mkdir()
    books = Books(access)
    books.put(*(jobs(range(2), Site=f"SITE-{number:03}") for number in range(SITES)))
    books.close()
    return made


def killed(server: Server, words: Sequence[str], when: Callable[[], bool]) -> None:
    """SIGKILL as soon as something is so."""
    process = subprocess.Popen([sys.executable, "-m", "ssm", *words, "-c", str(server.config())])
    try:
        until(lambda: process.poll() is not None or when(), "a moment to kill it")
        assert process.poll() is None, "it was too quick"
    finally:
        process.kill()
        process.wait()


def test_adding_up_is_begun_again(server: Server) -> None:
    books = Books(server.access)
    killed(server, ["summarise"], lambda: len(books.summaries.marked()) < SITES)
    left = books.summaries.marked()
    assert 0 < len(left) < SITES
    assert books.sums("number_of_jobs") == [(2 * (SITES - len(left)),)]
    assert main(["summarise", "-c", str(server.config())]) == 0
    assert books.sums("number_of_jobs") == [(2 * SITES,)]
    assert books.summaries.marked() == []
    books.close()


def test_publishing_is_begun_again(server: Server, tmp_path: Path) -> None:
    assert main(["summarise", "-c", str(server.config())]) == 0
    outgoing = tmp_path / "outgoing"
    words = ["unload", "summary", "--interval", "all", "--records", "1", "--outgoing", str(outgoing)]
    killed(server, words, lambda: placed(outgoing) > 10)
    assert placed(outgoing) < 2 * SITES
    assert main([*words, "-c", str(server.config())]) == 0
    there = Books(Access(f"sqlite:///{tmp_path}/there/accounting.sqlite"))
    spool = DirqSimpleSpool(outgoing, 0.0)
    there.put(*(body for name in spool.ready() if (body := spool.claim(name)) is not None))
    spool.close()
    there.summarise()
    assert there.sums("number_of_jobs") == [(2 * SITES,)]
    there.close()


def placed(outgoing: Path) -> int:
    """Whole messages."""
    return sum(1 for one in outgoing.glob("[0-9a-f]*/*") if "." not in one.name)
