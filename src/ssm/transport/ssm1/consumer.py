# SPDX-License-Identifier: Apache-2.0
"""The consumer's end of SSM 1 over a STOMP connection: the shell around ``ssm.protocols.ssm1.consumer``.

A broker is told first that a message need not come again, and then its producer: a reply channel that makes a broker
hang up can do so once for each message, not for ever.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from dataclasses import replace

from ssm.errors import LocalProtocolError, RefusedError
from ssm.ports.transport import Delivery, Producer
from ssm.protocols.ssm1.consumer import Consumer, Heard, Reply
from ssm.protocols.ssm1.frames import TYPE, Kind, read_frame
from ssm.transport.ssm1.sending import say_ignored, send
from ssm.transport.stomp.connection import Connection
from ssm.transport.stomp.transport import StompTransport

ASKING_AT_ONCE = 64


class Ssm1Receiver:
    """Implements ``ssm.ports.transport.Transport`` for receiving."""

    def __init__(self, stomp: StompTransport, machine: Consumer) -> None:
        self.stomp = stomp
        self.machine = machine

    async def open_consumer(self) -> "Ssm1Consumer":
        """Connect and subscribe."""
        return Ssm1Consumer(await self.stomp.open_consumer(), self.machine)

    async def open_producer(self) -> Producer:
        """A consumer does not publish."""
        raise LocalProtocolError("this end of SSM 1 only receives")


class Ssm1Consumer:
    """Implements ``ssm.ports.transport.Consumer``."""

    def __init__(self, connection: Connection, machine: Consumer) -> None:
        self.connection = connection
        self.machine = machine
        self.peer = connection.peer
        self.ready: deque[Delivery] = deque()
        self.channels: dict[str, str] = {}
        """Where producers wait, by the token of their message."""
        self.asides: set[asyncio.Task[None]] = set()
        self.owed: list[Delivery] = []
        """Dealt with, of which the broker is still to be told: it hands out nothing more for them."""

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Messages, and what producers have seen; everything else is dealt with here."""
        while not self.ready:
            self.hear(await self.connection.receive(limit))
        return [self.ready.popleft() for _ in range(min(limit, len(self.ready)))]

    def hear(self, deliveries: Sequence[Delivery]) -> None:
        """Understand frames; what is no message leaves the broker at once."""
        passed: list[Delivery] = []
        replies: list[Reply] = []
        for one in deliveries:
            heard = self.machine.receive(read_frame(one.headers, one.body))
            if heard.ignored is not None:
                say_ignored(self.peer, heard.ignored)
            if heard.reply is not None:
                replies.append(heard.reply)
            if heard.message is not None and heard.message.channel is not None:
                self.channels[one.token] = heard.message.channel
            handed_on = delivery_of(one, heard)
            (passed if handed_on is None else self.ready).append(handed_on or one)
        self.owed += passed
        if (self.owed or replies) and len(self.asides) < ASKING_AT_ONCE:  # who gets no certificate asks again
            self.settle_owed(replies)

    def settle_owed(self, replies: Sequence[Reply]) -> None:
        """Tell the broker of everything that it has not been told of."""
        owed, self.owed = self.owed, []
        self.aside(self.settle(owed, replies))

    def aside(self, work: Coroutine[None, None, None]) -> None:
        """Do it beside receiving; a connection that is lost meanwhile is noticed there."""
        task = asyncio.ensure_future(work)
        self.asides.add(task)
        task.add_done_callback(self.aside_ended)

    def aside_ended(self, task: "asyncio.Task[None]") -> None:
        """There is room for what had to wait; nothing more may come before."""
        self.asides.discard(task)
        is_well = not task.cancelled() and task.exception() is None
        if is_well and self.owed:
            self.settle_owed([])

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """They are filed: tell the broker, and each producer that waits for it."""
        replies = []
        for one in deliveries:
            channel = self.channels.pop(one.token, None)
            if channel is not None and one.answer is not None:
                replies.append(self.machine.answer(channel, one.answer))
        await self.settle(deliveries, replies)

    async def settle(self, deliveries: Sequence[Delivery], replies: Sequence[Reply]) -> None:
        """These need not come again; and what is to be said because of them."""
        await self.connection.acknowledge(deliveries)
        await asyncio.gather(*(self.reply(one) for one in replies))

    async def reply(self, reply: Reply) -> None:
        """One frame to a producer; a channel that the broker does not take is its producer's business."""
        try:
            await send(self.connection, reply.channel, reply.frame)
        except RefusedError as error:
            say_ignored(self.peer, f"no answer can be sent to {reply.channel}: {error}")

    async def close(self) -> None:
        """End in good order."""
        for task in self.asides:
            task.cancel()
        await self.connection.close()


def delivery_of(one: Delivery, heard: Heard) -> Delivery | None:
    """What is handed on of a frame: a message, or what its producer has seen. Its type stays with it, if it has one."""
    seen = bytes.fromhex(heard.seen) if heard.seen is not None else None
    if heard.message is not None:
        return replace(one, message_id=heard.message.id, seen=seen, headers={TYPE: Kind.MESSAGE})
    if heard.is_foreign:
        return replace(one, seen=seen, headers={})
    return None if seen is None else Delivery(b"", Kind.PING, one.token, headers={TYPE: Kind.PING}, seen=seen)
