# SPDX-License-Identifier: Apache-2.0
"""One client of the embedded broker: frames in, frames out (STOMP 1.0 to 1.2, server side)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from ssm.broker.exchange import Beat, ClientError, Exchange, Subscription
from ssm.broker.queues import Reader, Subscriber
from ssm.broker.store import Arrival, NewMessage
from ssm.broker.transactions import Step, Transactions
from ssm.errors import TransportError
from ssm.protocols.stomp.codec import Decoder
from ssm.protocols.stomp.frames import Frame, Version, carriable, encode
from ssm.protocols.stomp.session import SILENCE_FACTOR, read_heartbeat
from ssm.version import __version__

HEARTBEAT_SECONDS = 10.0
TICK_SECONDS = 0.5
DEFAULT_PREFETCH = 100
MAX_DIGITS = 9
UNREAD_OCTETS = 1024 * 1024  # a client that leaves more unread is handed nothing new
PREFETCH_HEADERS = ("activemq.prefetchSize", "prefetch-count")
NOT_PASSED_ON = ("receipt", "transaction", "content-length")
ACK_MODES = ("auto", "client", "client-individual")


class Conversation(asyncio.Protocol):
    """One connection."""

    def __init__(
        self,
        broker: Exchange,
        max_body_octets: int,
        on_open: "Callable[[Conversation], None]",
        on_close: "Callable[[Conversation], None]",
    ) -> None:
        self.on_open = on_open
        self.on_close = on_close
        self.broker = broker
        self.loop = asyncio.get_running_loop()
        self.decoder = Decoder(max_body_octets)
        self.version: Version | None = None
        self.transport: asyncio.Transport | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.is_ending = False
        self.transactions = Transactions(max_body_octets)
        self.reader = Reader()
        self.unread_answers = 0
        self.beat = Beat()
        self.ticker: asyncio.TimerHandle | None = None
        self.handlers: Mapping[str, Callable[[Frame], None]] = {
            "SEND": self.on_send,
            "SUBSCRIBE": self.on_subscribe,
            "UNSUBSCRIBE": self.on_unsubscribe,
            "ACK": self.on_ack,
            "NACK": self.on_nack,
            "BEGIN": self.on_transaction,
            "COMMIT": self.on_transaction,
            "ABORT": self.on_transaction,
            "DISCONNECT": self.on_disconnect,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=UNREAD_OCTETS)
        self.on_open(self)
        self.beat.last_read = self.beat.last_written = self.loop.time()
        self.tick()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Gone: what was out comes back."""
        self.on_close(self)
        if self.ticker is not None:
            self.ticker.cancel()
        for subscription in self.subscriptions.values():
            subscription.queue.leave(subscription.subscriber)
        self.subscriptions.clear()
        self.transactions.abort_all()
        if not self.loop.is_closed():
            self.broker.flush_soon()

    def pause_writing(self) -> None:
        """It does not read as fast as we write: nothing new is handed to it."""
        self.reader.is_behind = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self.reader.is_behind = False
        self.unread_answers = 0
        self.broker.flush_soon()

    def data_received(self, data: bytes) -> None:
        """Octets."""
        self.beat.last_read = self.loop.time()
        receipt = None
        try:
            for frame in self.decoder.feed(data):
                if self.is_ending:
                    return
                receipt = frame.headers.get("receipt")
                self.handle(frame)
        except (ClientError, TransportError) as error:
            self.broker.flush()  # what was right before it is still kept, and confirmed
            headers = {"message": str(error), "content-type": "text/plain"}
            if receipt is not None:
                headers["receipt-id"] = receipt
            self.write(Frame("ERROR", headers, str(error).encode()))
            self.hang_up()

    def tick(self) -> None:
        """Signs of life."""
        now = self.loop.time()
        if self.beat.allowed and now > self.beat.last_read + self.beat.allowed:
            self.hang_up()
            return
        if self.beat.every and now >= self.beat.last_written + self.beat.every and self.transport is not None:
            self.transport.write(b"\n")
            self.beat.last_written = now
        self.ticker = self.loop.call_later(TICK_SECONDS, self.tick)

    # Frames.

    def handle(self, frame: Frame) -> None:
        """One frame; its receipt follows once it is done, for a SEND once it is kept."""
        if self.version is None:
            if frame.command not in {"CONNECT", "STOMP"}:
                raise ClientError("CONNECT first")
            self.on_connect(frame)
            return
        handler = self.handlers.get(frame.command)
        if handler is None:
            raise ClientError(f"{frame.command} is not due")
        if frame.full_size is not None:
            raise ClientError("the message is too large")
        handler(frame)
        if frame.command != "SEND":
            if "receipt" in frame.headers:
                self.broker.flush()
            self.receipt(frame)
        if self.is_ending:
            self.hang_up()

    def on_connect(self, frame: Frame) -> None:
        """Agree on a version and on signs of life."""
        offered = {text.strip() for text in frame.headers.get("accept-version", "1.0").split(",")}
        common = [version for version in Version if version.value in offered]
        if not common:
            raise ClientError("no version in common")
        self.version = self.decoder.version = max(common)
        theirs, wanted = read_heartbeat(frame.headers.get("heart-beat", "0,0"))
        self.beat.every = max(HEARTBEAT_SECONDS, wanted) if wanted else 0.0
        self.beat.allowed = max(HEARTBEAT_SECONDS, theirs) * SILENCE_FACTOR if theirs else 0.0
        beat = round(HEARTBEAT_SECONDS * 1000)
        headers = {"version": self.version.value, "server": f"ssm/{__version__}", "heart-beat": f"{beat},{beat}"}
        self.write(Frame("CONNECTED", headers))

    def on_send(self, frame: Frame) -> None:
        """Keep a message."""
        destination = self.required(frame, "destination")
        queue = self.broker.queue(destination)
        if not queue.promise():
            raise ClientError("the queue is full")
        headers = {name: value for name, value in frame.headers.items() if name not in NOT_PASSED_ON}
        is_persistent = frame.headers.get("persistent") == "true"
        message = NewMessage(destination, headers, frame.body)
        if "transaction" not in frame.headers:
            self.broker.arrive(Arrival(message, is_persistent, lambda: self.receipt(frame)))
            return
        # It is kept at COMMIT, whose receipt says so; a client may wait for this one before.
        arrival = Arrival(message, is_persistent, lambda: None)
        step = Step(lambda: self.broker.arrive(arrival), queue.release, len(frame.body))
        try:
            self.transactions.add(frame.headers["transaction"], step)
        except ClientError:
            queue.release()
            raise
        self.receipt(frame)

    def on_subscribe(self, frame: Frame) -> None:
        """Begin to take messages."""
        destination = self.required(frame, "destination")
        name = frame.headers.get("id", destination)
        mode = frame.headers.get("ack", "auto")
        if mode not in ACK_MODES or name in self.subscriptions:
            raise ClientError("an unknown ack mode, or a subscription that is there already")
        prefetch = next((frame.headers[one] for one in PREFETCH_HEADERS if one in frame.headers), "")
        is_number = prefetch.isascii() and prefetch.isdigit() and len(prefetch) <= MAX_DIGITS
        room = int(prefetch) if is_number and int(prefetch) else DEFAULT_PREFETCH
        subscriber = Subscriber(room, acknowledges=mode != "auto", reader=self.reader)
        queue = self.broker.queue(destination)
        queue.subscribers.append(subscriber)
        self.subscriptions[name] = Subscription(name, destination, queue, subscriber, mode)
        self.broker.flush_soon()

    def on_unsubscribe(self, frame: Frame) -> None:
        """Take no more."""
        subscription = self.subscriptions.pop(frame.headers.get("id", frame.headers.get("destination", "")), None)
        if subscription is None:
            raise ClientError("there is no such subscription")
        subscription.queue.leave(subscription.subscriber)
        self.broker.flush_soon()

    def on_ack(self, frame: Frame) -> None:
        """A message is done with."""
        subscription, number = self.out(frame)
        cumulative = subscription.mode == "client"

        def acknowledge() -> None:
            self.broker.depart(subscription.queue.acknowledge(subscription.subscriber, number, cumulative=cumulative))

        if "transaction" in frame.headers:
            self.transactions.add(frame.headers["transaction"], Step(acknowledge))
        else:
            acknowledge()

    def on_nack(self, frame: Frame) -> None:
        """A message cannot be dealt with."""
        subscription, number = self.out(frame)
        if subscription.queue.acknowledge(subscription.subscriber, number, cumulative=False):
            self.broker.refuse(number, subscription.queue_name)

    def on_transaction(self, frame: Frame) -> None:
        """What follows waits; or what waited is done; or it is forgotten."""
        steps = {"BEGIN": self.transactions.begin, "COMMIT": self.transactions.commit, "ABORT": self.transactions.abort}
        steps[frame.command](self.required(frame, "transaction"))

    def on_disconnect(self, frame: Frame) -> None:  # noqa: ARG002 - as its siblings
        """Goodbye; after everything before it is done."""
        self.is_ending = True
        self.broker.flush()

    def out(self, frame: Frame) -> tuple[Subscription, int]:
        """Which message of which subscription an ACK or NACK names."""
        text = frame.headers.get("id" if self.version == Version.V1_2 else "message-id", "")
        if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) < 20):  # noqa: PLR2004 - a bound
            raise ClientError("ACK without a message that is out")
        number = int(text)
        for subscription in self.subscriptions.values():
            if number in subscription.subscriber.out:
                return subscription, number
        raise ClientError("ACK for a message that is not out")

    def required(self, frame: Frame, name: str) -> str:
        """A header that must be there."""
        value = frame.headers.get(name)
        if not value:
            raise ClientError(f"{frame.command} needs the header {name}")
        return value

    def owns(self, subscriber: Subscriber) -> bool:
        """True when this client made that subscription."""
        return any(one.subscriber is subscriber for one in self.subscriptions.values())

    def deliver(self, subscriber: Subscriber, number: int, message: NewMessage, *, again: bool) -> None:
        """Hand a message out."""
        subscription = next(one for one in self.subscriptions.values() if one.subscriber is subscriber)
        headers = dict(message.headers) | {
            "subscription": subscription.name,
            "message-id": str(number),
            "destination": subscription.queue_name,
            "content-length": str(len(message.body)),
        }
        if self.version == Version.V1_2 and subscriber.acknowledges:
            headers["ack"] = str(number)
        if again:
            headers["redelivered"] = "true"
        self.write(Frame("MESSAGE", headers, message.body))

    def receipt(self, frame: Frame) -> None:
        """Say that a frame is done, if it asked."""
        receipt = frame.headers.get("receipt")
        if receipt is None:
            return
        self.write(Frame("RECEIPT", {"receipt-id": receipt}))
        if self.reader.is_behind:
            self.unread_answers += len(receipt)
            if self.unread_answers > UNREAD_OCTETS:
                self.break_off()  # it asks and asks, and does not read what we answer

    def write(self, frame: Frame) -> None:
        """Send a frame."""
        if self.transport is not None and not self.transport.is_closing():
            self.beat.last_written = self.loop.time()
            version = self.version or Version.V1_0
            self.transport.write(encode(replace(frame, headers=carriable(frame.headers, version)), version))

    def hang_up(self) -> None:
        """End the connection once what is written has gone out."""
        if self.transport is not None:
            self.transport.close()

    def break_off(self) -> None:
        """End the connection at once."""
        if self.transport is not None:
            self.transport.abort()
