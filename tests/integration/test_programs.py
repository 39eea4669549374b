# SPDX-License-Identifier: Apache-2.0
"""The incumbent's configuration and commands, and ours, against real brokers over plain connections and TLS."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.harness import Deployment, Pace, payloads
from tests.servers.broker import RealBroker

COUNT = 60


def incumbent(name: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """``ssmsend`` or ``ssmreceive``."""
    call = f"import sys; from ssm.cli.main import {name}; sys.exit({name}())"
    return subprocess.run(
        [sys.executable, "-c", call, *map(str, words)], capture_output=True, text=True, check=False, timeout=60
    )


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("encrypted", [False, True])
def test_every_message_arrives_once_and_the_spool_is_empty(
    tmp_path: Path, real_broker: RealBroker, *, encrypted: bool
) -> None:
    place = Deployment.build(tmp_path, real_broker, encrypted=encrypted, pace=Pace(32, 64, 256))
    sent = payloads(COUNT)
    place.leave(sent)
    with place.receiving():
        place.send_all()
        place.wait_for(COUNT)
    assert place.incoming() == Counter(sent)
    assert place.waiting() == []
    assert place.rejected() == []


def test_the_incumbents_commands_do_what_they_always_did(tmp_path: Path, real_broker: RealBroker) -> None:
    place = Deployment.build(tmp_path, real_broker)
    sent = payloads(COUNT)
    place.leave(sent)
    started = incumbent("ssmreceive", "-c", place.config("receive"), "-d", place.dns)
    assert started.returncode == 0, started.stderr
    pidfile = place.spool / "ssmreceive.pid"
    deadline = time.monotonic() + 30
    while not pidfile.exists():
        assert time.monotonic() < deadline, place.log("receive").read_text()
        time.sleep(0.02)
    pid = int(pidfile.read_text())
    try:
        again = incumbent("ssmreceive", "-c", place.config("receive"), "-d", place.dns)
        assert again.returncode == 1
        assert "already exists" in again.stderr
        done = incumbent("ssmsend", "-c", place.config("send"))
        assert done.returncode == 0, done.stderr
        place.wait_for(COUNT)
    finally:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 30
        while alive(pid):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert not pidfile.exists()
    assert place.incoming() == Counter(sent)
    sender_log, receiver_log = place.log("send").read_text(), place.log("receive").read_text()
    lines = (
        "=" * 40,
        "Found 60 messages.",
        "Sending message: ",
        "Broker received message: ",
        " - Sent ",
        "SSM run has",
    )
    for expected in lines:
        assert expected in sender_log, expected
    said = ("Fetching valid DNs.", "Received message. ID = ", "Valid signer: /", "Message saved to incoming queue as ")
    for expected in said:
        assert expected in receiver_log, expected
