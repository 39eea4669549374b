# SPDX-License-Identifier: Apache-2.0
"""Loopback ports that nobody uses, and that stay free while a server is restarted."""

import contextlib
import random
import socket
import time

# Below the ports that the kernel gives to outgoing connections: none of those can take one between two starts.
LOWEST, HIGHEST = 20_000, 32_000
HOST = "127.0.0.1"
TRIES = 1000


def free_ports(count: int) -> list[int]:
    """Some different ports, each bound for a moment to see that it is free."""
    draw = random.SystemRandom()
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for _ in range(TRIES):
            if len(found) == count:
                return found
            port = draw.randrange(LOWEST, HIGHEST)
            listener = held.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                listener.bind((HOST, port))
                found.append(port)
    raise OSError(f"no {count} free ports between {LOWEST} and {HIGHEST}")


def wait_for_port(port: int, seconds: float = 30.0) -> None:
    """Until something listens there: a broker opens its ports one after the other."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
