# SPDX-License-Identifier: Apache-2.0
"""A bad network: a proxy that cuts every connection after a while, in each way in which connections end."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LIVES_SECONDS = (0.05, 0.3, 1.0)
OCTETS_TO_THE_CUT = (2_000, 5_000, 10_000, 60_000, 200_000)
LINGERS_SECONDS = 1.0
STARTS_WITHIN_SECONDS = 10.0
ENDS_WITHIN_SECONDS = 5.0
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class BadNetwork:
    """Between programs and one port of this machine; good from the moment it is told so."""

    def __init__(self, target: int, seed: int) -> None:
        self.target = target
        self.draw = random.Random(seed)
        self.port = 0
        self.cuts = 0
        self.is_bad = True
        self.is_up = threading.Event()

    async def serve(self, ended: asyncio.Event) -> None:
        """Until told to stop."""
        async with await asyncio.start_server(self.carry, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            self.is_up.set()
            await ended.wait()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, as far as it goes."""
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        most = self.draw.choice(OCTETS_TO_THE_CUT) if self.is_bad else None
        ways = [
            asyncio.ensure_future(pass_on(reader, far_writer, most)),
            asyncio.ensure_future(pass_on(far_reader, writer, most)),
        ]
        life = self.draw.choice(LIVES_SECONDS) if self.is_bad else None
        await asyncio.wait(ways, timeout=life, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        self.cuts += self.is_bad
        await self.cut(writer, far_writer)

    async def cut(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        """End both halves: in good order, at once, or one of them a while before the other."""
        first, second = self.draw.sample([near, far], 2)
        if self.draw.random() < 1 / 4:
            first.close()
        else:
            reset(first)
        if self.draw.random() < 1 / 2:
            await asyncio.sleep(self.draw.random() * LINGERS_SECONDS)
        reset(second)


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None) -> None:
    """What comes goes on, up to so many octets."""
    left = most
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data if left is None else data[:left])
            await writer.drain()
            if left is not None and (left := left - len(data)) <= 0:
                return


def reset(writer: asyncio.StreamWriter) -> None:
    """As a peer that has gone does it."""
    end = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()


@contextmanager
def bad_network(target: int, seed: int) -> Iterator[BadNetwork]:
    """In a thread of its own."""
    network = BadNetwork(target, seed)
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=[network.serve(ended)])
    thread.start()
    assert network.is_up.wait(STARTS_WITHIN_SECONDS)
    try:
        yield network
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        if left := asyncio.all_tasks(loop):
            loop.run_until_complete(asyncio.wait(left, timeout=ENDS_WITHIN_SECONDS))
        loop.close()
