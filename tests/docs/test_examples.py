# SPDX-License-Identifier: Apache-2.0
"""What the README and the tutorial tell a reader to type, typed; what they tell a reader to write, read."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver, read_sender, role_of
from ssm.settings.loader import read_loader

ROOT = Path(__file__).parents[2]
INI = re.compile(r"```ini\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^    (\S.*)$", re.MULTILINE)


def blocks(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = [
        line.removeprefix("   ") if page.endswith(("server.md", "ssm-1.md", "ams.md")) else line
        for line in text.split("\n")
    ]
    return [block for block in INI.findall("\n".join(lines)) if "[broker]" in block]


@pytest.mark.parametrize(
    "page",
    ["README.md", "docs/how-to/set-up-a-server.md", "docs/how-to/phase-out-ssm-1.md", "docs/how-to/use-ams.md"],
)
def test_a_shown_configuration_is_one(page: str, tmp_path: Path) -> None:
    shown = blocks(page)
    assert shown
    for number, block in enumerate(shown):
        file = tmp_path / f"{number}.cfg"
        file.write_text(block)
        read = read_receiver if role_of(file) == "receiver" else read_sender
        _, found = read(Sources(file))
        assert found.warnings == []


def test_the_shown_configuration_of_a_loader_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs/how-to/load-into-a-database.md").read_text(encoding="utf-8").replace("\n   ", "\n")
    [shown] = INI.findall(text)
    file = tmp_path / "loader.cfg"
    file.write_text(shown)
    assert role_of(file) == "loader"
    settings, found = read_loader(Sources(file))
    assert (settings.url, found.warnings) == ("postgresql://ssm@localhost/accounting", [])


def test_the_tutorial_goes_as_written(tmp_path: Path) -> None:
    text = (ROOT / "docs/tutorial/first-messages.md").read_text(encoding="utf-8")
    script = "\n".join(COMMAND.findall(text)).replace("/tmp/first", str(tmp_path / "first"))
    assert script.count("ssm unseal") == 3
    forged = "unseal --ca-dir pki/certificates < forged"
    script = script.replace(forged, forged + " || test $? -eq 65 || exit 99")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-e", "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every outcome is the right one." in done.stdout
    assert done.stdout.count("NumberOfJobs: 12") == 2
    assert "possible tampering" in done.stderr


def test_the_readme_names_every_command_that_make_has() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    for target in ("demo", "demo-all", "check", "servers", "fix", "bench"):
        assert re.search(rf"^{target}\s", listed, re.MULTILINE), target


def test_the_shown_check_of_a_message_is_what_it_says(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/check-records.md").read_text(encoding="utf-8")
    message, shown = re.findall(r"```\n(.*?)```", page, re.DOTALL)[:2]
    (tmp_path / "message").write_text(message)
    command = [sys.executable, "-m", "ssm", "check", "message"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout + done.stderr, done.returncode) == (shown, 2)
