# SPDX-License-Identifier: Apache-2.0
"""`ssm load` and `ssm db` with everything that can be wrong: each with its outcome, and nothing lost."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ssm.cli.main import main
from ssm.repository.database import Database
from ssm.repository.session import Access
from ssm.spool.dirq import DirqQueue
from ssm.spool.refused import was_refused_by_loader
from tests.accounting import JOB_HEADER, MAY_2024, SIGNER, Contents, Server, job, jobs, summary, until
from tests.crash.harness import Program
from tests.servers.database import DATABASES, PASSWORD, DatabaseServer

HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("COMMIT")
"""
NewDatabaseServer = Callable[[str], DatabaseServer]


@pytest.fixture
def server(access: Access, tmp_path: Path) -> Server:
    """A database with tables."""
    made = Server(tmp_path, access)
    made.spool.mkdir()
    database = Database(access)
    database.upgrade()
    database.close()
    return made


@pytest.fixture
def simple(tmp_path: Path) -> Server:
    """On SQLite, without any set-up."""
    made = Server(tmp_path, Access(f"sqlite:///{tmp_path}/accounting.sqlite"))
    made.spool.mkdir()
    return made


def load(server: Server, **options: object) -> int:
    return main(["load", "-c", str(server.config(**options))])


def assert_untouched(server: Server, count: int) -> None:
    """All still there, unlocked, for the next loader."""
    assert len(server.waiting()) == count
    assert server.locked() == []
    assert server.rejected() == {}


# What goes well.


def test_messages_become_rows_and_leave_incoming(server: Server) -> None:
    server.accept(jobs(range(5)), message_id="a")
    server.accept(summary(), message_id="b")
    assert load(server) == 0
    contents = Contents(server.access)
    assert (contents.count("job"), contents.count("summary")) == (5, 1)
    assert contents.messages() == [("a", SIGNER, "job", 5), ("b", SIGNER, "summary", 1)]
    assert server.waiting() == []
    assert "Loaded message a of /C=UK" in server.log.read_text()


def test_the_example_database_needs_no_set_up_at_all(tmp_path: Path) -> None:
    server = Server(tmp_path, Access("sqlite:///unused"))
    server.spool.mkdir()
    server.accept(jobs([1]))
    assert load(server, url="") == 0
    made = server.spool / "accounting.sqlite"
    assert Contents(Access(f"sqlite:///{made}")).count("job") == 1
    assert made.stat().st_mode & 0o007 == 0, "not for everybody"


def test_an_empty_box_is_no_fault(simple: Server) -> None:
    assert load(simple) == 0
    assert not (simple.folder / "accounting.sqlite").exists(), "nothing is connected without need"


def test_one_element_loaded_twice_counts_once(server: Server) -> None:
    """A machine that lost power brings elements back that had been taken out."""
    name = server.accept(jobs([1], CpuDuration=1))
    assert load(server) == 0
    server.accept(jobs([1], CpuDuration=2))
    assert load(server) == 0
    server.accept(jobs([1], CpuDuration=1), name=name)
    assert load(server) == 0
    assert Contents(server.access).rows("job", "cpu_duration") == [(2,)]
    assert "had been loaded before" in server.log.read_text()
    assert server.waiting() == []


def test_what_a_site_says_again_later_counts_again(server: Server) -> None:
    """The same octets, but another message: the site takes its correction back."""
    for cpu in (1, 2, 1):
        server.accept(jobs([1], CpuDuration=cpu))
        assert load(server) == 0
    assert Contents(server.access).rows("job", "cpu_duration") == [(1,)]


def test_watching_goes_on_until_it_is_told_to_stop(simple: Server) -> None:
    program = Program(
        ["load", "--watch", "-c", str(simple.config(poll_seconds=0.05))], simple.log, simple.folder / "err"
    )
    for count in (1, 2):
        simple.accept(jobs([count]))
        program.until_said(b"Loaded message", count)
    program.end()
    assert Contents(simple.access).count("job") == 2


# Messages that cannot be loaded.


