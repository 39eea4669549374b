# SPDX-License-Identifier: Apache-2.0
"""Running a workflow until it ends or a signal asks it to."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest

from ssm.programs.running import notify_systemd, run_until_signal


def test_the_result_of_the_work_comes_back() -> None:
    async def work() -> str:
        return "done"

    assert run_until_signal(work(), lambda: None) == "done"


def test_an_error_of_the_work_comes_through() -> None:
    async def work() -> None:
        raise LookupError("planted")

    with pytest.raises(LookupError, match="planted"):
        run_until_signal(work(), lambda: None)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_the_work_to_finish(number: signal.Signals) -> None:
    stop = asyncio.Event()

    async def work() -> str:
        os.kill(os.getpid(), number)
        async with asyncio.timeout(30):
            await stop.wait()
        return "finished in order"

    assert run_until_signal(work(), stop.set) == "finished in order"


def test_handlers_are_gone_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def work() -> None:
        return None

    run_until_signal(work(), lambda: None)
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "n")
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(30)
        manager.bind(address)
        notify_systemd("READY=1")
        assert manager.recv(100) == b"READY=1"


def test_an_abstract_address_works_too(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"ssm-test-{os.getpid()}"
    monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(30)
        manager.bind(f"\0{name}")
        notify_systemd("STOPPING=1")
        assert manager.recv(100) == b"STOPPING=1"


def test_without_a_service_manager_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify_systemd("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", "relative")
    notify_systemd("READY=1")
