# SPDX-License-Identifier: Apache-2.0
"""The demonstration, and that it notices when something is not right."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ssm.demo.outcome import Expectation, compare


def test_the_demonstration_ends_well(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ssm", "demo", "--folder", str(tmp_path / "demo")],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "45 accepted, 2 rejected, 0 lost or doubled" in done.stdout
    assert "killed with SIGKILL" in done.stdout
    # What it sent, added up: its jobs, the 1200 of a summary, and one in CAR.
    [last] = [line for line in done.stdout.splitlines() if line.startswith("jobs: ")]
    assert last.startswith("jobs: 2,001, ")
    page = tmp_path / "demo" / "report.html"
    assert done.stdout.splitlines()[-2] == f"The report of the month, with charts: {page}"
    assert "2\u202f001</dd>" in page.read_text(encoding="utf-8")


@pytest.mark.timeout(240)
def test_the_demonstration_of_every_way_in_ends_well(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "ssm", "demo", "--all", "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=230,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "117 accepted, 4 rejected, 0 lost or doubled" in done.stdout
    assert re.search(
        r"killed with SIGKILL after \d+ of 117 messages "
        r"\([1-9]\d* by SSM 2, STOMP, [1-9]\d* by SSM 1, [1-9]\d* by SSM 2, AMS\)",
        done.stdout,
    )
    assert "told of 41 messages" in done.stdout
    refused = [line for line in done.stdout.splitlines() if re.search(r"unlisted signer +SSM 1 ", line)]
    assert len(refused) == 1
    assert re.search(r"rejected  Signer not in valid DNs list .* refused, [0-9]\.\d\d s$", refused[0])
    # One spool of one receiver, and the signers of three sites in it. By now it has been loaded; the log tells.
    log = (folder / "receiver.log").read_text()
    signers = set(re.findall(r"Valid signer: (\S+)\. Message saved to incoming queue", log))
    assert signers == {f"/C=EU/O=Demonstration/CN={name}.example.org" for name in ("ce1", "old", "ce2")}
    listeners = re.findall(
        r"^(?:\[(receiver.*)\]|protocol: (.*))$", (folder / "receiver.cfg").read_text(), re.MULTILINE
    )
    assert ["".join(one) for one in listeners] == ["receiver", "STOMP", "receiver.old", "SSM1", "receiver.ams", "AMS"]
    # 110 messages of 20 jobs, a summary of 1200 that two sites have sent, and a job in CAR. Nothing counts twice.
    [last] = [line for line in done.stdout.splitlines() if line.startswith("jobs: ")]
    assert last.startswith("jobs: 3,401, ")
    left = {path.name for path in folder.glob("*/outgoing/*") if path.is_file()}
    assert left == {"not-on-the-list"}


def test_without_the_extra_it_says_what_to_install_and_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    program = "import sys; sys.modules['httpx2'] = None; from ssm.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, "demo", "--all", "--folder", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 78
    assert "needs the package httpx2, which is not installed" in done.stderr
    assert "'secure-stomp-messenger[ams]'" in done.stderr
    assert "make demo-all" in done.stderr
    assert not folder.exists()


def element(box: Path, name: str, **fields: bytes) -> None:
    folder = box / "00000000" / name
    folder.mkdir(parents=True)
    for field, content in fields.items():
        (folder / field).write_bytes(content)


def test_a_lost_a_damaged_and_a_doubled_message_are_not_right(tmp_path: Path) -> None:
    from hashlib import sha256

    digest = sha256(b"payload").digest()
    expected = [Expectation(name, name, 7, digest) for name in ("lost", "damaged", "doubled", "good")]
    incoming = tmp_path / "incoming"
    element(incoming, "00000000000001", body=b"another", empaid=b"damaged")
    for name in ("00000000000002", "00000000000003"):
        element(incoming, name, body=b"payload", empaid=b"doubled")
    element(incoming, "00000000000004", body=b"payload", empaid=b"good")
    outcomes = {(row.label, row.outcome): row.right for row in compare(expected, tmp_path, 0.0)}
    assert outcomes == {
        ("lost", "lost"): False,
        ("damaged", "damaged"): False,
        ("doubled", "accepted"): True,
        ("doubled", "surplus"): False,
        ("good", "accepted"): True,
    }


def test_a_rejection_for_another_reason_is_not_right(tmp_path: Path) -> None:
    element(tmp_path / "reject", "00000000000001", body=b"x", empaid=b"bad", error=b"Failed to decrypt message")
    [row] = compare([Expectation("bad", "bad", 1, None, "Failed to verify")], tmp_path, 0.0)
    assert not row.right
