# SPDX-License-Identifier: Apache-2.0
"""The writing half of a connection: everybody in turn, small frames joined, large ones slice by slice.

Nobody hands over more than a slice before the socket has room again. So little waits where nobody can count it (of
what TLS has encrypted asyncio tells nothing, and the system keeps megabytes for itself unless told not to), and octets
that leave can be told from octets that are stuck.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence

JOINED_OCTETS = 64 * 1024  # smaller pieces are joined, larger ones handed over as they are
SLICE_OCTETS = 128 * 1024


class Outgoing:
    """``when_cut_off`` is called when a message has left in part and its rest never will."""

    def __init__(self, when_cut_off: Callable[[], None]) -> None:
        self.loop = asyncio.get_running_loop()
        self.when_cut_off = when_cut_off
        self.transport: asyncio.Transport | None = None
        self.turn = asyncio.Lock()
        self.room = asyncio.Event()
        self.room.set()
        self.gathered: list[bytes] = []
        self.gathered_octets = 0
        self.handed_over = 0
        self.left = 0
        self.moved_at = self.loop.time()

    def connect(self, transport: asyncio.Transport) -> None:
        """The socket is there."""
        self.transport = transport
        transport.set_write_buffer_limits(high=SLICE_OCTETS)
        end = transport.get_extra_info("socket")
        if end is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, SLICE_OCTETS)

    async def send(self, make: Callable[[], Sequence[bytes]]) -> None:
        """Write what ``make`` gives once it is our turn and there is room; what it raises comes out."""
        async with self.turn:
            await self.room.wait()
            pieces = make()
            if sum(map(len, pieces)) > SLICE_OCTETS:
                await self.write_in_slices(pieces)
            else:
                self.write(*pieces)

    def write(self, *pieces: bytes) -> None:
        """Write with whatever else this turn of the loop writes; as soon as it is a slice, at once.

        Otherwise all who wait for room would write before the socket can say that it is full again.
        """
        if not self.gathered:
            self.loop.call_soon(self.flush)
        self.gathered.extend(pieces)
        self.gathered_octets += sum(map(len, pieces))
        if self.gathered_octets >= SLICE_OCTETS:
            self.flush()

    def flush(self) -> None:
        """Hand over what has gathered: small pieces joined, large ones as they are."""
        pieces, self.gathered, self.gathered_octets = self.gathered, [], 0
        small: list[bytes] = []
        for piece in pieces:
            if len(piece) < JOINED_OCTETS:
                small.append(piece)
                continue
            self.hand_over(b"".join(small))
            self.hand_over(piece)
            small.clear()
        self.hand_over(b"".join(small))

    async def write_in_slices(self, pieces: Sequence[bytes]) -> None:
        """Write a large frame; it stops by itself when the connection is gone."""
        self.flush()
        try:
            for piece in pieces:
                for begin in range(0, len(piece), SLICE_OCTETS):
                    self.hand_over(memoryview(piece)[begin : begin + SLICE_OCTETS])
                    await self.room.wait()
        except BaseException:
            self.when_cut_off()
            raise

    def hand_over(self, piece: bytes | memoryview) -> None:
        """To the socket, or what stands before it."""
        if piece and self.transport is not None and not self.transport.is_closing():
            self.handed_over += len(piece)
            self.transport.write(piece)

    def is_busy(self) -> bool:
        """True while somebody is writing, or waits for room: nothing else may be written."""
        return self.turn.locked()

    def seconds_stuck(self, now: float) -> float | None:
        """For how long nothing has left, 0 if some did since the last look; None when nothing waits to leave."""
        waiting = self.transport.get_write_buffer_size() if self.transport is not None else 0
        left = self.handed_over - waiting
        if left > self.left or not waiting:
            self.moved_at = now
        self.left = left
        return now - self.moved_at if waiting else None
