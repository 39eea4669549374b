# SPDX-License-Identifier: Apache-2.0
"""The hand-over between preparing and publishing: bounded in messages and in octets.

A message is *ready*, then *in flight*, then gone; when a connection is lost everything in flight is ready
again, in its old order and with the same bytes.
"""

import asyncio
from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claimed element, sealed and kept."""

    name: str
    """Element name, which is the message id on the wire."""
    sealed: bytes
    digest: bytes
    """SHA-256 of ``sealed``."""


class Outbox:
    """For one event loop, any number of tasks that put, and one that takes."""

    def __init__(self, room_messages: int, room_octets: int) -> None:
        self.room_messages = room_messages
        self.room_octets = room_octets
        self.ready: deque[Prepared] = deque()
        self.in_flight: dict[str, Prepared] = {}
        self.octets = 0
        self.closed = False
        self.freed = asyncio.Event()
        self.changed = asyncio.Event()

    async def room(self) -> None:
        """Wait until another batch may be put; a batch larger than the room waits until all else is gone."""
        while not self.has_room():
            self.freed.clear()
            await self.freed.wait()

    def put(self, items: list[Prepared]) -> None:
        """Add a batch."""
        self.ready.extend(items)
        self.octets += sum(len(item.sealed) for item in items)
        self.changed.set()

    async def take(self) -> Prepared | None:
        """The next message, now in flight; None when everything that came is done and nothing will come."""
        while not self.ready:
            if self.is_drained():
                return None
            self.changed.clear()
            await self.changed.wait()
        item = self.ready.popleft()
        self.in_flight[item.name] = item
        return item

    def done(self, item: Prepared) -> None:
        """Its fate is known; it makes room for others."""
        del self.in_flight[item.name]
        self.octets -= len(item.sealed)
        self.freed.set()
        if self.closed:
            self.changed.set()

    def lost(self) -> int:
        """The connection is gone: what was in flight is ready again; how many."""
        count = len(self.in_flight)
        self.ready.extendleft(reversed(self.in_flight.values()))
        self.in_flight.clear()
        self.changed.set()
        return count

    def close(self) -> None:
        """Nothing more will be put."""
        self.closed = True
        self.changed.set()

    def has_room(self) -> bool:
        """True while another batch may be added."""
        held = len(self.ready) + len(self.in_flight)
        return held == 0 or (held < self.room_messages and self.octets < self.room_octets)

    def is_drained(self) -> bool:
        """True when nothing is held and nothing will come."""
        return self.closed and not self.ready and not self.in_flight
