# SPDX-License-Identifier: Apache-2.0
"""Starting, killing and ending the real programs of the demonstration, each in a process of its own."""

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ssm.demo.stage import Stage
from ssm.errors import StopError

DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class AmsNames:
    """What things are called at the embedded AMS."""

    project: str
    topic: str
    subscription: str


def command(*arguments: str | Path) -> list[str]:
    """This very program, with other arguments."""
    return [sys.executable, "-m", "ssm", *map(str, arguments)]


@contextlib.contextmanager
def running(arguments: Sequence[str | Path], log: Path) -> Iterator["subprocess.Popen[str]"]:
    """A program that is ended with the block: politely, then not."""
    with log.open("a") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            command(*arguments), stdout=subprocess.PIPE, stderr=output, stdin=subprocess.DEVNULL, text=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


@contextlib.contextmanager
def running_broker(stage: Stage) -> Iterator[int]:
    """The embedded broker over TLS; gives its port."""
    arguments: list[str | Path] = [
        *("broker", "--port", "0", "--folder", stage.folder / "broker"),
        *("--certificate", stage.broker.certificate, "--key", stage.broker.key),
        *("--ca-dir", stage.authority.ca_directory),
    ]
    log = stage.folder / "broker.log"
    with running(arguments, log) as process:
        assert process.stdout is not None
        first_line = process.stdout.readline()
        found = re.search(r":(\d+)\b", first_line)
        if found is None:
            raise StopError(f"the broker did not start; see {log}")
        yield int(found.group(1))


@contextlib.contextmanager
def running_ams(stage: Stage, publisher: str, *, names: AmsNames) -> Iterator[tuple[int, int]]:
    """The embedded AMS, for one publisher and the server; gives its two ports."""
    arguments: list[str | Path] = [
        *("ams", "--port", "0", "--authn-port", "0", "--ca-dir", stage.authority.ca_directory),
        *("--certificate", stage.broker.certificate, "--key", stage.broker.key),
        *("--project", names.project, "--topic", names.topic, "--subscription", names.subscription),
        *("--publisher", publisher, "--consumer", stage.server.dn),
    ]
    log = stage.folder / "ams.log"
    with running(arguments, log) as process:
        assert process.stdout is not None
        found = re.search(r":(\d+), certificates at (\d+)\b", process.stdout.readline())
        if found is None:
            raise StopError(f"the embedded AMS did not start; see {log}")
        yield int(found.group(1)), int(found.group(2))


@contextlib.contextmanager
def running_receiver(stage: Stage) -> Iterator["subprocess.Popen[str]"]:
    """`ssm receive` on the demonstration's configuration."""
    arguments: list[str | Path] = ["receive", "--config", stage.server_config, "--dn-file", stage.dn_file]
    with running(arguments, stage.folder / "receiver.err") as process:
        yield process


def run_sender(config: Path) -> "subprocess.Popen[str]":
    """`ssm send`, which ends by itself when its spool is empty."""
    log = config.with_suffix(".err")
    with log.open("a") as output:
        return subprocess.Popen(  # noqa: S603 - our own program, no shell
            command("send", "--config", config),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            text=True,
        )


def wait_until(condition: Callable[[], bool], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Poll until something is so; StopError says what never came."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StopError(f"after {seconds:.0f} seconds still waiting for {what}")
        time.sleep(POLL_SECONDS)
