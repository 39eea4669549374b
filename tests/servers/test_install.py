# SPDX-License-Identifier: Apache-2.0
import subprocess
from collections.abc import Mapping
from pathlib import Path

SCRIPT = Path(__file__).with_name("install.sh")
SHELL_TOOLS = ("cat", "chmod", "env", "rm", "tee", "test")
APT = 'echo "$@" >> "{log}"; [ ! -e "{policy}" ] || echo "policy says $(tail -1 "{policy}")" >> "{log}"'


def install(tmp_path: Path, programs: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the script where only these programs, and the plainest tools, exist."""
    path = tmp_path / "bin"
    path.mkdir()
    for tool in (*SHELL_TOOLS, "tail"):
        found = next(one for one in (Path("/usr/bin", tool), Path("/bin", tool)) if one.exists())
        (path / tool).symlink_to(found)
    for name, text in programs.items():
        (path / name).write_text(f"#!/bin/sh\n{text}\n")
        (path / name).chmod(0o755)
    environment = {"PATH": str(path), "POLICY": str(tmp_path / "policy-rc.d")}
    return subprocess.run(
        ["/bin/sh", SCRIPT, "one", "two"], env=environment, capture_output=True, text=True, check=False
    )


def apt(tmp_path: Path) -> str:
    return APT.format(log=tmp_path / "log", policy=tmp_path / "policy-rc.d")


def test_nothing_is_done_where_all_is_installed(tmp_path: Path) -> None:
    ended = install(tmp_path, {"dpkg-query": "echo install ok installed", "apt-get": apt(tmp_path)})
    assert (ended.returncode, ended.stdout) == (0, "servers: one two are installed\n")
    assert not (tmp_path / "log").exists()


def test_only_what_is_missing_is_installed_and_no_service_starts_meanwhile(tmp_path: Path) -> None:
    query = 'for last; do :; done; [ "$last" = two ] && echo install ok installed'
    ended = install(tmp_path, {"dpkg-query": query, "id": "echo 0", "apt-get": apt(tmp_path)})
    assert ended.returncode == 0, ended.stderr
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines[-2:] == ["install --yes --quiet --no-install-recommends one", "policy says exit 101"]
    assert not (tmp_path / "policy-rc.d").exists()


def test_who_is_neither_root_nor_has_sudo_is_told_what_root_must_run(tmp_path: Path) -> None:
    ended = install(tmp_path, {"dpkg-query": "exit 1", "id": "echo 1000", "apt-get": apt(tmp_path)})
    assert ended.returncode == 1
    assert "apt-get install --no-install-recommends one two" in ended.stderr
    assert not (tmp_path / "log").exists()


def test_a_policy_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "policy-rc.d").write_text("exit 0\n")
    ended = install(tmp_path, {"dpkg-query": "exit 1", "id": "echo 0", "apt-get": apt(tmp_path)})
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "policy-rc.d").read_text() == "exit 0\n"
