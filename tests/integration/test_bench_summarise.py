# SPDX-License-Identifier: Apache-2.0
"""The measurement of late records runs."""

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[2] / "bench" / "summarise.py"


def test_what_a_late_record_costs_can_be_measured() -> None:
    words = [sys.executable, str(PROGRAM), "--rows", "480", "--database", "sqlite"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
    last = done.stdout.splitlines()[-1].split()
    assert last[1:4] == ["sqlite", "|", "480"], done.stderr
    assert done.returncode == int(float(last[9]) > 1.0), "what the status says is what was measured"
