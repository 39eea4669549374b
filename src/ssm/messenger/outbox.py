# SPDX-License-Identifier: Apache-2.0
"""The hand-over between preparing and publishing: bounded in messages and in octets.

A message is *ready*, then *in flight*, then gone; when a connection is lost everything in flight is ready
again, in its old order and with the same bytes. What was in flight at several losses is a suspect: it is sent last,
and alone, so that a message which makes a broker hang up is found and does not hold up the line. A bad network cuts
connections whatever is sent; so a suspect is a culprit only when several more were lost while it was alone.
"""

import asyncio
from collections import Counter, deque
from dataclasses import dataclass

SUSPECT_LOSSES = 3
CULPRIT_LOSSES = 2 * SUSPECT_LOSSES


@dataclass(slots=True)
class Whole:
    """An element that travels in pieces."""

    element: str
    waiting: set[str]
    """Message ids of the pieces that have not been confirmed."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claimed element, or a piece of one, sealed and kept."""

    name: str
    """The message id on the wire: the element's name, or for a piece that with its number."""
    sealed: bytes
    digest: bytes
    """SHA-256 of ``sealed``."""
    whole: Whole | None = None
    """What it is a piece of."""

    @property
    def element(self) -> str:
        """The element in the spool."""
        return self.name if self.whole is None else self.whole.element


class Outbox:
    """For one event loop, any number of tasks that put, and one that takes."""

    def __init__(self, room_messages: int, room_octets: int) -> None:
        self.room_messages = room_messages
        self.room_octets = room_octets
        self.ready: deque[Prepared] = deque()
        self.suspects: deque[Prepared] = deque()
        self.losses: Counter[str] = Counter()
        self.culprit: Prepared | None = None
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
        while (item := self.next_item()) is None:
            if self.is_drained():
                return None
            self.changed.clear()
            await self.changed.wait()
        self.in_flight[item.name] = item
        return item

    def next_item(self) -> Prepared | None:
        """What may be sent now: a suspect only when there is nothing else, and nothing beside it."""
        if any(self.is_suspect(name) for name in self.in_flight):
            return None
        if self.ready:
            return self.ready.popleft()
        return self.suspects.popleft() if self.suspects and not self.in_flight else None

    def is_suspect(self, name: str) -> bool:
        """True for what was in flight at several losses."""
        return self.losses[name] >= SUSPECT_LOSSES

    def done(self, item: Prepared) -> None:
        """Its fate is known; it makes room for others."""
        del self.in_flight[item.name]
        self.gone(item)

    def gone(self, item: Prepared) -> None:
        """It is not ours any more."""
        del self.losses[item.name]
        self.octets -= len(item.sealed)
        self.freed.set()
        self.changed.set()

    def lost(self) -> int:
        """The connection is gone: what was in flight is ready again; how many."""
        items = list(self.in_flight.values())
        self.in_flight.clear()
        self.losses.update(item.name for item in items)
        if len(items) == 1 and self.losses[items[0].name] >= CULPRIT_LOSSES:
            self.culprit = items[0]
            return 1
        self.ready.extendleft(item for item in reversed(items) if not self.is_suspect(item.name))
        self.suspects.extend(item for item in items if self.is_suspect(item.name))
        self.changed.set()
        return len(items)

    def pop_culprit(self) -> Prepared | None:
        """The suspect that lost the last connection too, if there was one; it is not ours any more."""
        item, self.culprit = self.culprit, None
        if item is not None:
            self.gone(item)
        return item

    def held(self) -> list[Prepared]:
        """Everything that is ready or in flight."""
        return [*self.in_flight.values(), *self.ready, *self.suspects]

    def close(self) -> None:
        """Nothing more will be put."""
        self.closed = True
        self.changed.set()

    def has_room(self) -> bool:
        """True while another batch may be added."""
        held = len(self.ready) + len(self.in_flight) + len(self.suspects)
        return held == 0 or (held < self.room_messages and self.octets < self.room_octets)

    def is_drained(self) -> bool:
        """True when nothing is held and nothing will come."""
        return self.closed and not (self.ready or self.suspects or self.in_flight)
