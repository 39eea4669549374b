# SPDX-License-Identifier: Apache-2.0
"""The sending workflow: outgoing spool -> sealed message -> broker, and out of the spool after its receipt.

Preparing (claim, seal, keep), publishing (a window of unconfirmed sends, each waiting for its own receipt)
and finishing (remove, forget the copy) go on at the same time. When a connection is lost, what was in
flight is published again with the same bytes on the next one. A program that dies at any point leaves the
element in the spool, and its sealed copy beside it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ssm.errors import RefusedError, TooLargeError, TransportError
from ssm.messenger.content import Bounds
from ssm.messenger.events import Event
from ssm.messenger.outbox import Outbox, Prepared
from ssm.messenger.prepare import SendPorts, finish, give_back, prepare, put_aside
from ssm.messenger.retry import Backoff, describe
from ssm.messenger.tasks import first_of, pause, to_the_end
from ssm.ports.transport import Producer, Transport

PREPARERS = 2
CHUNK = 16
FOLLOW_SECONDS = 1.0
REFUSED_SECONDS = 60.0
UPKEEP_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SendLimits:
    """Bounds of one run."""

    window: int = 32
    """Unconfirmed sends. With one, each has left the spool before the next begins."""
    max_message_octets: int = 160 * 1024 * 1024
    cut_octets: int | None = None
    """What is larger is cut where it can be; None: only what is larger than the bound above."""
    outbox_octets: int = 64 * 1024 * 1024
    """Sealed octets held in memory, but always at least one message."""
    patience_seconds: float | None = 60.0
    """How long to go on without a broker; None for ever."""
    follow: bool = False
    """Go on looking for new elements until told to stop."""


@dataclass(slots=True)
class SendReport:
    """What a run has done so far."""

    found: int = 0
    sent: int = 0
    refused: int = 0
    set_aside: int = 0
    taken: int = 0
    """Claimed by another program, gone, or still being written."""


class SendRun:
    """One pass over the spool: everything that is ready now, or until told to stop."""

    def __init__(
        self,
        ports: SendPorts,
        transport: Transport,
        limits: SendLimits,
        *,
        progress: Callable[[SendReport], None] = lambda _: None,
    ) -> None:
        self.ports = ports
        self.transport = transport
        self.limits = limits
        self.progress = progress
        self.report = SendReport()
        self.names: deque[str] = deque()
        self.outbox = Outbox(limits.window * 2, limits.outbox_octets)
        self.confirmed: list[Prepared] = []
        self.work_to_finish = asyncio.Event()
        self.finishing = asyncio.Lock()
        self.published = False
        self.stopping = asyncio.Event()
        self.not_before: dict[str, float] = {}
        """When elements that were refused may be tried again."""

    def stop(self) -> None:
        """Prepare nothing more; what is in hand is still published and finished, if there is a broker."""
        self.names.clear()
        self.stopping.set()

    async def run(self) -> SendReport:
        """Send everything that is ready. Raises TransportError when no broker takes it within the patience."""
        await self.look()
        if not self.names and not self.limits.follow:
            return self.report
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.prepare_all())
                group.create_task(self.finish_all())
                upkeep = group.create_task(self.keep_fresh())
                await self.publish_all()
                self.published = True
                self.work_to_finish.set()
                upkeep.cancel()
        except BaseException as error:
            cause = first_of(error)
            await to_the_end(self.give_back_all(str(cause) or "the run was ended"))
            raise cause from error
        self.ports.tell(Event.TIDYING)
        await asyncio.to_thread(self.ports.spool.purge)
        return self.report

    async def look(self) -> None:
        """See what is in the spool, but for what was refused a moment ago."""
        now = asyncio.get_running_loop().time()
        self.not_before = {name: at for name, at in self.not_before.items() if at > now}
        found = await asyncio.to_thread(self.ports.spool.ready)
        if not self.stopping.is_set():
            self.names.extend(name for name in found if name not in self.not_before)
        if self.names:
            self.report.found += len(self.names)
            self.ports.tell(Event.FOUND, count=len(self.names))

    async def prepare_all(self) -> None:
        """Feed the outbox until the names run out; or, following, until we are to stop."""
        while True:
            async with asyncio.TaskGroup() as group:
                # Where one message waits for the other, none overtakes the other either.
                for _ in range(PREPARERS if self.limits.window > 1 else 1):
                    group.create_task(self.prepare_some())
            if not self.limits.follow or self.stopping.is_set():
                break
            await pause(self.stopping, FOLLOW_SECONDS)
            await to_the_end(self.look())
        self.outbox.close()

    async def keep_fresh(self) -> None:
        """Show others that our locks are not old, and tidy, for as long as we run."""
        while True:
            await asyncio.sleep(UPKEEP_SECONDS)
            await to_the_end(asyncio.to_thread(self.ports.spool.purge))
            await to_the_end(asyncio.to_thread(self.ports.aside.settle))

    async def prepare_some(self) -> None:
        """One of several feeders: private-key operations release the interpreter lock."""
        while self.names:
            await self.outbox.room()
            names = [self.names.popleft() for _ in range(min(CHUNK, len(self.names)))]
            await to_the_end(self.prepare_chunk(names))

    async def prepare_chunk(self, names: list[str]) -> None:
        """Prepare some elements; those that did not fit into a batch come next."""
        most, cut = self.limits.max_message_octets, self.limits.cut_octets
        bounds = Bounds(most, most if cut is None else min(most, cut))
        batch = await asyncio.to_thread(prepare, self.ports, names, bounds)
        if not self.stopping.is_set():
            self.names.extendleft(reversed(batch.left))
        self.report.set_aside += batch.set_aside
        self.report.taken += batch.taken
        self.report.found += batch.more
        self.outbox.put(batch.prepared)

    async def publish_all(self) -> None:
        """Publish until the outbox is drained, over as many connections as it takes."""
        backoff = Backoff()
        loop = asyncio.get_running_loop()
        last_progress = loop.time()
        while not self.outbox.is_drained():
            sent_before = self.report.sent
            try:
                producer = await self.transport.open_producer()
                self.ports.tell(Event.CONNECTED, peer=producer.peer)
                await self.publish_on(producer)
            except TransportError as error:
                waiting = self.outbox.lost()
                await self.refuse_culprit(error)
                if self.report.sent > sent_before:
                    backoff.succeeded()
                    last_progress = loop.time()
                patience = self.limits.patience_seconds
                out_of_patience = patience is not None and loop.time() - last_progress >= patience
                if out_of_patience or self.stopping.is_set():
                    raise
                delay = backoff.next_delay()
                self.ports.tell(
                    Event.CONNECTION_LOST,
                    cause=describe(error),
                    unconfirmed=waiting,
                    retry_in=round(delay, 1),
                )
                await pause(self.stopping, delay)

    async def publish_on(self, producer: Producer) -> None:
        """Publish on one connection until it is lost or the outbox is drained."""
        window = asyncio.Semaphore(self.limits.window)
        try:
            async with asyncio.TaskGroup() as group:
                while (item := await self.outbox.take()) is not None:
                    await window.acquire()
                    group.create_task(self.publish_one(producer, item, window))
        except BaseExceptionGroup as errors:
            raise first_of(errors) from errors
        finally:
            await producer.close()

    async def publish_one(self, producer: Producer, item: Prepared, window: asyncio.Semaphore) -> None:
        """Publish one message and wait for its own receipt."""
        self.ports.tell(Event.SENDING, message_id=item.name)
        try:
            await producer.publish(item.name, item.sealed)
        except TooLargeError as error:
            self.outbox.done(item)
            self.report.set_aside += 1
            await to_the_end(asyncio.to_thread(put_aside, self.ports, item, error))
        except RefusedError as error:
            # First out of what is in flight: brokers hang up after an error, and then it must not be sent again.
            self.outbox.done(item)
            await self.refuse(item, str(error))
        else:
            self.ports.tell(Event.CONFIRMED, message_id=item.name)
            self.confirmed.append(item)
            self.work_to_finish.set()
            self.outbox.done(item)
            if self.limits.window == 1:
                await self.finish_some()  # before the next one, or the end, says that this one may be forgotten
        finally:
            window.release()

    async def refuse_culprit(self, error: TransportError) -> None:
        """A message that loses every connection, alone too, is left for later; the line goes on."""
        item = self.outbox.pop_culprit()
        if item is not None:
            await self.refuse(item, f"the connection was lost each time it was sent: {error}")

    async def refuse(self, item: Prepared, reason: str) -> None:
        """Give one element back, not to be tried again for a while."""
        self.report.refused += 1
        self.not_before[item.element] = asyncio.get_running_loop().time() + REFUSED_SECONDS
        self.ports.tell(Event.REFUSED, message_id=item.name, reason=reason)
        await to_the_end(asyncio.to_thread(give_back, self.ports, [item], reason))

    async def finish_all(self) -> None:
        """Tidy up behind the receipts, as many at a time as have come."""
        while self.confirmed or not self.published:
            if not self.confirmed:
                self.work_to_finish.clear()
                await self.work_to_finish.wait()
                continue
            await self.finish_some()

    async def finish_some(self) -> None:
        """Take what is confirmed out of the spool."""
        await to_the_end(self.finish_these())

    async def finish_these(self) -> None:
        """As above, not to be cut off."""
        async with self.finishing:
            items, self.confirmed = self.confirmed, []
            if items:
                await asyncio.to_thread(finish, self.ports, items)
                self.report.sent += len(items)
                self.progress(self.report)

    async def give_back_all(self, reason: str) -> None:
        """The run ends early: confirmed elements leave the spool, the others are free for the next run."""
        try:
            if self.confirmed:
                await self.finish_some()
        finally:
            left = self.outbox.held()
            await asyncio.to_thread(give_back, self.ports, left, reason)
