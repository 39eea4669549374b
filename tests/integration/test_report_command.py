# SPDX-License-Identifier: Apache-2.0
"""What ssm report prints and writes, and what it says when it cannot."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ssm.accounting.portal import COLUMNS
from ssm.cli.main import main
from ssm.repository.session import Access
from tests.usage import CLOUDS, JOBS, STORAGE, fill, jobs_row, machines_row, space_row

NO_INPUT, CONFIG = 66, 78
DN = "/DC=org/DC=example/CN=A User"


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Of a loader whose database has two sites in May, and one in June."""
    (tmp_path / "spool").mkdir()
    url = f"sqlite:///{tmp_path}/accounting.sqlite"
    rows = [
        jobs_row(1, "SITE-A", 202405),
        jobs_row(2, "SITE-B", 202405, number_of_jobs=1_234, normalised_core_wall_duration=9_000_000),
        jobs_row(3, "SITE-A", 202406, vo="other"),
    ]
    fill(Access(url), {JOBS: rows})
    file = tmp_path / "loader.cfg"
    file.write_text(f"[loader]\n[messaging]\npath: {tmp_path}/spool\n[database]\nurl: {url}\n")
    return str(file)


def report(config: str, *words: str) -> int:
    return main(["report", "-c", config, *words])


def test_tables_by_site_vo_and_submit_host_the_largest_first(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--from", "2024-05") == 0
    out = capsys.readouterr().out
    site, vo, host, total = out.strip().split("\n\n")
    assert [line.split() for line in site.splitlines()] == [
        ["month", "site", "jobs", "CPU", "h", "core", "wall", "h", "CPU", "work", "work", "efficiency"],
        ["2024-05", "SITE-B", "1,234", "64.0", "80.0", "640.0", "2,500.0", "80.0", "%"],
        ["2024-05", "SITE-A", "10", "64.0", "80.0", "640.0", "800.0", "80.0", "%"],
    ]
    assert vo.splitlines()[1].split()[:3] == ["2024-05", "demo", "1,244"]
    assert host.splitlines()[1].split()[:3] == ["2024-05", "SITE-B", "ce1.site-b.example.org"]
    assert total.startswith("jobs: 1,244, CPU h: 128.0, ")
    assert DN not in out


def test_storage_and_clouds_are_shown_where_there_are_any(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {STORAGE: [space_row(4, "SITE-S", 202407)], CLOUDS: [machines_row(4, "SITE-S", 202407)]}
    fill(Access(f"sqlite:///{tmp_path}/accounting.sqlite"), rows)
    assert report(config, "--from", "2024-07", "--by", "site") == 0
    _, storage, clouds, total = capsys.readouterr().out.strip().split("\n\n")
    assert [line.split() for line in storage.splitlines()] == [
        ["month", "site", "VO", "medium", "used", "TB", "logical", "TB", "allocated", "TB", "files"],
        ["2024-07", "SITE-S", "demo", "disk", "1.000", "0.900", "2.000", "1,000"],
    ]
    assert [line.split() for line in clouds.splitlines()] == [
        ["month", "site", "VO", "machines", "wall", "h", "CPU", "h"],
        ["2024-07", "SITE-S", "demo", "3", "3.0", "6.0"],
    ]
    assert total.startswith("jobs: 0, ")


def test_users_are_shown_only_where_asked_for(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--from", "2024-05", "--by", "user") == 0
    assert DN in capsys.readouterr().out


def test_sites_and_vos_are_chosen(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--from", "2024-05", "--until", "2024-06", "--by", "site", "--vo", "other") == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["2024-06", "SITE-A", "10"]
    assert report(config, "--from", "2024-05", "--until", "2024-06", "--by", "site", "--site", "SITE-B") == 0
    assert "SITE-A" not in capsys.readouterr().out


def test_csv_and_json_say_the_same_in_the_columns_of_the_portals(config: str, tmp_path: Path) -> None:
    topology = tmp_path / "sites.csv"
    topology.write_text("site,country,tier\nSITE-A,Germany,Tier-2\n")
    words = ("--from", "2024-05", "--until", "2024-06", "--topology", str(topology))
    assert report(config, *words, "--csv", str(tmp_path / "u.csv"), "--json", str(tmp_path / "u.json")) == 0
    with (tmp_path / "u.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == COLUMNS
    assert rows == [
        {name: str(cell) for name, cell in row.items()} for row in json.loads((tmp_path / "u.json").read_text())
    ]
    assert [(row["time"], row["site"], row["country"], row["tier"]) for row in rows] == [
        ("2024-05", "SITE-A", "Germany", "Tier-2"),
        ("2024-05", "SITE-B", "", ""),
        ("2024-06", "SITE-A", "Germany", "Tier-2"),
    ]
    assert list(tmp_path.glob(".*.part")) == []


def test_csv_goes_to_standard_output_and_nothing_else_does(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert report(config, "--from", "2024-05", "--csv", "-") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == 3


def test_our_own_csv_compared_with_us_has_no_differences(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    months = ("--from", "2024-05", "--until", "2024-06")
    assert report(config, *months, "--csv", str(tmp_path / "u.csv")) == 0
    assert report(config, *months, "--compare", str(tmp_path / "u.csv")) == 0
    assert capsys.readouterr().out == "3 rows compared, 0 differ\n"


def test_differences_are_marked_and_end_with_1(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "portal.csv"
    file.write_text(
        "time,site,number_of_jobs,raw_wc_time\n2024-05,SITE-A,10,80\n2024-05,SITE-B,1000,80\n2024-05,C,1,1\n"
    )
    assert report(config, "--from", "2024-05", "--compare", str(file)) == 1
    out = capsys.readouterr().out
    assert "SITE-A" not in out
    assert "1,000.0 → 1,234.0 ≠" in out
    assert "only there" in out
    assert out.endswith("3 rows compared, 2 differ\n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--by", "sites"), CONFIG, "--by sites: there is no such view"),
        (("--from", "2024-06", "--until", "2024-05"), CONFIG, "--from must not be later"),
        (("--compare", "/nowhere/portal.csv"), NO_INPUT, "/nowhere/portal.csv cannot be read"),
        (("--topology", "/nowhere/sites.csv"), NO_INPUT, "/nowhere/sites.csv cannot be read"),
        (("--set", "database.url=sqlite:////dev/null/x.sqlite"), None, ""),
    ],
)
def test_what_cannot_be_done_is_said(
    config: str, words: tuple[str, ...], status: int | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = report(config, *words)
    assert found == status if status is not None else found not in {0, 1}
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_text_is_refused(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "portal.csv"
    file.write_bytes(b"\xff\xfe\x00t")
    assert report(config, "--compare", str(file)) == NO_INPUT
    assert "is not UTF-8" in capsys.readouterr().err


def test_charts_are_loaded_for_a_page_only(config: str) -> None:
    script = (
        "import sys; from ssm.cli.main import main; "
        f"status = main(['report', '-c', {config!r}, '--from', '2024-05']); "
        "sys.exit(status or 'vl_convert' in sys.modules or 'xml.etree' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, capture_output=True).returncode == 0


def test_without_the_charts_library_the_page_says_what_to_install(config: str, tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['vl_convert'] = None; from ssm.cli.main import main; "
        f"sys.exit(main(['report', '-c', {config!r}, '--from', '2024-05', '--html', {str(tmp_path / 'p.html')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.returncode == CONFIG
    assert "pip install 'secure-stomp-messenger[report]'" in done.stderr
    assert not (tmp_path / "p.html").exists()
