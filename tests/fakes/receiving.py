# SPDX-License-Identifier: Apache-2.0
"""The receiver's ports in memory, with faults on demand."""

import asyncio
from collections.abc import Mapping, Sequence

from ssm.errors import ConnectionLostError, SsmError
from ssm.ports.filing import Box, DeferredElement, Filed, Verdict
from ssm.ports.transport import Consumer, Delivery, Producer


class MemoryCabinet:
    """Implements FilingCabinet."""

    def __init__(self) -> None:
        self.boxes: dict[Box, dict[str, Verdict]] = {box: {} for box in Box}
        self.filed_before: dict[bytes, Box] = {}
        self.twins: set[bytes] = set()
        self.judging: dict[bytes, int] = {}
        self.locked: set[str] = set()
        self.faults: list[SsmError] = []
        self.batches: list[int] = []
        self.settled = 0
        self.names = 0

    def known(self, digests: Sequence[bytes]) -> Mapping[bytes, Box]:
        return {digest: self.filed_before[digest] for digest in digests if digest in self.filed_before}

    def file(self, verdicts: Sequence[Verdict]) -> Sequence[Filed]:
        if self.faults:
            raise self.faults.pop(0)
        self.batches.append(len(verdicts))
        return [self.put(verdict) for verdict in verdicts if not self.has_twin(verdict)]

    def has_twin(self, verdict: Verdict) -> bool:
        if verdict.twin is None or verdict.twin not in self.filed_before:
            return False
        self.filed_before.setdefault(verdict.digest, verdict.box)
        return True

    def forget_twins(self, beginnings: Sequence[bytes]) -> None:
        for twin in [one for one in self.twins if one.startswith(tuple(beginnings))]:
            del self.filed_before[twin]
            self.twins.remove(twin)

    def put(self, verdict: Verdict) -> Filed:
        assert verdict.digest not in self.filed_before
        self.names += 1
        name = f"00000000/{self.names:014x}"
        self.boxes[verdict.box][name] = verdict
        self.filed_before[verdict.digest] = verdict.box
        if verdict.twin is not None:
            self.filed_before[verdict.twin] = verdict.box
            self.twins.add(verdict.twin)
        return Filed(verdict, name)

    def settle(self) -> int:
        self.settled += 1
        return 0

    def recover(self) -> int:
        return 0

    def suspects(self) -> Mapping[bytes, int]:
        return dict(self.judging)

    def begin(self, digests: Sequence[bytes]) -> None:
        for digest in digests:
            self.judging[digest] = self.judging.get(digest, 0) + 1

    def finish(self, digests: Sequence[bytes]) -> None:
        for digest in digests:
            self.judging.pop(digest, None)

    def deferred(self) -> Sequence[str]:
        return sorted(self.boxes[Box.DEFERRED])

    def take_deferred(self, name: str) -> DeferredElement | None:
        verdict = self.boxes[Box.DEFERRED].get(name)
        if verdict is None or name in self.locked:
            return None
        self.locked.add(name)
        return DeferredElement(name, verdict.body, verdict.message_id, verdict.error or "")

    def release_deferred(self, name: str) -> None:
        self.locked.discard(name)

    def resolve_deferred(self, name: str, verdict: Verdict) -> Filed | None:
        del self.boxes[Box.DEFERRED][name]
        self.locked.discard(name)
        del self.filed_before[verdict.digest]
        return self.put(verdict)


class MemoryQueue:
    """Implements Transport for receiving: what is not acknowledged comes again on the next connection."""

    def __init__(self, bodies: Sequence[tuple[str | None, bytes]]) -> None:
        self.messages = {str(number): Delivery(body, name, str(number)) for number, (name, body) in enumerate(bodies)}
        self.acknowledged: list[str] = []
        self.connections = 0
        self.lose_after: dict[int, int] = {}
        """By connection: after how many acknowledged messages it is lost."""
        self.is_drained = asyncio.Event()

    async def open_producer(self) -> Producer:
        raise NotImplementedError

    async def open_consumer(self) -> Consumer:
        self.connections += 1
        return MemoryConsumer(self, self.connections)

    def put(self, name: str | None, body: bytes) -> None:
        token = f"later-{len(self.messages)}"
        self.messages[token] = Delivery(body, name, token)


class MemoryConsumer:
    """One connection."""

    def __init__(self, queue: MemoryQueue, number: int) -> None:
        self.queue = queue
        self.number = number
        self.peer = f"memory:{number}"
        self.handed_out: set[str] = set()
        self.acknowledged = 0

    async def receive(self, limit: int) -> Sequence[Delivery]:
        while True:
            waiting = [one for token, one in self.queue.messages.items() if token not in self.handed_out][:limit]
            if waiting:
                self.handed_out.update(one.token for one in waiting)
                return waiting
            await asyncio.sleep(0.001)

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if self.acknowledged >= self.queue.lose_after.get(self.number, 1 << 30):
                raise ConnectionLostError("the connection was lost")
            self.acknowledged += 1
            del self.queue.messages[delivery.token]
            self.queue.acknowledged.append(delivery.token)
        if not self.queue.messages:
            self.queue.is_drained.set()

    async def close(self) -> None:
        self.handed_out.clear()
