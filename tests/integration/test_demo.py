# SPDX-License-Identifier: Apache-2.0
"""The demonstration, and that it notices when something is not right."""

import subprocess
import sys
from pathlib import Path

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
