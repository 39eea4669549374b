# SPDX-License-Identifier: Apache-2.0
"""`ssm summarise` and `ssm unload` on a disk that is full, or that has become read-only: nothing lost, nothing half."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.cli.main import main
from ssm.repository.session import Access
from ssm.spool.dirq_simple import DirqSimpleSpool
from tests.accounting import Contents, Server, jobs
from tests.books import Books
from tests.small_disk import remount, small_disk

SITES, JOBS = 40, 25
ROOM = 40 * 1024
AS_ROOT = pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a file system")
LEAVES_ITS_LOG = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("UPDATE alembic_version SET version_num = version_num")
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A folder with a small disk of its own."""
    with small_disk(tmp_path / "small", 3) as folder:
        yield folder


def filled(folder: Path) -> Server:
    """A database in the folder with jobs of many sites, not added up yet."""
    made = Server(folder.parent, Access(f"sqlite:///{folder}/accounting.sqlite"))
    made.spool.mkdir()
    for number in range(SITES):
        made.accept(jobs(range(JOBS), Site=f"S{number:02}"))
    assert main(["load", "-c", str(made.config())]) == 0
    assert len(Contents(made.access).dirty()) == SITES
    return made


def fill(folder: Path, room: int = 0) -> Path:
    """A file that leaves so much room, and no more."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    os.truncate(filler, max(0, filler.stat().st_size - room))
    return filler


def run(server: Server, *words: str, most: int | None = None) -> "subprocess.CompletedProcess[str]":
    """The program; where ``most`` is said, no file may grow beyond that."""

    def limit() -> None:
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    command = [sys.executable, "-m", "ssm", *words, "-c", str(server.config())]
    return subprocess.run(command, preexec_fn=limit, capture_output=True, text=True, timeout=100, check=False)


def unload(server: Server, outgoing: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    some = ("--records", "1", "--interval", "all", "--outgoing", str(outgoing))
    return run(server, "unload", "summary", *some, *words)


def summed(server: Server) -> dict[str, int]:
    """Jobs of each site, in the summaries."""
    books = Books(server.access)
    try:
        return {str(site): int(str(count)) for site, count in books.sums("number_of_jobs", by=["site"])}
    finally:
        books.close()


def assert_none_is_half(server: Server) -> int:
    """Each site has all its jobs in the summaries and no mark, or none and its mark; how many are done."""
    done, waiting = summed(server), {str(site) for site, *_ in Contents(server.access).dirty()}
    assert set(done.values()) <= {JOBS}
    assert done.keys() | waiting == {f"S{number:02}" for number in range(SITES)}
    assert not done.keys() & waiting
    assert Contents(server.access).count("job") == SITES * JOBS
    return len(done)


def assert_all_is_done(server: Server) -> None:
    again = run(server, "summarise")
    assert again.returncode == 0, again.stderr
    assert assert_none_is_half(server) == SITES


def payloads(outgoing: Path) -> list[bytes]:
    """What a sender would send."""
    spool = DirqSimpleSpool(outgoing, 0.0)
    found = [spool.claim(name) for name in spool.ready()]
    spool.close()
    return [one for one in found if one is not None]


def assert_the_next_level_has_all(server: Server, bodies: list[bytes]) -> None:
    there = Server(server.folder / "there", Access(f"sqlite:///{server.folder}/there.sqlite"))
    there.spool.mkdir(parents=True)
    for body in bodies:
        there.accept(body)
    assert main(["load", "-c", str(there.config())]) == 0
    assert there.rejected() == {}
    assert main(["summarise", "-c", str(there.config())]) == 0
    assert summed(there) == {f"S{number:02}": JOBS for number in range(SITES)}


def names(folder: Path) -> Counter[str]:
    """Of all files below, by how they end, our state apart."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".ssm" not in path.parts]
    return Counter(path.suffix for path in files if path.name != "filler")


# Adding up.


@AS_ROOT
def test_adding_up_on_a_disk_that_is_full_changes_nothing(small: Path) -> None:
    server = filled(small)
    filler = fill(small)
    done = run(server, "summarise")
    assert done.returncode == 75
    assert "ssm: SQLite: " in done.stderr
    assert "free some space" in done.stderr
    filler.unlink()
    assert assert_none_is_half(server) == 0
    assert_all_is_done(server)


