# SPDX-License-Identifier: Apache-2.0
"""The producer's end of SSM 1 over a STOMP connection: the shell around ``ssm.protocols.ssm1.producer``.

A message is confirmed when its consumer says that it is filed, not when a broker has it. The consumer's certificate
comes over the wire, so that sealing is done here.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ssm.envelope.certificate import Recipient
from ssm.errors import (
    CannotJudgeError,
    CredentialError,
    LocalProtocolError,
    RefusedError,
    RejectError,
    TimedOutError,
    TransportError,
)
from ssm.ports.transport import Consumer, Delivery
from ssm.protocols.ssm1.frames import Frame, read_frame
from ssm.protocols.ssm1.payload import fingerprint
from ssm.protocols.ssm1.producer import (
    Acknowledged,
    Event,
    Ignored,
    NoCertificate,
    Offered,
    Producer,
    Refused,
    Timers,
    Unanswered,
)
from ssm.transport.ssm1.sending import say_ignored, send
from ssm.transport.stomp.connection import Connection
from ssm.transport.stomp.transport import StompTransport

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.5
FAREWELL_SECONDS = 5.0
FRAMES_AT_ONCE = 16

Outcome: TypeAlias = "asyncio.Future[Event]"


@dataclass(frozen=True, slots=True)
class Sending:
    """What a producer is told."""

    destination: str
    reply_channel: str
    examine: Callable[[bytes], Recipient]
    """Whether a certificate that somebody offers is the consumer's; blocking. RejectError, CannotJudgeError or
    CredentialError when not."""
    seal: Callable[[bytes, Recipient], bytes]
    """Blocking."""
    timers: Timers


class Ssm1Sender:
    """Implements ``ssm.ports.transport.Transport`` for sending. Certificate and last sealing outlive a connection."""

    def __init__(self, stomp: StompTransport, sending: Sending) -> None:
        self.stomp = stomp
        self.sending = sending
        self.machine = Producer(sending.reply_channel, sending.timers)
        self.recipient: Recipient | None = None
        self.last: tuple[str, Recipient, bytes] | None = None

    async def open_producer(self) -> "Ssm1Producer":
        """Connect, and listen on the reply channel."""
        return Ssm1Producer(await self.stomp.open_consumer(), self)

    async def open_consumer(self) -> Consumer:
        """A producer does not take messages."""
        raise LocalProtocolError("this end of SSM 1 only sends")

    async def sealed(self, name: str, payload: bytes, recipient: Recipient) -> bytes:
        """The same octets for the same message: a consumer then knows it, in whatever order its copies come."""
        if self.last is None or self.last[:2] != (name, recipient):
            self.last = name, recipient, await asyncio.to_thread(self.sending.seal, payload, recipient)
        return self.last[2]


class Ssm1Producer:
    """Implements ``ssm.ports.transport.Producer``."""

    def __init__(self, connection: Connection, sender: Ssm1Sender) -> None:
        self.connection = connection
        self.sender = sender
        self.machine = sender.machine
        self.peer = connection.peer
        self.loop = asyncio.get_running_loop()
        self.turn = asyncio.Lock()
        self.outcome: Outcome | None = None
        """Of the one frame that somebody waits for."""
        self.is_sending = False
        """That frame is still on its way to the broker."""
        self.machine.connected(self.loop.time())
        self.listening = asyncio.ensure_future(self.listen())
        self.listening.add_done_callback(self.on_end)

    async def publish(self, message_id: str, body: bytes) -> None:
        """Return when the consumer has filed it; one after the other. RefusedError: the consumer rejects it."""
        async with self.turn:
            recipient = await self.certificate()
            name = fingerprint(body)
            sealed = await self.sender.sealed(name, body, recipient)
            frame = self.machine.publish(message_id, name, sealed, self.loop.time())
            event = await self.exchange(frame)
        match event:
            case Acknowledged():
                self.sender.last = None
            case Refused():
                hint = "the consumer's administrator can put our DN on its list; ssm config shows it"
                raise RefusedError("the consumer rejects it: our certificate's DN is not on its list", hint=hint)
            case _:
                hint = "it may not be able to open or judge the message, and is silent then: see the consumer's own log"
                raise TimedOutError("the consumer did not acknowledge the message in time", hint=hint)

    async def certificate(self) -> Recipient:
        """The consumer's certificate, asked for if need be."""
        if self.machine.certificate_pem is None or self.sender.recipient is None:
            event = await self.exchange(self.machine.request_certificate(self.loop.time()))
            if isinstance(event, NoCertificate):
                last = f"; the last one offered: {event.why}" if event.why else ""
                hint = "does anybody listen at [messaging] destination, and do answers come to reply_to?"
                hint = "see consumer_dn in [messaging] and capath in [certificates]" if event.why else hint
                raise TimedOutError(f"no certificate of the consumer came in time{last}", hint=hint)
        assert self.sender.recipient is not None
        return self.sender.recipient

    async def exchange(self, frame: Frame) -> Event:
        """Send a frame and wait for what ends its wait."""
        if self.listening.done():
            raise self.end_of(self.listening)
        self.outcome = self.loop.create_future()
        self.is_sending = True
        try:
            await send(self.connection, self.sender.sending.destination, frame)
            self.machine.postpone(self.loop.time())
            self.is_sending = False
            return await self.outcome
        finally:
            self.is_sending = False
            self.outcome = None
            self.machine.abandon()

    async def listen(self) -> None:
        """Hear the reply channel, and look at the clock."""
        while True:
            for one in await self.arrivals():
                await self.handle(self.machine.receive(read_frame(one.headers, one.body)))
                await self.connection.acknowledge([one])
            if self.is_sending:
                self.machine.postpone(self.loop.time())
            for due in self.machine.on_time(self.loop.time()):
                if isinstance(due, Frame):
                    await send(self.connection, self.sender.sending.destination, due)
                else:
                    await self.handle(due)

    async def arrivals(self) -> Sequence[Delivery]:
        """What has come; nothing after a moment."""
        try:
            async with asyncio.timeout(TICK_SECONDS):
                return await self.connection.receive(FRAMES_AT_ONCE)
        except TimeoutError:
            return []

    async def handle(self, event: Event) -> None:
        """What a frame or the clock has brought."""
        match event:
            case Offered(pem):
                if await self.is_trusted(pem):
                    self.conclude(event)
            case Ignored(why):
                say_ignored(self.peer, why)
            case Acknowledged() | Refused() | Unanswered() | NoCertificate():
                self.conclude(event)

    async def is_trusted(self, pem: bytes) -> bool:
        """Look at a certificate that anybody may have sent."""
        try:
            recipient = await asyncio.to_thread(self.sender.sending.examine, pem)
        except (RejectError, CredentialError, CannotJudgeError) as error:
            self.machine.distrust(str(error))
            say_ignored(self.peer, f"a certificate that is not the consumer's: {error}")
            return False
        self.sender.recipient = recipient
        self.machine.trust(pem, self.loop.time())
        return True

    def conclude(self, event: Event) -> None:
        """Somebody waits for this."""
        if self.outcome is not None and not self.outcome.done():
            self.outcome.set_result(event)

    def on_end(self, listening: "asyncio.Task[None]") -> None:
        """Nothing will be heard any more."""
        error = self.end_of(listening)
        if self.outcome is not None and not self.outcome.done():
            self.outcome.set_exception(error)
            self.outcome.exception()  # whoever waits still gets it; nobody is warned when nobody does

    @staticmethod
    def end_of(listening: "asyncio.Task[None]") -> BaseException:
        """Why nothing is heard any more."""
        error = None if listening.cancelled() else listening.exception()
        return error or TransportError("the connection is closed")

    async def close(self) -> None:
        """Confirm what was acknowledged, and end in good order."""
        self.listening.cancel()
        last = self.machine.farewell()
        if last is not None:
            try:
                async with asyncio.timeout(FAREWELL_SECONDS):
                    await send(self.connection, self.sender.sending.destination, last)
            except (TransportError, TimeoutError):
                logger.debug("the consumer was not told that its last acknowledgement has been seen")
        await self.connection.close()
