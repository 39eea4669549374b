# SPDX-License-Identifier: Apache-2.0
"""SIGKILL of the loader, of several, and of the database server: nothing is lost, and nothing counts twice."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ssm.repository.database import Database
from ssm.repository.session import Access
from tests.accounting import Contents, Server, jobs, until
from tests.crash.harness import Program, moments
from tests.servers.database import DATABASES, PASSWORD, DatabaseServer
from tests.servers.process import descendants, is_running

MESSAGES, RECORDS = 120, 8
KILLS = 5
STORED, LOADED = b"Stored ", b"Loaded message"
NewDatabaseServer = Callable[[str], DatabaseServer]


@pytest.fixture
def server(access: Access, tmp_path: Path) -> Server:
    made = Server(tmp_path, access, {"batch_rows": str(4 * RECORDS)})
    made.spool.mkdir()
    database = Database(access)
    database.upgrade()
    database.close()
    for number in range(MESSAGES):
        made.accept(jobs(range(number * RECORDS, (number + 1) * RECORDS)), message_id=f"m{number}")
    return made


def loader(server: Server, name: str = "load", *words: str) -> Program:
    return Program(["load", "-c", str(server.config()), *words], server.log, server.folder / f"{name}.err")


def assert_each_counts_once(server: Server) -> None:
    contents = Contents(server.access)
    assert server.waiting() == []
    assert server.rejected() == {}
    found = Counter(str(name) for (name,) in contents.rows("job", "local_job_id"))
    assert found == Counter(f"{number}.0" for number in range(MESSAGES * RECORDS))
    said = Counter(message_id for message_id, *_ in contents.messages())
    assert said == Counter(f"m{number}" for number in range(MESSAGES)), "each message stands there once"
    assert contents.dirty() == {("EXAMPLE-T2", 202405, "job")}
    assert list((server.spool / ".ssm" / "loading").iterdir()) == [], "no claim is left"


@pytest.mark.slow
@pytest.mark.parametrize("mark", [STORED, LOADED])
def test_a_killed_loader_neither_loses_nor_doubles(server: Server, mark: bytes) -> None:
    most = MESSAGES // 4 // KILLS if mark == STORED else MESSAGES // KILLS
    struck = [loader(server).kill_after(mark, count) for count in moments(5, KILLS, most)]
    assert sum(struck) >= KILLS - 1
    assert len(server.waiting()) > 0
    loader(server).finish()
    assert_each_counts_once(server)


@pytest.mark.slow
def test_a_loader_that_is_killed_at_any_moment_neither_loses_nor_doubles(server: Server) -> None:
    """Not where it says something, but anywhere: also in the middle of a transaction."""
    draw = random.Random(11)
    for _ in range(8):
        program = loader(server)
        program.until_said(STORED, 1)
        at = server.log.stat().st_size + draw.randrange(2000)
        until(partial(has_gone_on, server, program, at), "more of the log")
        program.kill()
    loader(server).finish()
    assert_each_counts_once(server)


def has_gone_on(server: Server, program: Program, octets: int) -> bool:
    return server.log.stat().st_size >= octets or program.has_ended()


@pytest.mark.slow
def test_several_loaders_share_the_work_and_survive_each_other(server: Server) -> None:
    contents = Contents(server.access)
    programs = [loader(server, f"load{number}") for number in range(3)]
    until(lambda: contents.count("job") >= MESSAGES * RECORDS // 5, "a fifth")
    programs[0].kill()
    for program in [*programs[1:], loader(server, "load3")]:
        program.finish()
    assert_each_counts_once(server)


@pytest.fixture(params=DATABASES)
def own_server(request: pytest.FixtureRequest, new_database_server: NewDatabaseServer) -> DatabaseServer:
    return new_database_server(request.param)


@pytest.mark.slow
def test_the_death_of_the_server_neither_loses_nor_doubles(own_server: DatabaseServer, tmp_path: Path) -> None:
    access = Access(own_server.url(own_server.new_database()), PASSWORD)
    server = Server(tmp_path, access, {"batch_rows": str(4 * RECORDS)})
    server.spool.mkdir()
    database = Database(access)
    database.upgrade()
    database.close()
    for number in range(MESSAGES):
        server.accept(jobs(range(number * RECORDS, (number + 1) * RECORDS)), message_id=f"m{number}")
    program = loader(server, "load", "--watch")
    for count in (3, 9, 15):
        program.until_said(STORED, count)
        own_server.kill()
        program.until_said(b"The database is in the way", 1)
        own_server.start()
    until(lambda: server.waiting() == [], "an empty box")
    program.end()
    assert_each_counts_once(server)


@pytest.mark.slow
def test_helpers_share_the_work_and_end_with_the_one_they_help(server: Server) -> None:
    server.options |= {"loaders": "3", "poll_seconds": "0.05"}
    program = loader(server, "load", "--watch")
    until(lambda: len(descendants(program.process.pid)) == 2, "two helpers")
    helpers = descendants(program.process.pid)
    until(lambda: server.waiting() == [], "an empty box")
    program.kill()
    until(lambda: not any(is_running(pid) for pid in helpers), "the end of both helpers")
    loader(server).finish()
    assert_each_counts_once(server)


@pytest.mark.slow
def test_a_helper_that_dies_costs_nothing(server: Server) -> None:
    server.options |= {"loaders": "2"}
    program = loader(server)
    until(lambda: len(descendants(program.process.pid)) == 1, "a helper")
    os.kill(descendants(program.process.pid)[0], signal.SIGKILL)
    assert program.process.wait(60) == 75, "what the helper had in hand is still there"
    loader(server).finish()
    assert_each_counts_once(server)


@pytest.mark.slow
def test_helpers_end_when_the_one_they_help_must_stop(server: Server) -> None:
    server.options |= {"loaders": "2", "poll_seconds": "0.05"}
    program = loader(server, "load", "--watch")
    until(lambda: len(descendants(program.process.pid)) == 1, "a helper")
    [helper] = descendants(program.process.pid)
    until(lambda: server.waiting() == [], "an empty box")
    os.kill(program.process.pid, signal.SIGTERM)
    assert program.process.wait(60) == 0
    assert not is_running(helper)
    assert_each_counts_once(server)


@pytest.mark.slow
def test_a_helper_that_is_killed_while_we_watch_is_replaced_and_stops_with_the_others(server: Server) -> None:
    server.options |= {"loaders": "3", "poll_seconds": "0.05"}
    program = loader(server, "load", "--watch")
    parent = program.process.pid
    until(lambda: len(descendants(parent)) == 2, "two helpers")
    killed, other = descendants(parent)
    os.kill(killed, signal.SIGKILL)
    until(lambda: set(descendants(parent)) - {killed} > {other}, "another one")
    [new] = set(descendants(parent)) - {killed, other}
    # In this very moment it may not have a handler for signals yet.
    os.kill(parent, signal.SIGTERM)
    assert program.process.wait(60) == 0
    assert not any(is_running(pid) for pid in (killed, other, new))
    told = [line for line in server.log.read_text().splitlines() if "A helper is gone" in line]
    assert len(told) == 1
    assert f"process {killed} was ended by SIGKILL. Another one takes its place in 1.0 s." in told[0]
    loader(server).finish()
    assert_each_counts_once(server)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_successor_loads_what_the_killed_one_had_in_hand(server: Server, number: signal.Signals) -> None:
    server.options |= {"loaders": "2", "poll_seconds": "0.05"}
    program = loader(server, "load", "--watch")
    parent = program.process.pid
    until(lambda: len(descendants(parent)) == 1, "a helper")
    [killed] = descendants(parent)
    program.until_said(STORED, 2)
    os.kill(killed, signal.SIGKILL)
    until(lambda: not is_running(killed) and len(set(descendants(parent)) - {killed}) == 1, "another one")
    server.accept(jobs(range(MESSAGES * RECORDS, (MESSAGES + 1) * RECORDS)), message_id=f"m{MESSAGES}")
    until(lambda: server.waiting() == [], "an empty box")
    [new] = descendants(parent)
    os.kill(parent, number)
    assert program.process.wait(60) == 0
    assert not is_running(new)
    found = Counter(str(name) for (name,) in Contents(server.access).rows("job", "local_job_id"))
    assert found == Counter(f"{one}.0" for one in range((MESSAGES + 1) * RECORDS))
