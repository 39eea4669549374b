# SPDX-License-Identifier: Apache-2.0
"""The sender's ports in memory, with faults on demand."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ssm.errors import ConnectFailedError, ConnectionLostError, TransportError
from ssm.messenger.events import Event
from ssm.ports.journal import Entry, SealedCopy
from ssm.ports.transport import Consumer, Producer


class Told:
    """Remembers what was told."""

    def __init__(self) -> None:
        self.events: list[tuple[Event, str | None, dict[str, str | float | None]]] = []

    def __call__(self, event: Event, *, message_id: str | None = None, **facts: str | float | None) -> None:
        self.events.append((event, message_id, facts))

    def of(self, event: Event) -> list[str | None]:
        """Whom this was told of, in order."""
        return [message_id for kind, message_id, _ in self.events if kind is event]


class MemorySpool:
    """Implements OutgoingSpool."""

    def __init__(self, payloads: dict[str, bytes]) -> None:
        self.payloads = dict(payloads)
        self.claimed: set[str] = set()
        self.taken_by_others: set[str] = set()
        self.purges = 0

    def ready(self) -> Sequence[str]:
        return [name for name in sorted(self.payloads) if name not in self.claimed]

    def claim(self, name: str) -> bytes | None:
        if name in self.claimed or name in self.taken_by_others or name not in self.payloads:
            return None
        self.claimed.add(name)
        return self.payloads[name]

    def release(self, name: str) -> None:
        self.claimed.discard(name)

    def remove(self, name: str) -> None:
        assert name in self.claimed
        self.claimed.discard(name)
        del self.payloads[name]

    def recover(self) -> int:
        count = len(self.claimed)
        self.claimed.clear()
        return count

    def purge(self) -> None:
        self.purges += 1


class MemoryCopies:
    """Implements SealedCopies."""

    def __init__(self) -> None:
        self.kept: dict[str, SealedCopy] = {}
        self.fault: Exception | None = None

    def find(self, name: str, payload_digest: bytes) -> bytes | None:
        copy = self.kept.get(name)
        return copy.sealed if copy is not None and copy.payload_digest == payload_digest else None

    def keep(self, copies: Sequence[SealedCopy]) -> None:
        if self.fault is not None:
            raise self.fault
        self.kept |= {copy.name: copy for copy in copies}

    def drop(self, names: Sequence[str]) -> None:
        for name in names:
            self.kept.pop(name, None)


class MemoryPieces:
    """Implements Pieces."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[bytes, dict[str, bool]]] = {}

    def sent(self, element: str, digest: bytes) -> set[str] | None:
        known = self.known.get(element)
        if known is None or known[0] != digest:
            return None
        return {piece for piece, is_sent in known[1].items() if is_sent}

    def begin(self, element: str, digest: bytes, pieces: Sequence[str]) -> None:
        self.known[element] = (digest, dict.fromkeys(pieces, False))

    def confirm(self, pieces: Sequence[str]) -> None:
        for _, states in self.known.values():
            states.update({piece: True for piece in pieces if piece in states})

    def forget(self, elements: Sequence[str]) -> None:
        for element in elements:
            self.known.pop(element, None)


class MemoryJournal:
    """Implements Journal."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def record(self, entries: Sequence[Entry]) -> None:
        self.entries += entries


Fate = Callable[[str, int], TransportError | None]


@dataclass
class MemoryTransport:
    """Implements Transport for publishing: each connection, and each message on it, meets its fate."""

    fate: Fate = lambda _message_id, _connection: None
    refuse_connections: int = 0
    published: list[tuple[str, bytes]] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0

    async def open_producer(self) -> Producer:
        self.connections += 1
        if self.connections <= self.refuse_connections:
            raise ConnectFailedError("no broker", attempts=["a:1: refused"])
        return MemoryProducer(self, self.connections)

    async def open_consumer(self) -> Consumer:
        raise NotImplementedError


class MemoryProducer:
    """One connection; once it is lost, it is lost for everybody on it."""

    def __init__(self, transport: MemoryTransport, number: int) -> None:
        self.transport = transport
        self.number = number
        self.peer = f"memory:{number}"
        self.lost: TransportError | None = None
        self.pending = 0
        self.closed = False

    async def publish(self, message_id: str, body: bytes) -> None:
        if self.lost is not None:
            raise self.lost
        self.pending += 1
        self.transport.most_at_once = max(self.transport.most_at_once, self.pending)
        await asyncio.sleep(0)
        self.pending -= 1
        fault = self.transport.fate(message_id, self.number)
        if isinstance(fault, ConnectionLostError):
            self.lost = fault
        if self.lost is not None:
            raise self.lost
        if fault is not None:
            raise fault
        self.transport.published.append((message_id, body))

    async def close(self) -> None:
        self.closed = True
