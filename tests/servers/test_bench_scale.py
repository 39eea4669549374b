# SPDX-License-Identifier: Apache-2.0
"""The measurements of growth run, on few rows."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.database import DatabaseServer

ROOT = Path(__file__).resolve().parents[2]


def measured(folder: Path, *words: str) -> list[dict[str, object]]:
    """What it says, a line each; plans of queries are no JSON."""
    command = [sys.executable, "-m", "bench.scale", "--folder", str(folder), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert list(folder.iterdir()) == [], "databases that have grown do not stay"
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.mark.slow
def test_growth_is_measured_at_each_size(tmp_path: Path) -> None:
    small, large = measured(tmp_path, "--only", "sqlite", "--millions", "0.0003", "0.0006")
    assert (small["database"], small["jobs"], large["jobs"]) == ("sqlite", 300, 600)
    assert small.keys() == large.keys()
    for name in small.keys() - {"database"}:
        assert float(str(small[name])) > 0, name
        assert float(str(large[name])) > 0, name
    assert int(str(large["octets"])) > int(str(small["octets"]))


@pytest.mark.slow
def test_many_loaders_of_one_server_are_measured(postgresql: DatabaseServer, tmp_path: Path) -> None:
    # It starts a server of its own; the fixture says whether there is one.
    assert postgresql.kind == "postgresql"
    found = measured(tmp_path, "--only", "loaders", "--rows", "300")
    assert [one["loaders"] for one in found] == [1, 2, 4]
    assert all(float(str(one["rows_per_second"])) > 0 for one in found)


@pytest.mark.slow
def test_a_database_that_is_divided_by_site_is_measured(postgresql: DatabaseServer, tmp_path: Path) -> None:
    assert postgresql.kind == "postgresql"
    found = measured(tmp_path, "--only", "shards", "--rows", "300")
    told = {name: value for one in found for name, value in one.items()}
    assert told["shards"] == 3
    assert {"rows_per_second", "summarise_seconds", "report_of_the_coordinator_seconds"} <= told.keys()
    assert {one["query"] for one in found if "query" in one} == {"report", "jobs"}
    assert "ON CONFLICT" in str(told["upsert_through_the_coordinator"]), "loaders write to the shards"