@AS_ROOT
def test_a_disk_that_fills_while_we_add_up_leaves_each_site_whole_or_for_later(small: Path) -> None:
    server = filled(small)
    filler = fill(small, 160 * 1024)
    done = run(server, "summarise")
    assert done.returncode == 75
    assert "database or disk is full" in done.stderr
    filler.unlink()
    assert 0 < assert_none_is_half(server) < SITES
    assert_all_is_done(server)


def test_files_that_may_not_grow_leave_each_site_whole_or_for_later(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    server = filled(tmp_path / "base")
    done = run(server, "summarise", most=ROOM)
    assert done.returncode == 75
    assert "ssm: SQLite: " in done.stderr
    assert assert_none_is_half(server) < SITES
    assert_all_is_done(server)


@AS_ROOT
@pytest.mark.parametrize("after_a_crash", [False, True])
def test_a_disk_that_has_become_read_only_is_waited_for(small: Path, *, after_a_crash: bool) -> None:
    server = filled(small)
    if after_a_crash:
        words = [sys.executable, "-c", LEAVES_ITS_LOG, str(small / "accounting.sqlite")]
        assert subprocess.run(words, timeout=60, check=False).returncode == -signal.SIGKILL
        assert (small / "accounting.sqlite-wal").exists()
    remount(small, "ro")
    done = run(server, "summarise")
    assert done.returncode == 75
    assert "accounting.sqlite: the file system is read-only" in done.stderr
    remount(small, "rw")
    assert assert_none_is_half(server) == 0
    assert_all_is_done(server)


# Publishing.


@AS_ROOT
@pytest.mark.parametrize("layout", ["dirq", "directory"])
def test_an_outgoing_spool_whose_disk_is_full_gets_whole_messages_or_none(
    small: Path, tmp_path: Path, layout: str
) -> None:
    (tmp_path / "base").mkdir()
    server = filled(tmp_path / "base")
    assert_all_is_done(server)
    filler = fill(small, ROOM)
    done = unload(server, small / "out", "--path-type", layout)
    assert done.returncode == 75
    assert "No space left on device" in done.stderr
    assert "free some space" in done.stderr
    ends = names(small)
    assert 0 < ends[""] < SITES
    assert ends.total() == ends[""], "nothing half written is left, not even under a temporary name"
    files = [path for path in small.rglob("*") if path.is_file() and path.name != "filler"]
    assert not [path for path in files if path.name.startswith(".")]
    assert all(path.read_bytes().endswith(b"%%\n") for path in files)
    filler.unlink()
    before = {path: path.read_bytes() for path in files}
    assert unload(server, small / "out", "--path-type", layout).returncode == 0
    assert before.items() <= {path: path.read_bytes() for path in before}.items()
    bodies = [path.read_bytes() for path in small.rglob("*") if path.is_file() and ".ssm" not in path.parts]
    assert_the_next_level_has_all(server, bodies)


@AS_ROOT
def test_a_database_that_cannot_note_what_goes_out_lets_nothing_go_out(small: Path) -> None:
    server = filled(small)
    assert_all_is_done(server)
    outgoing = server.folder / "out"
    filler = fill(small)
    done = unload(server, outgoing)
    assert done.returncode == 75
    assert "free some space" in done.stderr
    filler.unlink()
    assert not outgoing.exists() or payloads(outgoing) == []
    assert unload(server, outgoing).returncode == 0
    assert_the_next_level_has_all(server, payloads(outgoing))


@AS_ROOT
def test_an_outgoing_spool_that_has_become_read_only_is_waited_for(small: Path, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    server = filled(tmp_path / "base")
    assert_all_is_done(server)
    (small / "out").mkdir()
    remount(small, "ro")
    done = unload(server, small / "out")
    assert done.returncode == 75
    assert "Read-only file system" in done.stderr
    remount(small, "rw")
    assert names(small).total() == 0
    assert unload(server, small / "out").returncode == 0
    assert_the_next_level_has_all(server, payloads(small / "out"))
