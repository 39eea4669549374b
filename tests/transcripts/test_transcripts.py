# SPDX-License-Identifier: Apache-2.0
"""Sessions at the command line, as text: what is typed, what is shown, and the exit status where it is not 0.

``$ `` begins a command for the shell; lines up to the next one are its output, standard error after standard output.
Lines that begin with ``# `` are for the reader, and ``...`` in a line stands for anything. Each file is one session in
a folder of its own, with a CA directory and the certificates of a host and a server in it.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pki import Pki

SESSIONS = sorted(Path(__file__).parent.glob("*.txt"))


@dataclass(frozen=True)
class Step:
    """One command and what must be shown."""

    command: str
    expected: str


def steps(text: str) -> list[Step]:
    """The commands of a session."""
    _, *parts = re.split(r"^\$ ", re.sub(r"^# .*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return [Step(command, expected.strip("\n")) for command, _, expected in (part.partition("\n") for part in parts)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Programs by name, and a small PKI."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, function in (("ssm", "main"), ("ssmsend", "ssmsend"), ("ssmreceive", "ssmreceive")):
        program = programs / name
        code = f"import sys; from ssm.cli.main import {function}; sys.argv[0] = {name!r}; sys.exit({function}())"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
        program.chmod(0o755)
    pki = Pki(tmp_path / "pki")
    for name in ("host", "server"):
        credential = pki.issue(f"{name}.example.org")
        (tmp_path / f"{name}.pem").write_bytes(credential.certificate_pem)
        (tmp_path / f"{name}.key").write_bytes(credential.key_pem)
    return tmp_path


@pytest.mark.parametrize("session", SESSIONS, ids=lambda path: path.stem)
def test_a_session_goes_as_written(session: Path, folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SSM_", "NOTIFY_"))}
    environment |= {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "COLUMNS": "200", "LC_ALL": "C.UTF-8"}
    played = steps(session.read_text(encoding="utf-8"))
    assert played
    for step in played:
        done = subprocess.run(
            ["/bin/sh", "-c", step.command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        shown = (done.stdout + done.stderr).strip("\n")
        if done.returncode:
            shown = f"{shown}\n[exit {done.returncode}]".strip("\n")
        pattern = ".*".join(re.escape(part) for part in step.expected.split("..."))
        assert re.fullmatch(pattern, shown), f"$ {step.command}\n{shown}\n-- instead of --\n{step.expected}"


def test_there_are_sessions() -> None:
    assert {path.stem for path in SESSIONS} >= {"seal-and-unseal", "configuration", "incumbent"}