def test_one_bad_record_among_a_thousand_refuses_all_and_every_fault_is_listed(server: Server) -> None:
    records = [job(number) for number in range(1000)]
    records[500] = job(500, EndTime="soon", CpuDuration=-5, Site=None)
    records[900] = job(900, StartTime=MAY_2024 + 5)
    body = (JOB_HEADER + "".join(records)).encode()
    name = server.accept(body, message_id="bad")
    server.accept(jobs([1]), message_id="good")
    assert load(server) == 0
    contents = Contents(server.access)
    assert contents.count("job") == 1, "nothing of the bad one"
    assert contents.messages() == [("good", SIGNER, "job", 1)]
    fields = server.rejected()[name]
    assert (fields["body"], fields["signer"], fields["empaid"]) == (body, SIGNER.encode(), b"bad")
    first, *lines = fields["error"].decode().splitlines()
    assert first.startswith("not loaded: line ")
    assert "(and 3 more)" in first
    assert len(lines) == 4
    codes = sorted(line.rpartition("[")[2] for line in lines)
    assert codes == ["end-before-start]", "missing-field]", "negative]", "wrong-value]"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "empty"),
        (b"no header at all", "is not the header"),
        (b"\x00\xff\xfe", "header"),
        (b"APEL-individual-job-message: v0.3\nSite", "Site"),
        (b"<a><b></a>", "not the root element"),
        (b"{", "JSON"),
        (jobs([1], GlobalUserName="x\0y"), "no database holds"),
        (jobs([1], Site="X" * 300), "longer than 255"),
        (jobs([1], Processors=2**40), "beyond"),
        (jobs([1], EndTime=4_000_000_000, StartTime=4_000_000_000), "future"),
    ],
)
def test_what_is_no_message_is_refused_with_its_reason(simple: Server, body: bytes, said: str) -> None:
    simple.accept(body)
    assert load(simple) == 0
    [error] = simple.errors()
    assert said in error
    assert simple.waiting() == []
    assert not (simple.folder / "accounting.sqlite").exists(), "there was nothing to store"


def test_a_long_text_that_tells_nothing_apart_is_cut_and_told(server: Server) -> None:
    server.accept(jobs([1], FQAN="/demo/" + "x" * 400, MachineName="é" * 300))
    assert load(server) == 0
    [(fqan, machine)] = Contents(server.access).rows("job", "fqan", "machine_name")
    assert (len(str(fqan)), machine) == (255, "é" * 255)
    assert "3 texts were longer" in server.log.read_text()


def test_a_site_that_a_signer_may_not_speak_for_is_reported_and_then_refused(server: Server) -> None:
    rules = server.folder / "rules"
    rules.write_text(f"[{SIGNER}]\nsites: EXAMPLE-*\ntypes: job\n")
    server.accept(jobs([1]))
    server.accept(jobs([2], Site="OTHER"))
    server.accept(summary())
    contents = Contents(server.access)
    assert load(server, publisher_rules="report", publisher_rules_file=rules) == 0
    assert (contents.count("job"), contents.count("summary")) == (2, 1), "only told"
    log = server.log.read_text()
    assert "publishes job records of site OTHER" in log
    assert "publishes summary records of site EXAMPLE-T2" in log
    server.accept(jobs([3]))
    refused = server.accept(jobs([4], Site="OTHER") + job(5).encode())
    server.accept(jobs([6]), signer="/C=UK/CN=stranger")
    assert load(server, publisher_rules="enforce", publisher_rules_file=rules) == 0
    assert contents.count("job") == 3
    assert len(server.rejected()) == 2
    assert (
        "may not publish job records of site 'OTHER' [site-not-permitted]"
        in server.rejected()[refused]["error"].decode()
    )


def test_records_from_before_the_retention_time_are_refused(server: Server) -> None:
    server.accept(jobs([1]))
    server.accept(summary())
    assert load(server, retention_months=1) == 0
    assert "before" in server.errors()[0]
    contents = Contents(server.access)
    assert (contents.count("job"), contents.count("summary")) == (0, 1), "summaries are kept for ever"


def test_a_message_that_ends_the_loader_three_times_is_set_aside_and_the_line_goes_on(simple: Server) -> None:
    """The loader is killed with it in its hands; its neighbours are loaded."""
    names = [simple.accept(jobs([number]), message_id=f"m{number}") for number in range(3)]
    deadly = simple.spool / ".ssm" / "deadly"
    deadly.mkdir(parents=True)
    (deadly / f"{names[1].replace('/', '-')}.3").touch()
    (deadly / f"{names[2].replace('/', '-')}.2").touch()
    assert load(simple) == 0
    assert Contents(simple.access).count("job") == 2
    assert list(simple.rejected()) == [names[1]]
    assert "ended 3 times" in simple.errors()[0]
    assert list(deadly.iterdir()) == []


# A database that is in the way.


@pytest.fixture(params=DATABASES)
def own_server(request: pytest.FixtureRequest, new_database_server: NewDatabaseServer) -> DatabaseServer:
    return new_database_server(request.param)


