# SPDX-License-Identifier: Apache-2.0
"""The embedded broker: queues over STOMP, for the demonstration, the tests and trying out.

Persistent messages are synced before their receipt. Production means ActiveMQ, Artemis or RabbitMQ: this one has no
users, no topics, no cluster, and one thread.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ssm.broker.conversation import Conversation
from ssm.broker.queues import Queue
from ssm.broker.store import Arrival, NewMessage, Store
from ssm.errors import StopError

GOODBYE_SECONDS = 1.0
DEFAULT_MAX_BODY = 160 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where it listens, and where it keeps messages."""

    folder: Path
    host: str = "127.0.0.1"
    port: int = 0
    """0 for any free one."""
    tls: ssl.SSLContext | None = None
    max_body_octets: int = DEFAULT_MAX_BODY


class EmbeddedBroker:
    """Use it as an asynchronous context manager; ``port`` is known inside."""

    def __init__(self, settings: BrokerSettings) -> None:
        self.settings = settings
        self.store = Store(settings.folder)
        self.queues: dict[str, Queue] = {}
        self.volatile: dict[int, NewMessage] = {}
        self.next_volatile = -1
        self.arrivals: list[Arrival] = []
        self.gone: list[int] = []
        self.conversations: set[Conversation] = set()
        self.alone = asyncio.Event()
        self.is_flush_due = False
        self.is_closed = False
        self.server: asyncio.Server | None = None
        for number, queue in self.store.all():
            self.queue(queue).put(number)

    async def __aenter__(self) -> Self:
        """Listen."""
        loop = asyncio.get_running_loop()
        try:
            self.server = await loop.create_server(
                self.converse,
                self.settings.host,
                self.settings.port,
                ssl=self.settings.tls,
            )
        except OSError as error:
            address = f"{self.settings.host}:{self.settings.port}"
            raise StopError(f"cannot listen on {address}: {error.strerror}", hint="choose another --port") from error
        return self

    async def __aexit__(self, *_: object) -> None:
        """Hang up, and close the store."""
        assert self.server is not None
        self.server.close()
        for conversation in list(self.conversations):
            conversation.hang_up()
        if self.conversations:
            self.alone.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.alone.wait(), GOODBYE_SECONDS)
        for conversation in list(self.conversations):
            conversation.break_off()  # it does not read what we have for it
        await self.server.wait_closed()
        self.flush()
        self.is_closed = True
        self.store.close()

    def converse(self) -> Conversation:
        """A new client."""
        return Conversation(self, self.settings.max_body_octets, self.conversations.add, self.went)

    def went(self, conversation: Conversation) -> None:
        """A client is gone."""
        self.conversations.discard(conversation)
        if not self.conversations:
            self.alone.set()

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self.server is not None
        port = self.server.sockets[0].getsockname()[1]
        assert isinstance(port, int)
        return port

    def queue(self, name: str) -> Queue:
        """A queue is there as soon as somebody names it."""
        return self.queues.setdefault(name, Queue())

    # What conversations ask for. Everything of one turn of the event loop shares a sync.

    def arrive(self, arrival: Arrival) -> None:
        """Keep a message that its queue has promised a place, then tell whoever sent it."""
        self.arrivals.append(arrival)
        self.flush_soon()

    def depart(self, numbers: list[int]) -> None:
        """These are acknowledged."""
        self.gone += numbers
        self.flush_soon()

    def flush_soon(self) -> None:
        """Once all of this turn has come."""
        if not self.is_flush_due:
            self.is_flush_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write, sync, then say so and hand out."""
        self.is_flush_due = False
        if self.is_closed:
            return
        arrivals, self.arrivals = self.arrivals, []
        for one in arrivals:
            self.queue(one.message.queue).release()  # nobody comes between this and its putting
        gone, self.gone = self.gone, []
        kept = [one for one in arrivals if one.is_persistent]
        numbers = iter(self.store.add([one.message for one in kept]) if kept else [])
        for one in arrivals:
            number = next(numbers) if one.is_persistent else self.keep_in_memory(one.message)
            self.queue(one.message.queue).put(number)
            one.when_kept()
        if gone:
            self.store.remove([number for number in gone if number > 0])
            for number in gone:
                self.volatile.pop(number, None)
        for queue in self.queues.values():
            self.hand_out(queue)

    def keep_in_memory(self, message: NewMessage) -> int:
        """A message that need not survive; negative numbers are not on disk."""
        number = self.next_volatile
        self.next_volatile -= 1
        self.volatile[number] = message
        return number

    def hand_out(self, queue: Queue) -> None:
        """Give what waits to whoever has room."""
        for subscriber, number, again in queue.hand_out():
            message = self.volatile[number] if number < 0 else self.store.get(number)
            for conversation in self.conversations:
                if conversation.owns(subscriber):
                    conversation.deliver(subscriber, number, message, again=again)
            if not subscriber.acknowledges:
                self.depart([number])

    def refuse(self, number: int, queue: str) -> None:
        """NACK: to the queue of dead letters, as real brokers do."""
        dead = f"{queue.rpartition('/')[0]}/DLQ.{queue.rpartition('/')[2]}"
        if number > 0:
            self.store.move(number, dead)
        self.queue(dead).put(number)
        self.flush_soon()
