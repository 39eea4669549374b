# SPDX-License-Identifier: Apache-2.0
"""Running a workflow until it ends or a signal asks it to."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")


def run_until_signal(work: Coroutine[None, None, T], stop: Callable[[], None]) -> T:
    """The first SIGTERM or SIGINT asks politely, the second does not: KeyboardInterrupt."""

    async def main() -> T:
        loop = asyncio.get_running_loop()
        task = asyncio.ensure_future(work)
        asked = False

        def on_signal() -> None:
            nonlocal asked
            if asked:
                task.cancel()
            asked = True
            stop()

        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, on_signal)
        return await task

    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def notify_systemd(state: str) -> None:
    """Tell the service manager, if one started us (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address.startswith(("/", "@")):
        # Whoever started us may not listen any more; that stops nothing.
        datagrams = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, datagrams) as client:
            client.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            client.send(state.encode())
