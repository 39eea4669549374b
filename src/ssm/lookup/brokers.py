# SPDX-License-Identifier: Apache-2.0
"""Brokers that are looked up: at the first need, and once a day as long as the program runs.

A look-up that finds nothing, or finds nobody to ask, changes nothing: what was found before, in this run or as kept
on disk, is used on, and the log says so. A connection that stands is not moved when the list changes.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Protocol

from ssm.errors import ConnectFailedError, TimedOutError, TransportError
from ssm.lookup.cache import BrokerCache, Kept
from ssm.lookup.fixed import listed
from ssm.messenger.events import Event, Teller
from ssm.ports.brokers import Address
from ssm.protocols.bdii import Answer, Broker

DAY_SECONDS = 24 * 3600.0
AGAIN_SECONDS = 300.0  # after a look-up that failed while older brokers were known
WHEN = "%Y-%m-%dT%H:%M:%SZ"
GRACE_SECONDS = 1.0
MOST_TOLD = 10  # entries that are passed over, by name


class Directory(Protocol):
    """Whom to ask."""

    @property
    def seconds(self) -> float:
        """How long an answer may take."""

    def ask(self) -> tuple[Answer, str]:
        """An answer with a broker in it, and who gave it; blocks. TransportError when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class LookUpPorts:
    """What a look-up needs of the world."""

    directory: Directory
    cache: BrokerCache
    tell: Teller
    now: Callable[[], datetime]
    shuffle: Callable[[list[Address]], None] = random.shuffle


class LookedUpBrokers:
    """Implements ``ssm.ports.brokers.Brokers``."""

    def __init__(
        self, ports: LookUpPorts, *, every_seconds: float = DAY_SECONDS, again_seconds: float = AGAIN_SECONDS
    ) -> None:
        self.ports = ports
        self.every_seconds = every_seconds
        self.again_seconds = again_seconds
        self.known: Sequence[Address] = ()
        self.kept: Kept | None = None
        self.refreshing: asyncio.Task[None] | None = None
        self.first = asyncio.Lock()

    async def addresses(self) -> Sequence[Address]:
        """What the last look-up found; the first one is waited for, the later ones happen meanwhile."""
        if self.refreshing is not None and self.refreshing.done():
            self.refreshing.result()  # it never ends by itself: a bug is not hidden
        async with self.first:
            if not self.known:
                delay = await self.refresh()
                # Ends with the event loop.
                self.refreshing = asyncio.create_task(self.keep_fresh(delay))
        return self.known

    async def keep_fresh(self, delay: float) -> None:
        """Look up again and again."""
        while True:
            await asyncio.sleep(delay)
            delay = await self.refresh()

    async def refresh(self) -> float:
        """Look up; seconds until it should be done again. ConnectFailedError when no broker is known at all."""
        try:
            answer, source = await self.ask()
        except TransportError as error:
            await self.fall_back(error)
            return min(self.again_seconds, self.every_seconds)
        self.kept = Kept(answer.brokers, self.ports.now())
        self.known = self.ordered(answer.brokers)
        self.ports.tell(Event.BROKERS_FOUND, count=len(self.known), source=source, brokers=listed(self.known))
        for one in answer.passed_over[:MOST_TOLD]:
            self.ports.tell(Event.BROKER_PASSED_OVER, service=one.service, reason=one.reason)
        try:
            await asyncio.to_thread(self.ports.cache.write, answer, self.kept.found)
        except OSError as error:
            self.ports.tell(Event.BROKERS_NOT_KEPT, cause=f"{self.ports.cache.path}: {error.strerror}")
        return self.every_seconds

    async def ask(self) -> tuple[Answer, str]:
        """The directory's answer; TransportError when it has none in time."""
        try:
            # It keeps the time itself, but the system may take even longer over a host name.
            async with asyncio.timeout(self.ports.directory.seconds + GRACE_SECONDS):
                return await asyncio.to_thread(self.ports.directory.ask)
        except TimeoutError as error:
            raise TimedOutError("the look-up did not end in time") from error

    async def fall_back(self, error: TransportError) -> None:
        """Go on with what was found before; ConnectFailedError when nothing was."""
        kept = self.kept or await asyncio.to_thread(self.ports.cache.read)
        if kept is None:
            hint = error.hint or "see [broker] bdii and network, or name a host"
            raise ConnectFailedError(f"No brokers available: {error}", hint=hint) from error
        self.kept = kept
        self.known = self.known or self.ordered(kept.brokers)
        self.ports.tell(
            Event.LOOK_UP_FAILED,
            cause=str(error),
            found=f"{kept.found:{WHEN}}",
            brokers=listed(self.known),
        )

    def ordered(self, brokers: Sequence[Broker]) -> Sequence[Address]:
        """Best rank first; those of a rank in any order, so that many programs do not all knock at one broker."""
        found: list[Address] = []
        for _, group in groupby(sorted(brokers, key=lambda one: one.rank), key=lambda one: one.rank):
            equal = [(one.host, one.port) for one in group]
            self.ports.shuffle(equal)
            found += equal
        return found

    def describe(self) -> str:
        """What a start would find, for people; ConnectFailedError when that is nothing. Keeps nothing."""
        try:
            answer, source = self.ports.directory.ask()
        except TransportError as error:
            kept = self.ports.cache.read()
            if kept is None:
                raise
            brokers = [(one.host, one.port) for one in kept.brokers]
            return f"{listed(brokers)}, found at {kept.found:{WHEN}} and kept on disk, since now {error}"
        brokers = [(one.host, one.port) for one in answer.brokers]
        rest = "".join(f"; passed over: {one.service}: {one.reason}" for one in answer.passed_over[:MOST_TOLD])
        return f"{listed(brokers)}, looked up in {source}{rest}"
