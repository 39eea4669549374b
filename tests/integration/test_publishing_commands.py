# SPDX-License-Identifier: Apache-2.0
"""`ssm summarise`, `ssm publish plan`, `ssm unload` and `ssm sync`, as people and cron run them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ssm.cli.main import main
from ssm.repository.session import Access
from ssm.spool.dirq_simple import DirqSimpleSpool
from tests.accounting import Server, jobs, summary
from tests.books import Books

CLOUD = b"""APEL-cloud-message: v0.4
RecordCreateTime: 1715000000
VMUUID: vm1
SiteName: EXAMPLE-T2
CloudComputeService: stack
Status: started
StartTime: 1714990000
WallDuration: 3600
CpuDuration: 7200
CpuCount: 2
%%
"""
SYNC = b"APEL-sync-message: v0.1\nSite: EXAMPLE-T2\nSubmitHost: %s\nNumberOfJobs: %d\nMonth: 5\nYear: 2024\n%%%%\n"
HOST = b"ce1.example.org:9619/condor"
ALL = ("--interval", "all")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """On SQLite, without any set-up."""
    made = Server(tmp_path, Access(f"sqlite:///{tmp_path}/accounting.sqlite"))
    made.spool.mkdir()
    return made


def run(server: Server, *words: str) -> int:
    command, *rest = words
    return main([command, *rest, "-c", str(server.config())])


def load(server: Server, *bodies: bytes) -> None:
    for body in bodies:
        server.accept(body)
    assert run(server, "load") == 0
    assert server.rejected() == {}


def outgoing(server: Server) -> Path:
    return server.folder / "outgoing"


def unload(server: Server, *words: str) -> int:
    return run(server, "unload", *words, "--outgoing", str(outgoing(server)))


def payloads(folder: Path) -> list[bytes]:
    spool = DirqSimpleSpool(folder, 0.0)
    found = [spool.claim(name) for name in spool.ready()]
    spool.close()
    return [one for one in found if one is not None]


def test_from_records_to_the_next_level(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load(server, jobs(range(5)), jobs([9], SubmitHost="ce2"))
    assert unload(server, "summary", *ALL) == 0
    shown = capsys.readouterr()
    assert "1 months of sites have changed" in shown.err
    assert "placed 0 messages: nothing" in shown.out
    assert run(server, "summarise", "-v") == 0
    assert capsys.readouterr().out == "EXAMPLE-T2 2024-05: job; 2 rows\nadded up 1 months of sites into 2 rows\n"
    assert unload(server, "summary", *ALL) == 0
    assert capsys.readouterr().out == (
        "placed 2 messages: 2 summary, 2 sync; 0 of them take back what was published before\n"
    )
    there = Server(tmp_path / "there", Access(f"sqlite:///{tmp_path}/there.sqlite"))
    there.spool.mkdir(parents=True)
    load(there, *payloads(outgoing(server)))
    assert run(there, "summarise") == 0
    assert run(there, "sync", "--from", "2024-01", "--all") in {0, 1}
    shown = capsys.readouterr()
    assert "ce2                          1          1     ok" in shown.out
    books = Books(there.access)
    assert books.sums("number_of_jobs", by=["submit_host"]) == [("ce1.example.org:9619/condor", 5), ("ce2", 1)]
    books.close()


def test_a_plan_says_what_would_change_and_changes_nothing(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    load(server, jobs(range(4)))
    run(server, "summarise")
    unload(server, "summary", *ALL)
    load(server, jobs([4]), jobs([7], SubmitHost="ce2"))
    run(server, "summarise")
    capsys.readouterr()
    assert run(server, "publish", "plan", "summary", *ALL) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["site", "month", "submit", "host", "published", "now", "difference", "percent"]
    assert lines[1].split() == ["EXAMPLE-T2", "2024-05", "ce1.example.org:9619/condor", "4", "5", "+1", "+25.0", "%"]
    assert lines[2].split() == ["EXAMPLE-T2", "2024-05", "ce2", "0", "1", "+1", "new"]
    assert lines[3] == "4 jobs published, 6 now (+50.0 %); records: 2 summary, 0 normalised-summary"
    assert len(payloads(outgoing(server))) == 2, "those that were there"
    assert run(server, "publish", "plan", "summary", "--json", "--target", "elsewhere", *ALL) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (first["published"], first["now"], first["percent"]) == (0, 5, None)


@pytest.mark.parametrize("kind", ["cloud", "storage", "public-ip", "accelerator"])
def test_there_is_no_plan_of_records_of_which_nothing_is_remembered(
    server: Server, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(server, "publish", "plan", kind, *ALL)
    assert "choose from 'summary'" in capsys.readouterr().err


def test_a_plan_of_clouds_counts_machines(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    load(server, jobs([1]), CLOUD)
    run(server, "summarise")
    capsys.readouterr()
    assert run(server, "publish", "plan", "cloud-summary", *ALL) == 0
    head, line, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["site", "month", "cloud", "service", "published", "now", "difference", "percent"]
    assert line.split() == ["EXAMPLE-T2", "2024-05", "stack", "0", "1", "+1", "new"]
    assert last == "0 machines published, 1 now; records: 1 cloud-summary"


def test_usage_that_came_twice_is_said_so(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    load(server, jobs(range(4)), summary())
    run(server, "summarise")
    assert "EXAMPLE-T2 2024-05: 4 jobs or machines came twice" in capsys.readouterr().err


def test_sync_does_not_say_that_nothing_agrees(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    run(server, "db", "upgrade")
    capsys.readouterr()
    assert run(server, "sync", "--from", "2024-01") == 0
    assert capsys.readouterr().out.startswith("there is nothing to compare since 2024-01")


def test_sync_says_which_gap_to_publish_again(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    load(server, jobs(range(5)), SYNC % (HOST, 9))
    run(server, "summarise")
    capsys.readouterr()
    assert run(server, "sync", "--from", "2024-01") == 1
    shown = capsys.readouterr()
    assert shown.out.splitlines()[1].split()[-3:] == ["9", "5", "missing"]
    assert "interval = gap, gap_start = 2024-05-01, gap_end = 2024-05-31" in shown.err
    assert run(server, "sync", "--from", "2024-01", "--json") == 1
    [found] = map(json.loads, capsys.readouterr().out.splitlines())
    assert found["gaps"] == [["2024-05", "2024-05"]]
    assert found["is_fresh"] is True, "the message has just come"
    load(server, SYNC % (HOST, 5))
    assert run(server, "sync", "--from", "2024-01") == 0
    assert capsys.readouterr().out == "1 sites, everything agrees\n"
    assert run(server, "sync", "--from", "2024-01", "--site", "NOBODY") == 1
    shown = capsys.readouterr()
    assert (shown.out, "NOBODY: there is nothing of it here since 2024-01" in shown.err) == ("", True)


def test_a_plain_directory_is_a_spool_too(server: Server) -> None:
    load(server, jobs([1]))
    run(server, "summarise")
    assert unload(server, "summary", *ALL, "--path-type", "directory") == 0
    assert len([one for one in outgoing(server).iterdir() if one.is_file()]) == 2


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["summary", "--interval", "gap"], 78, "--from and --until belong to --interval gap"),
        (
            ["summary", "--interval", "gap", "--from", "2024-05-02", "--until", "2024-05-01"],
            78,
            "ends before it begins",
        ),
        (["summary", "--from", "2024-05-02", "--until", "2024-05-03"], 78, "belong to"),
        (["summary", "--target", ""], 78, "--target"),
        (["summary", *ALL, "--format", "car"], 65, "no form in EMI CAR"),
        (["job", *ALL, "--version", "v7"], 65, "no version"),
    ],
)
def test_what_cannot_be_is_said_so(
    server: Server, capsys: pytest.CaptureFixture[str], words: list[str], status: int, said: str
) -> None:
    load(server, jobs([1]))
    run(server, "summarise")
    assert unload(server, *words) == status
    assert said in capsys.readouterr().err
    assert payloads(outgoing(server)) == []


@pytest.mark.parametrize("words", [["--records", "0"], ["--records", "5001"], ["--from", "yesterday"]])
def test_wrong_usage_is_refused(server: Server, words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        unload(server, "summary", *words)
    assert caught.value.code == 2


@pytest.mark.parametrize("command", ["summarise", "unload", "publish", "sync"])
def test_a_database_of_another_version_is_left_alone(
    server: Server, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    load(server, jobs([1]))
    books = Books(server.access)
    with books.database.connect() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    books.close()
    rest = {"unload": ["summary", "--outgoing", str(outgoing(server))], "publish": ["plan", "summary"]}
    assert run(server, command, *rest.get(command, [])) == 78
    assert "9999" in capsys.readouterr().err


def test_a_server_that_is_away_is_tried_another_time(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.access = Access("postgresql://nobody@127.0.0.1:1/none")
    for words in (["summarise"], ["sync"], ["publish", "plan", "summary"]):
        assert run(server, *words) == 75
        assert "PostgreSQL" in capsys.readouterr().err


def test_a_spool_that_is_none_stops_it(server: Server) -> None:
    load(server, jobs([1]))
    run(server, "summarise")
    outgoing(server).write_text("a file")
    assert unload(server, "summary", *ALL) == 74


def test_no_database_is_loaded_for_help() -> None:
    code = "import sys; from ssm.cli.main import parser_of; parser_of('unload'); print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "False\n"
