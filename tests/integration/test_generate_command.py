# SPDX-License-Identifier: Apache-2.0
"""Where ssm generate puts messages, and that they go all the way."""

from pathlib import Path

import pytest

from ssm.accounting.portal import read_topology
from ssm.cli.main import main
from ssm.repository.session import Access
from ssm.spool.dirq_simple import DirqSimpleSpool
from tests.accounting import Server

FEW = ("--count", "300", "--sites", "3", "--from", "2024-05")


def generate(*words: str) -> int:
    return main(["generate", *words])


def test_a_directory_gets_a_file_for_each_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "messages"
    assert generate(*FEW, "--months", "2", "--most-records", "40", "--directory", str(folder)) == 0
    files = sorted(folder.iterdir())
    assert files[0].name == "2024-05-DE-EXAMPLE-01-job-00001"
    assert all(file.read_bytes().startswith(b"APEL-individual-job-message: v0.3\n") for file in files)
    assert sum(file.read_bytes().count(b"\n%%\n") for file in files) == 300
    assert capsys.readouterr().err.startswith(f"{len(files)} messages, 300 records, ")


def test_a_spool_gets_elements_that_the_sender_takes(tmp_path: Path) -> None:
    assert generate(*FEW, "--spool", str(tmp_path / "outgoing")) == 0
    spool = DirqSimpleSpool(tmp_path / "outgoing", 0)
    names = spool.ready()
    assert len(names) == 3
    payload = spool.claim(names[0])
    spool.close()
    assert payload is not None
    assert payload.startswith(b"APEL-individual-job-message")


def test_a_file_gets_one_message_of_everything(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    file = tmp_path / "all"
    assert generate(*FEW, "--format", "car", "--file", str(file)) == 0
    assert file.read_bytes().count(b":UsageRecord>") >= 300
    assert generate(*FEW, "--format", "car", "--file", "-") == 0
    assert len(capsysbinary.readouterr().out) == len(file.read_bytes())
    assert list(tmp_path.iterdir()) == [file]


def test_the_topology_is_what_the_report_reads(tmp_path: Path) -> None:
    assert generate(*FEW, "--file", str(tmp_path / "m"), "--topology", str(tmp_path / "sites.csv")) == 0
    topology = read_topology((tmp_path / "sites.csv").read_text())
    assert list(topology) == ["DE-EXAMPLE-01", "UK-EXAMPLE-01", "FR-EXAMPLE-01"]
    assert topology["UK-EXAMPLE-01"].country == "United Kingdom"


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--format", "aur", "--file", "-"), 65, "have no form in EMI AUR"),
        (("--version", "v9", "--file", "-"), 65, "have no version"),
        (("--directory", "/dev/null/x"), 78, "cannot be made"),
        (("--file", "/dev/null/x"), 78, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: tuple[str, ...], status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(*words) == status
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--count", "0"), ("--count", "x"), ("--from", "May"), ("--kind", "x"), ()])
def test_wrong_usage_ends_with_2(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    place = () if not words else ("--file", "-")
    with pytest.raises(SystemExit) as ended:
        generate(*words, *place)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_from_records_to_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = Server(tmp_path / "server", Access(f"sqlite:///{tmp_path}/accounting.sqlite"))
    server.spool.mkdir(parents=True)
    for kind in ("job", "storage", "cloud"):
        folder = tmp_path / kind
        assert generate(*FEW, "--kind", kind, "--directory", str(folder)) == 0
        for file in sorted(folder.iterdir()):
            server.accept(file.read_bytes(), message_id=file.name)
    config = str(tmp_path / "server" / "loader.cfg")
    server.config()
    assert main(["load", "-c", config]) == 0
    assert main(["summarise", "-c", config]) == 0
    capsys.readouterr()
    page = tmp_path / "page.html"
    assert main(["report", "-c", config, "--from", "2024-05", "--html", str(page)]) == 0
    words = page.read_text(encoding="utf-8")
    assert "<dd>300</dd>" in words
    for title in ("Storage", "Clouds"):
        assert f">{title}</h2>" in words
    assert main(["report", "-c", config, "--from", "2024-05", "--by", "site"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("jobs: 300, ")
