# SPDX-License-Identifier: Apache-2.0
"""One STOMP connection over a socket: the shell around ``ssm.protocols.stomp.session``.

What is written goes through ``ssm.transport.stomp.outgoing``. Reading pauses while too much waits to be taken, so that
what a broker pushes is bounded in octets as well as in messages.
"""

import asyncio
import sys
from collections import deque
from collections.abc import Mapping, Sequence

from ssm.errors import ConnectionLostError, RefusedError, SsmError, TimedOutError, TransportError
from ssm.ports.transport import Delivery
from ssm.protocols.stomp.frames import Frame
from ssm.protocols.stomp.session import (
    DISCONNECT_RECEIPT,
    ClientSession,
    Connected,
    ErrorFrame,
    Event,
    Message,
    Receipt,
    State,
)
from ssm.transport.stomp.outgoing import Outgoing
from ssm.transport.tls import explain

TICK_SECONDS = 0.5
CLOSE_SECONDS = 5.0
HELD_OCTETS = 16 * 1024 * 1024  # received and not yet taken
BATCH_OCTETS = 8 * 1024 * 1024  # taken at once


class Connection(asyncio.Protocol):
    """Implements the ports Producer and Consumer; made by ``ssm.transport.stomp.transport``."""

    def __init__(self, session: ClientSession, peer: str, destination: str) -> None:
        self.session = session
        self.peer = peer
        self.destination = destination
        self.loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport | None = None
        self.connected: asyncio.Future[None] = self.loop.create_future()
        self.ended: asyncio.Future[None] = self.loop.create_future()
        self.receipts: dict[str, asyncio.Future[None]] = {}
        self.deliveries: deque[Delivery] = deque()
        self.arrived = asyncio.Event()
        self.outgoing = Outgoing(self.cut_off)
        self.cause: TransportError | None = None
        self.is_closing = False
        self.ticker: asyncio.TimerHandle | None = None
        self.sent = self.held_octets = 0
        self.is_useful = False
        self.is_paused = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket, and TLS on it, are open."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.outgoing.connect(transport)
        try:
            self.outgoing.write(self.session.connect(self.loop.time()))
        except ValueError as error:
            self.fail(TransportError(f"login, passcode or vhost cannot be sent: {error}"))
            return
        self.tick()

    def data_received(self, data: bytes) -> None:
        """Octets from the broker."""
        try:
            for event in self.session.receive(data, self.loop.time()):
                self.handle(event)
        except SsmError as error:
            self.fail(error if isinstance(error, TransportError) else ConnectionLostError(str(error)))

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone; everybody who waits is told why."""
        if self.ticker is not None:
            self.ticker.cancel()
        cause = self.cause
        if cause is None:
            cause = ConnectionLostError("the broker closed the connection" if exc is None else explain(exc))
            self.cause = cause
        for future in (self.connected, *self.receipts.values()):
            if not future.done():
                future.set_exception(cause)
                future.exception()  # whoever awaits it still gets it; nobody is warned when nobody does
        self.receipts.clear()
        self.arrived.set()
        self.outgoing.room.set()
        if not self.ended.done():
            self.ended.set_result(None)

    def pause_writing(self) -> None:
        """The socket takes no more for now."""
        self.outgoing.room.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self.outgoing.room.set()

    # What the session says.

    def handle(self, event: Event) -> None:
        """One event."""
        match event:
            case Connected():
                if not self.connected.done():
                    self.connected.set_result(None)
            case Receipt(receipt):
                future = self.receipts.pop(receipt, None)
                self.is_useful |= future is not None
                if future is not None and not future.done():
                    future.set_result(None)
            case Message(frame, token):
                # While we say goodbye nothing is taken any more: it will come again.
                if self.session.state is not State.CLOSING:
                    self.take(frame, token)
            case ErrorFrame(text, receipt):
                self.on_error(text, receipt)

    def take(self, frame: Frame, token: str) -> None:
        """A message has come; reading pauses while too many octets wait."""
        self.is_useful = True
        said = frame.headers
        again = said.get("redelivered") == "true"
        self.deliveries.append(Delivery(frame.body, said.get("empa-id"), token, again, frame.full_size, said))
        self.held_octets += octets_of(self.deliveries[-1])
        self.arrived.set()
        if self.held_octets > HELD_OCTETS and self.transport is not None and not self.is_paused:
            self.is_paused = True
            self.transport.pause_reading()

    def on_error(self, text: str, receipt: str | None) -> None:
        """A complaint about one message, or about everything."""
        future = self.receipts.pop(receipt, None) if receipt is not None else None
        if future is None:
            hint = " (the broker does not know our certificate)" if "No user for client certificate" in text else ""
            self.fail(ConnectionLostError(f"the broker answered: {text}{hint}"))
        elif not future.done():
            future.set_exception(RefusedError(text))

    # What time brings.

    def tick(self) -> None:
        """Look at the deadlines, twice a second."""
        now = self.loop.time()
        if self.is_paused:
            self.session.last_read = now  # it is we who do not listen
        try:
            self.look_at_deadlines(now)
            due = self.session.on_time(now)
        except TransportError as error:
            self.fail(error)
            return
        if self.outgoing.is_busy():
            self.session.last_written = now  # a frame on its way is a sign of life, and nothing may stand inside it
        elif due:
            self.outgoing.write(due)
        self.ticker = self.loop.call_later(TICK_SECONDS, self.tick)

    def look_at_deadlines(self, now: float) -> None:
        """While octets leave, no receipt is late; TimedOutError when they have been stuck for too long."""
        seconds = self.outgoing.seconds_stuck(now)
        if seconds == 0:
            self.session.postpone(now)
        elif seconds is not None and seconds >= self.session.settings.receipt_timeout_seconds:
            raise TimedOutError("the broker takes nothing any more")

    def fail(self, cause: TransportError) -> None:
        """Give the connection up."""
        if self.cause is None:
            self.cause = cause
        if self.transport is not None:
            self.transport.abort()

    def cut_off(self) -> None:
        """Part of a frame has left: whatever followed would be taken for the rest of it."""
        self.fail(ConnectionLostError("a message was cut off while it was sent"))

    def require_open(self) -> None:
        """Raise what ended the connection, or ends it."""
        if self.cause is not None:
            raise self.cause
        if self.is_closing:
            raise ConnectionLostError("the connection is being closed")

    # The ports.

    async def publish(self, message_id: str, body: bytes) -> None:
        """Send, and wait for this message's own receipt."""
        await self.send({"destination": self.destination, "persistent": "true", "empa-id": message_id}, body)

    async def send(self, headers: Mapping[str, str], body: bytes) -> None:
        """As above, with any headers."""
        confirmed: asyncio.Future[None] = self.loop.create_future()

        def frame() -> Sequence[bytes]:
            self.require_open()
            self.sent += 1
            receipt = f"ssm-{self.sent}"
            pieces = self.session.send(headers, body, receipt, self.loop.time())
            self.receipts[receipt] = confirmed
            return pieces

        await self.outgoing.send(frame)
        await confirmed

    def subscribe(self, prefetch: int) -> None:
        """Begin to take messages; ValueError when the destination cannot be sent."""
        self.outgoing.write(self.session.subscribe(self.destination, prefetch, HELD_OCTETS, self.loop.time()))

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """At least one delivery, at most ``limit``, and no more octets than may be held."""
        while not self.deliveries:
            self.require_open()
            self.arrived.clear()
            await self.arrived.wait()
        taken: list[Delivery] = []
        octets = 0
        while self.deliveries and len(taken) < limit and octets < BATCH_OCTETS:
            taken.append(self.deliveries.popleft())
            octets += octets_of(taken[-1])
        self.held_octets -= octets
        if self.is_paused and self.held_octets <= HELD_OCTETS // 2 and self.transport is not None:
            self.is_paused = False
            self.transport.resume_reading()
        return taken

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """They are filed."""

        def frames() -> Sequence[bytes]:
            self.require_open()
            return [self.session.acknowledge([one.token for one in deliveries], self.loop.time())]

        await self.outgoing.send(frames)

    async def close(self) -> None:
        """Say goodbye if there is still somebody; never longer than a few seconds. Who waits to send need not."""
        self.is_closing = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if self.cause is None and self.session.state in {State.CONNECTED, State.SUBSCRIBED}:
                    await self.say_goodbye()
                if self.transport is not None:
                    self.transport.close()
                    await asyncio.shield(self.ended)
        except (TimeoutError, SsmError):
            pass
        finally:
            if self.transport is not None:
                self.transport.abort()  # does nothing to a socket that is closed

    async def say_goodbye(self) -> None:
        """DISCONNECT with a receipt: what we acknowledged has been heard (STOMP 1.2, DISCONNECT)."""
        heard: asyncio.Future[None] = self.loop.create_future()

        def frame() -> Sequence[bytes]:
            if self.cause is not None:
                raise self.cause
            self.receipts[DISCONNECT_RECEIPT] = heard
            return [self.session.disconnect(self.loop.time())]

        if self.is_paused and self.transport is not None:
            self.is_paused = False
            self.transport.resume_reading()
        await self.outgoing.send(frame)
        await heard


def octets_of(delivery: Delivery) -> int:
    """What it takes to hold this one: a body may be empty, and texts may be long."""
    said = (*delivery.headers, *delivery.headers.values())  # token and id are among them
    return sum(map(sys.getsizeof, (delivery, delivery.body, *said)))
