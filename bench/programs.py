# SPDX-License-Identifier: Apache-2.0
"""The real programs, run and measured from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.crash.harness import FILED, Deployment

TICKS = os.sysconf("SC_CLK_TCK")
POLL_SECONDS = 0.01
DEADLINE_SECONDS = 600.0


@dataclass(frozen=True)
class Usage:
    """What one run took."""

    seconds: float
    cpu_seconds: float
    """Of our program, user and system."""
    broker_seconds: float
    """CPU time of the broker meanwhile."""
    waiting_seconds: float
    """Processor time that the whole machine spent idle because of the disk."""
    peak_octets: int
    """Largest resident size of our program."""


class Meter:
    """What the broker and the machine did since this was made."""

    def __init__(self, broker_pid: int) -> None:
        self.broker_pid = broker_pid
        self.begun = time.perf_counter()
        self.broker = cpu_of(broker_pid)
        self.waiting = waiting()

    def read(self, cpu_seconds: float, peak_octets: int) -> Usage:
        """Until now."""
        return Usage(
            time.perf_counter() - self.begun,
            cpu_seconds,
            cpu_of(self.broker_pid) - self.broker,
            waiting() - self.waiting,
            peak_octets,
        )


def run_sender(deployment: Deployment) -> Usage:
    """A whole run, from the start of the program to its end."""
    meter = Meter(deployment.broker.server.pid)
    with started(["send", "-c", str(deployment.config("send"))], deployment.folder / "send.err") as process:
        peak = 0
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, peak_of(process.pid))
            time.sleep(POLL_SECONDS)
        _, status, resources = ended
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"ssm send ended with {process.returncode}: see {deployment.folder}")
    return meter.read(resources.ru_utime + resources.ru_stime, peak)


def run_receiver(deployment: Deployment, count: int) -> Usage:
    """From the moment it is connected until all that waits is filed."""
    words = ["receive", "-c", str(deployment.config("receive")), "-d", str(deployment.dns)]
    log = deployment.log("receive")
    log.touch()
    with log.open("rb") as said, started(words, deployment.folder / "receive.err") as process:
        said.seek(0, os.SEEK_END)
        wait_for_lines(said.readlines, b"Connected to", 1, process)
        meter, before = Meter(deployment.broker.server.pid), cpu_of(process.pid)
        wait_for_lines(said.readlines, FILED, count, process)
        usage = meter.read(cpu_of(process.pid) - before, peak_of(process.pid))
        process.terminate()
        process.wait(DEADLINE_SECONDS)
    return usage


@contextmanager
def started(words: list[str], errors: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """One of our programs; killed if it is still there."""
    with errors.open("ab") as output:
        process = subprocess.Popen([sys.executable, "-m", "ssm", *words], stdout=output, stderr=output)
    try:
        yield process
    finally:
        if process.returncode is None and process.poll() is None:
            process.kill()
            process.wait()


def wait_for_lines(
    read: Callable[[], list[bytes]], mark: bytes, count: int, process: "subprocess.Popen[bytes]"
) -> None:
    """Until the log has said so this often."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    seen = 0
    while True:
        seen += sum(mark in line for line in read())
        if seen >= count:
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"ssm receive: {seen} of {count} lines with {mark!r}")
        time.sleep(POLL_SECONDS)


def cpu_of(pid: int) -> float:
    """Seconds of processor time, user and system (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_of(pid: int) -> int:
    """Largest resident size so far; 0 once it has ended. What a child's rusage says would include ours at its fork."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def waiting() -> float:
    """Seconds that processors were idle with something waiting for the disk, as far as the kernel tells."""
    return int(Path("/proc/stat").read_text().split()[5]) / TICKS
