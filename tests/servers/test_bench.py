# SPDX-License-Identifier: Apache-2.0
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.broker import BrokerServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_the_benchmark_measures_every_row_and_writes_its_page(activemq: BrokerServer, tmp_path: Path) -> None:
    # It starts a broker of its own; the fixture says whether there is one, and keeps such tests on one worker.
    page = tmp_path / "benchmarks.md"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    subprocess.run(
        [sys.executable, ROOT / "bench" / "run.py", "--quick", "--output", page], check=True, env=environment
    )
    rows = re.findall(
        r"^\| ((?:send|receive) [^|]+) \|[^|]*\| ([\d.,]+) \| ([\d.]+) \|", page.read_text(), re.MULTILINE
    )
    names = [name for name, _, _ in rows]
    assert len(names) == 10
    assert all(float(rate.replace(",", "")) > 0 for _, rate, _ in rows)
    assert names[:2] == ["send signed, 1 KiB", "receive signed, 1 KiB"]
