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
def test_the_benchmark_of_ams_renews_its_part_of_the_page_and_no_other(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n\nkept\n\n## The machine\n\nkept as well\n")
    for _ in range(2):
        subprocess.run([sys.executable, ROOT / "bench" / "run.py", "--quick", "--ams", "--output", page], check=True)
    text = page.read_text()
    assert text.startswith("# Benchmarks\n\nkept\n\n## AMS\n\nMeasured by ")
    assert text.endswith("\n\n## The machine\n\nkept as well\n")
    rows = re.findall(r"^\| (argo-ams-library[^|]+|ssm) \|[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|", text, re.MULTILINE)
    assert [name.partition(" ")[0] for name, *_ in rows] == ["argo-ams-library", "argo-ams-library", "ssm"]
    assert all(float(figure.replace(",", "")) > 0 for _, *figures in rows for figure in figures)


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
