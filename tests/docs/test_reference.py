# SPDX-License-Identifier: Apache-2.0
"""The reference pages are what the code says, and what a reader is told to type works."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ssm.records.checks import CHECKS
from ssm.records.codes import CODES

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
LINK = re.compile(r"\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_no_reference_page_is_stale() -> None:
    environment = os.environ | {"COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--check"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: run COLUMNS=100 python docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (page.parent / target).exists(), f"{page}: {target}"


def test_every_decision_is_in_the_list_of_decisions() -> None:
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs/adr").glob("0*.md"):
        assert page.name in index
        assert len(page.read_text(encoding="utf-8").splitlines()) < 40


def test_modules_and_functions_stay_small() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def test_every_code_of_a_fault_is_in_the_reference() -> None:
    known = set(CODES) | {check.code for check in CHECKS}
    words, used = set(), set()
    for path in (ROOT / "src/ssm/records").rglob("*.py"):
        if path.name == "codes.py":
            continue
        text = path.read_text(encoding="utf-8")
        words |= set(re.findall(r"""["']([a-z0-9]+(?:-[a-z0-9]+)+)["']""", text))
        used |= set(re.findall(r"""code=["']([a-z0-9-]+)["']""", text))
        used |= set(re.findall(r"""Level\.[A-Z]+,\s*["']([a-z0-9-]+)["']""", text))
    assert len(used) > 30
    assert used <= known
    assert set(CODES) <= words | {"doctype"}
