# SPDX-License-Identifier: Apache-2.0
"""One server's process: started in a session of its own, awaited, ended or killed with its children, by pid."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.servers.raw_stomp import Login, RawStomp, StompRefusedError

POLL_SECONDS = 0.05
START_SECONDS = 90.0
STOP_SECONDS = 30.0
TAIL_LINES = 40


class ServerError(Exception):
    """A server that did not do what it should; holds the end of its log."""


class ServerProcess:
    """What all servers have in common."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> None:
        self.command = [*dies_with_us(), *map(str, command)]
        self.environment = dict(environment)
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the running program itself: whatever starts it is replaced by it."""
        assert self.process is not None, "not started"
        return self.process.pid

    def start(self, port: int, login: Login) -> None:
        """Start, and wait until it answers CONNECT."""
        self.launch(lambda: answers(port, login), "an answer to CONNECT")

    def launch(self, is_ready: Callable[[], bool], what: str) -> None:
        """Start, and wait until it is ready."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            wait_until(lambda: self.has_ended() or is_ready(), what)
            self.require_running()
        except ServerError as error:
            self.kill()
            raise ServerError(f"{self.command}: {error}\n{self.tail()}") from error

    def require_running(self) -> None:
        """ServerError when it ended by itself."""
        if self.has_ended():
            raise ServerError("ended by itself")

    def has_ended(self) -> bool:
        """True when it ended by itself."""
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process is None:
            return
        family = descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None
        kill_all(family)

    def kill(self) -> None:
        """SIGKILL, it and its children."""
        if self.process is None:
            return
        family = descendants(self.process.pid)
        self.process.kill()
        self.process.wait()
        self.process = None
        kill_all(family)

    def tail(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-TAIL_LINES:])


def wait_until(
    condition: Callable[[], bool], what: str, *, seconds: float = START_SECONDS, poll_seconds: float = POLL_SECONDS
) -> None:
    """Poll until something is so; ServerError says what never came."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerError(f"after {seconds:.0f} seconds there is still not: {what}")
        time.sleep(poll_seconds)


def dies_with_us() -> list[str]:
    """The kernel ends the server when the tests are killed themselves."""
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


def answers(port: int, login: Login) -> bool:
    """True when a broker takes us."""
    try:
        with RawStomp(port, login=login, timeout_seconds=5.0):
            return True
    except (OSError, EOFError, StompRefusedError):
        return False


def processes() -> Iterator[tuple[int, int, str]]:
    """Pid, parent and name of everything that runs."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                head, _, rest = (entry / "stat").read_text(errors="replace").rpartition(")")
                yield int(entry.name), int(rest.split()[1]), head.partition("(")[2]


def descendants(pid: int) -> list[int]:
    """Children, and theirs."""
    children: dict[int, list[int]] = {}
    for child, parent, _ in processes():
        children.setdefault(parent, []).append(child)
    found = list(children.get(pid, ()))
    for one in found:
        found += children.get(one, ())
    return found


def kill_all(pids: Sequence[int]) -> None:
    """SIGKILL each, and wait until none is left."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + STOP_SECONDS
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise ServerError(f"some of {pids} do not end")
        time.sleep(POLL_SECONDS)


def is_running(pid: int) -> bool:
    """False for what has ended, waited for or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
