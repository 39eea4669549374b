# SPDX-License-Identifier: Apache-2.0
"""The loading workflow: claimed -> decoded -> one transaction -> out of incoming, in this order and no other.

Decoding runs one batch ahead of the database. Who dies before the transaction ends has changed nothing: the claims are
given back. Who dies after it leaves messages that are known by then, and are only taken out. What cannot be loaded
goes to the rejected ones with all its faults. While the database is away, nothing leaves incoming.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from ssm.accounting.batches import Intake, LoadBatch, LoadLimits, Taken, blocks_of
from ssm.accounting.events import LoadEvent, Teller
from ssm.accounting.faults import one_line, report
from ssm.errors import RepositoryUnavailableError, RetryError, SsmError, UnstorableError
from ssm.ports.repository import Repository, Stored
from ssm.records.fault import Fault, Level

T = TypeVar("T")
FIRST_SECONDS, MOST_SECONDS = 0.5, 30.0


@dataclass(slots=True)
class LoadReport:
    """What a run has done."""

    loaded: int = 0
    """Messages."""
    known: int = 0
    """Messages that had been loaded before."""
    refused: int = 0
    records: int = 0
    changed: int = 0
    """Rows that were added or changed."""


@dataclass(slots=True)
class LoadRun:
    """A loader, from its start until there is nothing left, or it is told to stop."""

    intake: Intake
    repository: Repository
    tell: Teller
    limits: LoadLimits
    report: LoadReport = field(default_factory=LoadReport)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    looks_around: bool = True
    """Whether this one tells what in incoming is no message; of several one is enough."""
    strays: set[str] = field(default_factory=set)
    """Those that were told."""
    is_wanted: Callable[[], bool] = lambda: True
    """Asked after each batch: False is as good as ``stop``."""
    draw: Callable[[], float] = random.random

    def stop(self) -> None:
        """Take nothing more; what is in hand is stored, or given back when the database is away."""
        self.stopping.set()

    async def run(self) -> LoadReport:
        """Load. RepositoryUnavailableError after too long without a database; a StopError when going on would harm."""
        clock = asyncio.get_running_loop().time
        next_recovery = clock()
        ahead = None
        while True:
            if clock() >= next_recovery:
                await self.patiently(self.recover)
                await self.patiently(self.look_around)
                next_recovery = clock() + self.limits.recover_seconds
            batch = await self.patiently(self.intake.next_batch) if ahead is None else await ahead
            if batch is None or self.stopping.is_set() or not (batch.taken or self.limits.follow):
                break
            ahead = None
            if batch.taken:
                if self.limits.reads_ahead:
                    ahead = asyncio.create_task(self.patiently(self.intake.next_batch))
                await self.store(batch, ahead)
            else:
                await self.pause(self.limits.poll_seconds)
            if not self.is_wanted():
                self.stop()
        self.give_back([] if batch is None else batch.taken)
        with contextlib.suppress(SsmError):  # what has been loaded is loaded
            self.look_around()
        return self.told()

    def told(self) -> LoadReport:
        """The end of a run."""
        done = self.report
        self.tell(LoadEvent.LOAD_FINISHED, loaded=done.loaded, records=done.records, refused=done.refused)
        return done

    def recover(self) -> None:
        """Give back what dead loaders had claimed; blocking."""
        count = self.intake.spool.recover()
        if count:
            self.tell(LoadEvent.GIVEN_BACK, count=count)

    def look_around(self) -> None:
        """Tell what is no message, if that has not been told; blocking."""
        found = set(self.intake.spool.strays()) if self.looks_around else set()
        if not found <= self.strays:
            self.tell(LoadEvent.NO_MESSAGE, count=len(found), element=min(found - self.strays))
            self.strays |= found

    async def store(self, batch: LoadBatch, ahead: "asyncio.Task[LoadBatch | None] | None") -> None:
        """Store a batch; what comes to nothing is given back, also of the next one."""
        try:
            await self.patiently(partial(self.store_once, batch))
        except SsmError:
            self.give_back(batch.taken)
            with contextlib.suppress(SsmError):
                following = None if ahead is None else await ahead
                self.give_back([] if following is None else following.taken)
            raise
        self.give_back(batch.taken)  # there are some left when we are to stop while the database is away

    async def patiently(self, work: Callable[[], T]) -> T | None:
        """Do something in a thread, again and again within our patience; None when we are to stop meanwhile."""
        waited, failures = 0.0, 0
        while True:
            try:
                return await asyncio.to_thread(work)
            except RetryError as error:
                patience = self.limits.patience_seconds
                if patience is not None and waited >= patience:
                    raise
                delay = min(FIRST_SECONDS * 2.0 ** min(failures, 30), MOST_SECONDS) * (1 - self.draw() / 2)
                failures += 1
                waited += delay
                in_the_way = isinstance(error, RepositoryUnavailableError)
                event = LoadEvent.DATABASE_UNAVAILABLE if in_the_way else LoadEvent.SPOOL_IN_THE_WAY
                self.tell(event, cause=str(error), retry_in=round(delay, 1))
                await self.pause(delay)
                if self.stopping.is_set() or not self.is_wanted():
                    self.stop()
                    return None

    def store_once(self, batch: LoadBatch) -> None:
        """Store what is not stored yet, and take out whatever is done; blocking. May be called again after an error."""
        fresh = [one for one in batch.taken if not one.is_refused and not one.is_stored]
        if fresh:
            known = self.repository.known([one.arrival for one in fresh])
            new = [one for one in fresh if (one.arrival.digest, one.arrival.element) not in known]
            if len(new) == len(fresh):
                self.store_together(new, batch)
            else:
                self.store_together(new, LoadBatch(new, blocks_of(new)))
        while batch.taken:
            self.take_out(batch.taken[0])
            batch.taken.pop(0)

    def store_together(self, new: Sequence[Taken], batch: LoadBatch) -> None:
        """One transaction; where the database refuses that, one for each, so that only the culprit is refused."""
        if not new:
            return
        stored = [Stored(one.arrival, one.decoded.kind, one.decoded.records) for one in new]
        try:
            changes = self.repository.store(stored, batch.blocks)
        except UnstorableError as error:
            if len(new) == 1:
                new[0].decoded.refuse(Fault(Level.ERROR, "unstorable", str(error)))
            else:
                for one in new:
                    self.store_together([one], LoadBatch([one], blocks_of([one])))
            return
        for one in new:
            one.is_stored = True
        self.report.changed += changes.changed
        self.tell(LoadEvent.STORED, messages=len(new), rows=changes.rows, changed=changes.changed)

    def take_out(self, one: Taken) -> None:
        """What is stored or refused leaves incoming, and it is told."""
        name, message_id = one.element.name, one.element.message_id
        if one.is_refused:
            place = self.intake.spool.refuse(name, report(one.decoded))
            self.report.refused += 1
            reason = one_line(one.decoded)
            self.tell(
                LoadEvent.NOT_LOADED, message_id=message_id, signer=one.element.signer, reason=reason, element=place
            )
            return
        self.intake.spool.finish(name)
        if not one.is_stored:
            self.report.known += 1
            self.tell(LoadEvent.LOADED_BEFORE, message_id=message_id, element=name)
            return
        self.report.loaded += 1
        self.report.records += one.decoded.records
        facts: dict[str, str | float | None] = {"records": one.decoded.records, "kind": one.decoded.kind}
        self.tell(LoadEvent.LOADED, message_id=message_id, signer=one.element.signer, element=name, **facts)
        if one.decoded.cut:
            self.tell(LoadEvent.TEXTS_CUT, message_id=message_id, count=one.decoded.cut)

    def give_back(self, taken: Sequence[Taken]) -> None:
        """Claims that come to nothing; what cannot be given back now, the next start gives back."""
        for one in taken:
            with contextlib.suppress(SsmError):
                self.intake.spool.release(one.element.name)

    async def pause(self, seconds: float) -> None:
        """Wait, but not longer than until we are to stop."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)