def test_a_database_that_is_down_keeps_everything_in_incoming(own_server: DatabaseServer, tmp_path: Path) -> None:
    server = Server(tmp_path, Access(own_server.url(own_server.new_database()), PASSWORD))
    server.spool.mkdir()
    assert main(["db", "upgrade", "-c", str(server.config())]) == 0
    for number in range(3):
        server.accept(jobs([number]))
    own_server.stop()
    assert load(server, retry_seconds=0) == 75
    assert_untouched(server, 3)
    assert "SSM failed to complete successfully" in server.log.read_text()
    assert main(["db", "status", "-c", str(server.config())]) == 75
    program = Program(["load", "--watch", "-c", str(server.config())], server.log, server.folder / "err")
    program.until_said(b"The database is in the way", 1)
    assert len(server.waiting()) == 3
    own_server.start()
    until(lambda: server.waiting() == [], "an empty box")
    program.end()
    assert Contents(server.access).count("job") == 3


def test_a_loader_that_is_told_to_stop_while_the_database_is_away_gives_everything_back(
    own_server: DatabaseServer, tmp_path: Path
) -> None:
    server = Server(tmp_path, Access(own_server.url(own_server.new_database()), PASSWORD), {"batch_rows": "2"})
    server.spool.mkdir()
    for number in range(10):
        server.accept(jobs([number]))
    own_server.stop()
    program = Program(["load", "--watch", "-c", str(server.config())], server.log, server.folder / "err")
    program.until_said(b"The database is in the way", 1)
    program.end()
    assert_untouched(server, 10)


@pytest.mark.parametrize("access", DATABASES, indirect=True)
def test_a_wrong_password_stops_the_loader_and_keeps_everything(access: Access, tmp_path: Path) -> None:
    server = Server(tmp_path, Access(access.url, "wr0ng-s3cret"))
    server.spool.mkdir()
    server.accept(jobs([1]))
    assert load(server) == 78
    assert_untouched(server, 1)
    assert "refuses our login" in server.log.read_text()
    assert "s3cret" not in server.log.read_text()


@pytest.mark.parametrize("access", DATABASES, indirect=True)
def test_a_database_without_tables_stops_the_loader_and_keeps_everything(access: Access, tmp_path: Path) -> None:
    server = Server(tmp_path, access)
    server.spool.mkdir()
    server.accept(jobs([1]))
    assert load(server) == 78
    assert_untouched(server, 1)
    assert "ssm db upgrade" in server.log.read_text()
    assert main(["db", "status", "-c", str(server.config())]) == 1


@pytest.mark.parametrize("revision", ["0001", "9999"])
def test_tables_of_another_version_stop_the_loader_and_keep_everything(
    server: Server, capsys: pytest.CaptureFixture[str], revision: str
) -> None:
    Contents(server.access).execute(f"UPDATE alembic_version SET version_num='{revision}'")
    server.accept(jobs([1]))
    assert load(server) == 78
    assert_untouched(server, 1)
    said = capsys.readouterr().err
    assert ("newer program" if revision == "9999" else "ssm db upgrade") in said
    assert main(["db", "status", "-c", str(server.config())]) == (78 if revision == "9999" else 1)


def test_tables_that_are_upgraded_under_a_running_loader_stop_it_at_its_next_connection(
    own_server: DatabaseServer, tmp_path: Path
) -> None:
    server = Server(tmp_path, Access(own_server.url(own_server.new_database()), PASSWORD))
    server.spool.mkdir()
    assert main(["db", "upgrade", "-c", str(server.config())]) == 0
    program = Program(
        ["load", "--watch", "-c", str(server.config(poll_seconds=0.05))], server.log, server.folder / "err"
    )
    server.accept(jobs([1]))
    program.until_said(b"Loaded message", 1)
    Contents(server.access).execute("UPDATE alembic_version SET version_num='9999'")
    own_server.kill()
    own_server.start()
    server.accept(jobs([2]))
    assert program.process.wait(60) == 78
    assert_untouched(server, 1)


def test_a_damaged_database_file_stops_the_loader(simple: Server) -> None:
    (simple.folder / "accounting.sqlite").write_bytes(b"this is no database" * 1000)
    simple.accept(jobs([1]))
    assert load(simple) == 78
    assert_untouched(simple, 1)


