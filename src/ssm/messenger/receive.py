# SPDX-License-Identifier: Apache-2.0
"""The receiving workflow: broker -> judged -> filed and synced -> acknowledged, in this order and no other.

Judging and filing overlap, a batch each. A message that comes again is known by its digest and only
acknowledged. While the spool cannot take anything, nothing is acknowledged, and the batch in hand waits.
What a dead program had begun to judge is judged alone, so that a message which kills its reader is found,
and set aside after the third time.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import TypeAlias, TypeVar

from ssm.errors import SpoolError, SpoolUnavailableError, TransportError
from ssm.messenger.deferred import DeferredPass, seconds_until_next
from ssm.messenger.events import Event, Teller
from ssm.messenger.filing import Judged, Outcome, file_part, judged, parts_of
from ssm.messenger.judge import Judge, Listener, digest_of, event_of
from ssm.messenger.retry import Backoff, describe
from ssm.messenger.tasks import first_of, pause, to_the_end
from ssm.ports.filing import FilingCabinet
from ssm.ports.transport import Consumer, Delivery

T = TypeVar("T")


class Stopped(Enum):
    """Instead of a result: we were told to stop while the spool could not take it."""

    STOPPED = auto()


STOPPED = Stopped.STOPPED
TIDY_SECONDS = 5.0
JUDGED_AHEAD = 1  # batches


@dataclass(frozen=True, slots=True)
class ReceivePorts:
    """What receiving needs of the world, but for its listeners."""

    cabinet: FilingCabinet
    judge: Judge
    """Of what was deferred, and of every listener that has no other."""
    tell: Teller


@dataclass(frozen=True, slots=True)
class ReceiveLimits:
    """Bounds of one run."""

    batch: int = 64
    """Deliveries that share a sync."""
    deferred_interval_seconds: float = 60.0


JudgedQueue: TypeAlias = "asyncio.Queue[list[Judged]]"


class ReceiveRun:
    """A receiver, from its start until it is told to stop: several listeners, one cabinet."""

    def __init__(self, ports: ReceivePorts, listeners: Sequence[Listener], limits: ReceiveLimits) -> None:
        self.ports = ports
        self.listeners = listeners
        self.limits = limits
        self.stopping = asyncio.Event()
        self.suspects: dict[bytes, int] = {}
        self.judging = asyncio.Lock()
        """A suspect is judged alone, also beside other listeners."""
        self.filing = asyncio.Lock()
        """What is known, and what is new, is asked and filed in one."""

    def stop(self) -> None:
        """Take nothing more; what is in hand is still filed and acknowledged."""
        self.stopping.set()

    async def run(self) -> None:
        """Receive until ``stop``. Raises a StopError when going on would do harm."""
        recovered = await self.patiently(self.ports.cabinet.recover)
        if not isinstance(recovered, Stopped) and recovered:
            self.ports.tell(Event.RECOVERED, count=recovered)
        suspects = await self.patiently(self.ports.cabinet.suspects)
        self.suspects = {} if isinstance(suspects, Stopped) else dict(suspects)
        try:
            async with asyncio.TaskGroup() as group:
                tidy = group.create_task(self.tidy())
                try:
                    async with asyncio.TaskGroup() as listening:
                        for listener in self.listeners:
                            listening.create_task(self.listen(listener))
                finally:
                    self.stop()  # also when it failed: nobody may wait for a long pass over what is deferred
                tidy.cancel()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors

    async def listen(self, listener: Listener) -> None:
        """Take messages over as many connections as it takes."""
        backoff = Backoff()
        while not self.stopping.is_set():
            try:
                consumer = await listener.transport.open_consumer()
                self.ports.tell(Event.CONNECTED, peer=consumer.peer + listener.way)
                await self.take_from(consumer, listener, backoff)
            except TransportError as error:
                delay = backoff.next_delay()
                self.ports.tell(Event.CONNECTION_LOST, cause=describe(error) + listener.way, retry_in=round(delay, 1))
                await pause(self.stopping, delay)

    async def take_from(self, consumer: Consumer, listener: Listener, backoff: Backoff) -> None:
        """Take messages on one connection until it is lost or we stop."""
        judged: asyncio.Queue[list[Judged]] = asyncio.Queue(JUDGED_AHEAD)
        try:
            async with asyncio.TaskGroup() as group:
                filing = group.create_task(self.file_all(consumer, judged, listener.way))
                while deliveries := await self.next_batch(consumer):
                    backoff.succeeded()
                    await self.judge_all(deliveries, listener, judged)
                await judged.join()
                filing.cancel()
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors
        finally:
            await consumer.close()

    async def next_batch(self, consumer: Consumer) -> Sequence[Delivery]:
        """What has come; empty when we are to stop."""
        if self.stopping.is_set():
            return []
        coming = asyncio.ensure_future(consumer.receive(self.limits.batch))
        stopping = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return coming.result() if coming.done() else []
        finally:
            coming.cancel()
            stopping.cancel()

    async def judge_all(self, deliveries: Sequence[Delivery], listener: Listener, judged: JudgedQueue) -> None:
        """Judge a batch, suspects alone and with nothing else in hand."""
        pairs = [(delivery, digest_of(delivery)) for delivery in deliveries]
        await self.judge_together([pair for pair in pairs if pair[1] not in self.suspects], listener, judged)
        for pair in pairs:
            if pair[1] in self.suspects:
                await judged.join()
                await self.judge_together([pair], listener, judged)
                await judged.join()
                self.suspects.pop(pair[1], None)

    async def judge_together(
        self, pairs: Sequence[tuple[Delivery, bytes]], listener: Listener, judged: JudgedQueue
    ) -> None:
        """Judge some deliveries and hand them on."""
        if pairs:
            async with self.judging:
                verdicts = await to_the_end(self.judge_noted(pairs, listener))
            await judged.put(verdicts)

    async def judge_noted(self, pairs: Sequence[tuple[Delivery, bytes]], listener: Listener) -> list[Judged]:
        """Judge between two notes in the journal: whoever dies in between leaves suspects behind.

        In two threads, for private-key operations release the interpreter lock.
        """
        digests = [digest for _, digest in pairs]
        if await self.patiently(partial(self.ports.cabinet.begin, digests)) is STOPPED:
            return []
        middle = (len(pairs) + 1) // 2
        halves = [half for half in (pairs[:middle], pairs[middle:]) if half]
        verdicts = await asyncio.gather(*(asyncio.to_thread(self.judge_some, half, listener) for half in halves))
        await self.patiently(partial(self.ports.cabinet.finish, digests))
        return [one for half in verdicts for one in half]

    def judge_some(self, pairs: Sequence[tuple[Delivery, bytes]], listener: Listener) -> list[Judged]:
        """The verdicts on some deliveries; blocking."""
        return [
            judged(delivery, listener.judge(delivery, digest, ends=self.suspects.get(digest, 0)))
            for delivery, digest in pairs
        ]

    async def file_all(self, consumer: Consumer, judged: JudgedQueue, way: str) -> None:
        """File what is judged, and acknowledge what is filed."""
        while True:
            batch = await judged.get()
            async with self.filing:
                filed = await self.patiently(partial(self.file_and_tell, batch, way))
            if not isinstance(filed, Stopped):
                await consumer.acknowledge([one.delivery for one in batch])
            judged.task_done()

    def file_and_tell(self, batch: Sequence[Judged], way: str) -> Sequence[Outcome]:
        """File, and say so in the same breath: a connection that is lost now costs no line of the log; blocking."""
        outcomes = self.file_some(batch)
        self.tell_filed(outcomes, way)
        return outcomes

    def file_some(self, batch: Sequence[Judged]) -> Sequence[Outcome]:
        """File those that are new; blocking. In order, and once, also when one stands twice in the batch."""
        return [outcome for part in parts_of(batch) for outcome in file_part(self.ports.cabinet, part)]

    def tell_filed(self, outcomes: Sequence[Outcome], way: str) -> None:
        """One line for each change of state, after it is durable."""
        for outcome in outcomes:
            delivery, verdict = outcome.judged.delivery, outcome.judged.verdict
            if outcome.judged.is_ping:
                self.ports.tell(Event.PING)
            elif verdict.is_left:
                self.ports.tell(Event.LEFT, message_id=delivery.message_id, reason=verdict.error)
            elif outcome.name is None:
                self.ports.tell(Event.DUPLICATE, message_id=delivery.message_id)
            else:
                self.ports.tell(
                    event_of(verdict),
                    message_id=delivery.message_id,
                    element=outcome.name,
                    signer=verdict.signer,
                    reason=verdict.error,
                    way=way,
                )

    async def tidy(self) -> None:
        """Settle what is filed, and judge again what waits: in the background, for as long as we run."""
        clock = asyncio.get_running_loop().time
        judge_again = DeferredPass(self.ports.cabinet, self.ports.judge, self.ports.tell, self.stopping.is_set)
        next_pass = clock()
        while True:
            if clock() >= next_pass:
                begun = clock()
                await self.attempt(judge_again)
                next_pass = clock() + seconds_until_next(self.limits.deferred_interval_seconds, clock() - begun)
            await self.patiently(self.ports.cabinet.settle)
            await asyncio.sleep(TIDY_SECONDS)

    async def attempt(self, work: Callable[[], int]) -> None:
        """Do something with the spool in a thread; what cannot be done now has its next turn, and holds up nothing."""
        try:
            await to_the_end(asyncio.to_thread(work))
        except (SpoolUnavailableError, SpoolError) as error:
            retry_in = self.limits.deferred_interval_seconds
            self.ports.tell(Event.SPOOL_UNAVAILABLE, cause=str(error), retry_in=retry_in)

    async def patiently(self, work: Callable[[], T]) -> T | Stopped:
        """Do something with the spool in a thread; while it cannot be done, say so, wait and try again."""
        backoff = Backoff(first_seconds=1.0, most_seconds=30.0)
        while True:
            try:
                return await to_the_end(asyncio.to_thread(work))
            except (SpoolUnavailableError, SpoolError) as error:
                delay = backoff.next_delay()
                self.ports.tell(Event.SPOOL_UNAVAILABLE, cause=str(error), retry_in=round(delay, 1))
                await pause(self.stopping, delay)
                if self.stopping.is_set():
                    return STOPPED
