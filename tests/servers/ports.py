# SPDX-License-Identifier: Apache-2.0
"""Loopback ports that nobody uses, and that stay free while a server is restarted."""

import contextlib
import random
import socket

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