def test_a_disk_that_takes_no_more_loses_nothing(simple: Server) -> None:
    """Files may not grow: the database stays as it was, and so does incoming."""
    simple.accept(jobs([0]))
    assert load(simple) == 0
    for number in range(4):
        simple.accept(jobs(range(number * 1000, number * 1000 + 1000)))
    most = (simple.folder / "accounting.sqlite").stat().st_size + 64 * 1024
    words = [sys.executable, "-m", "ssm", "load", "-c", str(simple.config(retry_seconds=0, batch_rows=1000))]
    limits = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # noqa: E731 - one line, once
    done = subprocess.run(words, preexec_fn=limits, capture_output=True, timeout=60, check=False)
    assert done.returncode == 75, done.stderr
    left = len(simple.waiting())
    assert left > 0
    assert_untouched(simple, left)
    assert load(simple) == 0
    assert Contents(simple.access).count("job") == 4000


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount a file system")
def test_a_full_disk_loses_nothing(simple: Server) -> None:
    folder = simple.folder / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True, timeout=30)
    try:
        simple.access = Access(f"sqlite:///{folder}/accounting.sqlite")
        for number in range(4):
            simple.accept(jobs(range(number * 1000, number * 1000 + 1000)))
        assert load(simple, retry_seconds=0, batch_rows=500) == 75
        left = len(simple.waiting())
        assert left > 0
        assert_untouched(simple, left)
        assert "full" in simple.log.read_text()
        subprocess.run(["mount", "-o", "remount,size=20m", folder], check=True, timeout=30)
        assert load(simple) == 0
        assert Contents(simple.access).count("job") == 4000
    finally:
        subprocess.run(["umount", folder], check=True, timeout=30)


def test_a_file_that_others_hold_is_waited_for(simple: Server) -> None:
    simple.accept(jobs([0]))
    assert load(simple) == 0
    path = str(simple.folder / "accounting.sqlite")
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    simple.accept(jobs([1]))
    program = Program(["load", "-c", str(simple.config())], simple.log, simple.folder / "err")
    until(lambda: simple.locked() != [], "a claim")
    holder.communicate(timeout=30)
    program.finish()
    assert Contents(simple.access).count("job") == 2


# Configuration.


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "postgresql://me:s3cret@host/x"}, "set password"),
        ({"url": "nonsense"}, "must be a URL"),
        ({"url": "oracle://host/x"}, "there is no database 'oracle'"),
        ({"publisher_rules": "report"}, "publisher_rules_file"),
        ({"publisher_rules": "report", "publisher_rules_file": "/nowhere"}, "cannot be read"),
        ({"retention_month": "3"}, "retention_months"),
        ({"batch_rows": "0"}, "from 1"),
    ],
)
def test_a_faulty_configuration_is_said_so(
    simple: Server, capsys: pytest.CaptureFixture[str], options: dict[str, str], said: str
) -> None:
    simple.accept(jobs([1]))
    assert load(simple, **options) == 78
    shown = capsys.readouterr().err
    assert said in shown
    assert "s3cret" not in shown
    assert_untouched(simple, 1)


def test_purge_forgets_what_is_old_once_it_is_summarised(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.accept(jobs([1]))
    assert load(server) == 0
    assert main(["db", "purge", "-c", str(server.config())]) == 78, "retention_months is not set"
    assert main(["db", "purge", "-c", str(server.config(retention_months=1))]) == 0
    assert "202405: kept" in capsys.readouterr().out
    contents = Contents(server.access)
    contents.clean()
    assert main(["db", "purge", "-c", str(server.config(retention_months=1))]) == 0
    assert "job_records: 1 rows forgotten" in capsys.readouterr().out
    assert contents.count("job") == 0


def test_what_was_refused_can_be_loaded_once_its_cause_is_gone(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    name = server.accept(jobs([1]), message_id="m")
    assert load(server, retention_months=1) == 0
    receiver = server.folder / "receiver.cfg"
    receiver.write_text(
        "[receiver]\nprotocol: STOMP\n[broker]\nhost: h:1\n[messaging]\ndestination: q\n"
        f"path: {server.spool}\n[certificates]\ncertificate: a\nkey: b\ncapath: c\n"
    )
    assert main(["spool", "list", "rejected", "-c", str(receiver)]) == 0
    assert "not loaded: line" in capsys.readouterr().out
    assert main(["spool", "retry", "rejected", name, "-c", str(receiver)]) == 0
    assert (server.waiting(), server.rejected(), server.locked()) == ([name], {}, [])
    assert load(server) == 0
    assert Contents(server.access).messages() == [("m", SIGNER, "job", 1)]
    assert main(["spool", "retry", "rejected", name, "-c", str(receiver)]) == 1


def test_what_a_receiver_rejected_never_gets_into_incoming_whatever_its_reason_says(simple: Server) -> None:
    queue = DirqQueue(simple.spool / "reject")
    name = "00000000/00000000000001"
    queue.stage(queue.path / ".staging" / "x" / "y", {"body": jobs([1]), "error": b"not loaded: really"}, sync=False)
    (queue.path / name).parent.mkdir()
    assert queue.publish(queue.path / ".staging" / "x" / "y", name)
    assert not was_refused_by_loader(simple.spool, name)
