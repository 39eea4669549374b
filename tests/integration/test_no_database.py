# SPDX-License-Identifier: Apache-2.0
"""Commands that work with what is in the database, where there is none: they make nothing, and say what to do."""

import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from ssm.cli.main import main
from ssm.repository.session import Access
from tests.accounting import Server

FILE = "accounting % 1.sqlite"
COMMANDS = {
    "report": ["report", "--csv", "-"],
    "page": ["report", "--html", "{folder}/page.html"],
    "sync": ["sync"],
    "unload": ["unload", "summary", "--outgoing", "{folder}/outgoing"],
    "summarise": ["summarise"],
    "plan": ["publish", "plan", "summary"],
    "status": ["db", "status"],
    "purge": ["db", "purge", "--set", "database.retention_months=12"],
}


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Which names a file in a folder that are both not there."""
    return Server(tmp_path, Access(f"sqlite:///{tmp_path}/base/{quote(FILE)}"))


def run(server: Server, name: str) -> int:
    words = [one.format(folder=server.folder) for one in COMMANDS[name]]
    return main([*words, "-c", str(server.config())])


def files(server: Server) -> dict[Path, int]:
    """What is there, with its size."""
    return {path: path.stat().st_size for path in server.folder.rglob("*") if path.name != "loader.cfg"}


@pytest.fixture
def base(server: Server) -> Path:
    path = server.folder / "base" / FILE
    path.parent.mkdir()
    return path


@pytest.mark.parametrize("name", COMMANDS)
def test_where_there_is_no_file_none_is_made(server: Server, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = server.folder / "base" / FILE
    for _ in ("neither file nor folder", "no file"):
        before = files(server)
        assert run(server, name) == 78
        said = capsys.readouterr()
        assert f"there is no database {path}" in said.err
        assert "ssm load makes it" in said.err
        assert "ssm db upgrade" in said.err
        assert said.out == ""
        assert files(server) == before
        path.parent.mkdir(exist_ok=True)


@pytest.mark.parametrize("name", [one for one in COMMANDS if one != "status"])
def test_an_empty_file_stays_one(server: Server, base: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    base.touch()
    before = files(server)
    assert run(server, name) == 78
    assert "the database has no tables of ours" in (said := capsys.readouterr().err)
    assert "run: ssm db upgrade" in said
    assert files(server) == before


def test_the_status_of_an_empty_file_is_that_there_is_something_to_do(
    server: Server, base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base.touch()
    assert run(server, "status") == 1
    assert "tables none" in capsys.readouterr().out
    assert base.stat().st_size == 0


@pytest.mark.parametrize("name", [*COMMANDS, "load", "config"])
def test_where_what_opens_databases_is_not_installed_it_is_said_how_to(server: Server, name: str) -> None:
    words = [one.format(folder=server.folder) for one in COMMANDS.get(name, [name])]
    program = (
        "import sys; sys.modules['sqlalchemy'] = None; from ssm.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, *words, "-c", str(server.config())]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 78, done.stderr
    assert "needs the package sqlalchemy, which is not installed" in done.stderr
    assert "pip install 'secure-stomp-messenger[accounting]'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_a_folder_is_no_database(server: Server, base: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    base.mkdir()
    assert run(server, name) == 78
    assert "there is no database" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_no_database_is_left_as_it_is(
    server: Server, base: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    base.write_bytes(b"precious notes " * 1000)
    before = files(server)
    assert run(server, name) == 78
    assert "file is not a database" in capsys.readouterr().err
    assert files(server) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_after_an_upgrade_each_does_its_work(server: Server, base: Path, name: str) -> None:
    assert main(["db", "upgrade", "-c", str(server.config())]) == 0
    assert run(server, name) == 0
    with sqlite3.connect(base) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)]
    connection.close()


def test_who_reads_leaves_no_file_beside_the_database(server: Server, base: Path) -> None:
    assert main(["db", "upgrade", "-c", str(server.config())]) == 0
    before = files(server)
    for name in ("report", "sync", "plan", "status"):
        assert run(server, name) == 0
    assert files(server) == before
    assert [path.name for path in base.parent.iterdir()] == [base.name]
