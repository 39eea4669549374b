# SPDX-License-Identifier: Apache-2.0
import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

import pytest

from ssm.broker import conversation, queues
from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.protocols.stomp.codec import Decoder
from ssm.protocols.stomp.frames import Frame, Version, encode

QUEUE = "/queue/a"


class Wire(asyncio.Transport):
    """The client's end of a connection that is only memory."""

    def __init__(self, broker: EmbeddedBroker, version: str | None = "1.2") -> None:
        super().__init__()
        self.version = Version(version or "1.0")
        self.decoder = Decoder(1_000_000, self.version)
        self.frames: list[Frame] = []
        self.is_closed = False
        self.fills = False
        """Full after each write, until the conversation is told otherwise."""
        self.conversation = broker.converse()
        self.conversation.connection_made(self)
        if version is not None:
            self.say("CONNECT", {"accept-version": version, "host": "/"})
            assert self.heard("CONNECTED")[0].headers["version"] == version

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.frames.extend(self.decoder.feed(bytes(data)))
        if self.fills:
            self.conversation.pause_writing()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = (high, low)

    def is_closing(self) -> bool:
        return self.is_closed

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        if not self.is_closed:
            self.is_closed = True
            self.conversation.connection_lost(None)

    def say(self, command: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> None:
        self.conversation.data_received(encode(Frame(command, headers or {}, body), self.version))

    def heard(self, command: str) -> list[Frame]:
        """What came of this kind, once."""
        found = [frame for frame in self.frames if frame.command == command]
        self.frames = [frame for frame in self.frames if frame.command != command]
        return found

    def bodies(self) -> list[bytes]:
        return [frame.body for frame in self.heard("MESSAGE")]

    def send(self, *bodies: bytes, **headers: str) -> None:
        for body in bodies:
            self.say("SEND", {"destination": QUEUE, "persistent": "true"} | headers, body)

    def subscribe(self, mode: str = "client-individual", **headers: str) -> None:
        self.say("SUBSCRIBE", {"destination": QUEUE, "id": "s", "ack": mode} | headers)


async def turn() -> None:
    """Let the broker do what is due."""
    for _ in range(3):
        await asyncio.sleep(0)


Work = Callable[[EmbeddedBroker], Coroutine[None, None, None]]


def with_broker(folder: Path, work: Work, *, max_body_octets: int = 1000) -> None:
    """A broker that does not listen."""

    async def whole() -> None:
        broker = EmbeddedBroker(BrokerSettings(folder, max_body_octets=max_body_octets))
        await work(broker)
        for one in list(broker.conversations):
            one.hang_up()
        await turn()
        broker.store.close()

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [("1.0,1.1,1.2", "1.2"), ("1.1,1.0", "1.1"), ("1.0", "1.0"), (None, "1.0"), ("1.2,9.9", "1.2")],
)
def test_the_highest_version_in_common_is_spoken(tmp_path: Path, offered: str | None, chosen: str) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker, None)
        wire.say("CONNECT", {} if offered is None else {"accept-version": offered})
        assert wire.heard("CONNECTED")[0].headers["version"] == chosen

    with_broker(tmp_path, work)


@pytest.mark.parametrize(
    ("command", "headers"),
    [("CONNECT", {"accept-version": "9.9"}), ("SEND", {"destination": QUEUE}), ("CONNECT", {"heart-beat": "x"})],
)
def test_who_does_not_greet_properly_is_told_and_hung_up_on(
    tmp_path: Path, command: str, headers: dict[str, str]
) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker, None)
        wire.say(command, headers)
        assert len(wire.heard("ERROR")) == 1
        assert wire.is_closed
        assert not broker.queues

    with_broker(tmp_path, work)


@pytest.mark.parametrize(
    ("command", "headers", "body"),
    [
        ("CONNECT", {"accept-version": "1.2"}, b""),
        ("MESSAGE", {}, b""),
        ("SEND", {}, b"x"),
        ("SEND", {"destination": QUEUE, "transaction": "none"}, b"x"),
        ("SEND", {"destination": QUEUE}, b"x" * 1001),
        ("SUBSCRIBE", {"destination": QUEUE, "id": "1", "ack": "sometimes"}, b""),
        ("UNSUBSCRIBE", {"id": "none"}, b""),
        ("ACK", {"id": "1"}, b""),
        ("ACK", {"id": "x"}, b""),
        ("NACK", {"id": "1"}, b""),
        ("BEGIN", {}, b""),
    ],
)
def test_who_asks_for_what_cannot_be_is_told_and_hung_up_on(
    tmp_path: Path, command: str, headers: dict[str, str], body: bytes
) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.say(command, headers, body)
        await turn()
        [error] = wire.heard("ERROR")
        assert error.headers["message"]
        assert wire.is_closed
        assert not [queue for queue in broker.queues.values() if queue.waiting]

    with_broker(tmp_path, work)


def test_a_persistent_message_is_on_disk_before_its_receipt(tmp_path: Path) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.send(b"one", receipt="r1")
        assert wire.heard("RECEIPT") == []
        assert broker.store.all() == []
        await turn()
        assert [frame.headers["receipt-id"] for frame in wire.heard("RECEIPT")] == ["r1"]
        assert len(broker.store.all()) == 1

    with_broker(tmp_path, work)


def test_persistent_messages_outlive_the_broker_and_others_do_not(tmp_path: Path) -> None:
    async def before(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.send(b"kept one", b"kept two")
        wire.send(b"lost", persistent="false")
        await turn()

    async def after(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.subscribe()
        await turn()
        assert wire.bodies() == [b"kept one", b"kept two"]

    with_broker(tmp_path, before)
    with_broker(tmp_path, after)


def test_a_message_keeps_its_own_headers_and_gets_those_of_its_delivery(tmp_path: Path) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        spoof = {"empa-id": "5f/1", "message-id": "evil", "subscription": "evil", "ack": "evil", "receipt": "r"}
        wire.send(b"body", **spoof)
        wire.subscribe()
        await turn()
        [frame] = wire.heard("MESSAGE")
        assert frame.headers["empa-id"] == "5f/1"
        assert frame.headers["subscription"] == "s"
        assert frame.headers["message-id"] == frame.headers["ack"] != "evil"
        assert frame.headers["content-length"] == "4"
        assert not {"receipt", "redelivered", "transaction"} & set(frame.headers)

    with_broker(tmp_path, work)


@pytest.mark.parametrize("header", ["prefetch-count", "activemq.prefetchSize"])
def test_the_prefetch_is_kept(tmp_path: Path, header: str) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.send(b"1", b"2", b"3")
        wire.subscribe(**{header: "2"})
        await turn()
        first, second = wire.heard("MESSAGE")
        wire.say("ACK", {"id": second.headers["ack"]})
        await turn()
        assert wire.bodies() == [b"3"]
        assert first.body == b"1"

    with_broker(tmp_path, work)


def test_a_producer_cannot_forge_headers_of_the_broker_for_a_consumer_without_escapes(tmp_path: Path) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        forged = {"content-length:9": "9", "message-id:x": "y", "destination:/queue/b": "z"}
        Wire(broker).send(b"one", **forged)
        consumer = Wire(broker, "1.0")
        consumer.subscribe()
        await turn()
        (message,) = consumer.heard("MESSAGE")
        assert (message.headers["destination"], message.body) == (QUEUE, b"one")
        consumer.say("ACK", {"message-id": message.headers["message-id"]})
        await turn()
        assert not consumer.is_closed

    with_broker(tmp_path, work)


@pytest.mark.parametrize(("version", "name"), [("1.0", "message-id"), ("1.1", "message-id"), ("1.2", "ack")])
def test_each_version_acknowledges_by_its_own_header(tmp_path: Path, version: str, name: str) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker, version)
        wire.send(b"1")
        wire.subscribe()
        await turn()
        [frame] = wire.heard("MESSAGE")
        wire.say("ACK", {"id" if version == "1.2" else "message-id": frame.headers[name], "subscription": "s"})
        await turn()
        assert broker.store.all() == []
        assert not wire.is_closed

    with_broker(tmp_path, work)


@pytest.mark.parametrize(("mode", "left"), [("client-individual", 2), ("client", 1), ("auto", 0)])
def test_each_mode_acknowledges_as_much_as_it_means(tmp_path: Path, mode: str, left: int) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.send(b"1", b"2", b"3")
        wire.subscribe(mode)
        await turn()
        frames = wire.heard("MESSAGE")
        assert len(frames) == 3
        if mode != "auto":
            wire.say("ACK", {"id": frames[1].headers["ack"]})
        await turn()
        assert len(broker.store.all()) == left

    with_broker(tmp_path, work)


@pytest.mark.parametrize("leave", ["hang up", "unsubscribe"])
def test_what_was_out_at_a_client_that_leaves_comes_again_and_says_so(tmp_path: Path, leave: str) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire, other = Wire(broker), Wire(broker)
        wire.send(b"1", b"2")
        wire.subscribe()
        await turn()
        assert wire.bodies() == [b"1", b"2"]
        other.subscribe()
        if leave == "hang up":
            wire.close()
        else:
            wire.say("UNSUBSCRIBE", {"id": "s"})
        await turn()
        assert [(frame.body, frame.headers["redelivered"]) for frame in other.heard("MESSAGE")] == [
            (b"1", "true"),
            (b"2", "true"),
        ]

    with_broker(tmp_path, work)


@pytest.mark.parametrize("persistent", ["true", "false"])
def test_a_message_that_is_refused_goes_to_the_dead_letters(tmp_path: Path, persistent: str) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.send(b"bad", persistent=persistent)
        wire.subscribe()
        await turn()
        [frame] = wire.heard("MESSAGE")
        wire.say("NACK", {"id": frame.headers["ack"]})
        await turn()
        assert wire.bodies() == []
        wire.say("SUBSCRIBE", {"destination": "/queue/DLQ.a", "id": "dead", "ack": "client"})
        await turn()
        assert wire.bodies() == [b"bad"]

    with_broker(tmp_path, work)


@pytest.mark.parametrize(("end", "arrived"), [("COMMIT", [b"in"]), ("ABORT", [])])
def test_what_is_sent_in_a_transaction_waits_for_its_end(tmp_path: Path, end: str, arrived: list[bytes]) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.subscribe()
        wire.say("BEGIN", {"transaction": "t"})
        wire.send(b"in", transaction="t")
        await turn()
        assert wire.bodies() == []
        wire.say(end, {"transaction": "t", "receipt": "end"})
        await turn()
        assert wire.bodies() == arrived
        assert len(wire.heard("RECEIPT")) == 1

    with_broker(tmp_path, work)


@pytest.mark.parametrize(("end", "left"), [("COMMIT", 0), ("ABORT", 1), ("", 1)])
def test_what_is_acknowledged_in_a_transaction_waits_for_its_end(tmp_path: Path, end: str, left: int) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.send(b"1")
        wire.subscribe()
        await turn()
        [frame] = wire.heard("MESSAGE")
        wire.say("BEGIN", {"transaction": "t"})
        wire.say("ACK", {"id": frame.headers["ack"], "transaction": "t"})
        if end:
            wire.say(end, {"transaction": "t"})
        await turn()
        assert len(broker.store.all()) == left

    with_broker(tmp_path, work)


# What is too much.


def receipts(wire: Wire) -> list[str]:
    return [frame.headers["receipt-id"] for frame in wire.heard("RECEIPT")]


def test_a_full_queue_keeps_and_confirms_what_it_can_and_refuses_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MAX_WAITING", 2)

    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        for number in range(4):  # in one turn of the loop
            wire.send(b"%d" % number, receipt=str(number))
        await turn()
        [error] = wire.heard("ERROR")
        assert error.headers["receipt-id"] == "2"
        assert receipts(wire) == ["0", "1"]
        assert wire.is_closed
        other = Wire(broker)
        other.send(b"other", receipt="other")
        assert len(other.heard("ERROR")) == 1
        assert len(broker.store.all()) == 2
        again = Wire(broker)
        again.subscribe("auto")
        await turn()
        assert again.bodies() == [b"0", b"1"]
        again.send(b"more", receipt="more")
        await turn()
        assert receipts(again) == ["more"]

    with_broker(tmp_path, work)


@pytest.mark.parametrize("end", ["COMMIT", "ABORT", ""])
def test_a_transaction_holds_its_places_until_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(queues, "MAX_WAITING", 2)

    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.say("BEGIN", {"transaction": "t"})
        wire.send(b"1", b"2", transaction="t")
        other = Wire(broker)
        other.send(b"too much")
        assert len(other.heard("ERROR")) == 1
        if end:
            wire.say(end, {"transaction": "t"})
        else:
            wire.close()
        await turn()
        assert wire.heard("ERROR") == []
        assert len(broker.store.all()) == (2 if end == "COMMIT" else 0)
        assert broker.queue(QUEUE).promised == 0

    with_broker(tmp_path, work)


def test_a_message_that_no_transaction_takes_holds_no_place(tmp_path: Path) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.say("BEGIN", {"transaction": "t"})
        wire.send(b"x" * 600, b"x" * 600, transaction="t")
        assert [frame.headers["message"] for frame in wire.heard("ERROR")] == ["the transaction is too large"]
        await turn()
        assert broker.queue(QUEUE).promised == 0

    with_broker(tmp_path, work)


@pytest.mark.parametrize("mode", ["auto", "client-individual"])
def test_a_subscriber_that_does_not_read_is_handed_no_more_until_it_does(tmp_path: Path, mode: str) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        bodies = [b"%d" % number for number in range(5)]
        wire.send(*bodies)
        await turn()
        wire.fills = True
        wire.subscribe(mode, **{"prefetch-count": "999999999"})
        await turn()
        assert wire.bodies() == bodies[:1]
        wire.conversation.resume_writing()
        await turn()
        assert wire.bodies() == bodies[1:2]
        wire.fills = False
        wire.conversation.resume_writing()
        await turn()
        assert wire.bodies() == bodies[2:]

    with_broker(tmp_path, work)


def test_who_asks_for_answers_and_reads_none_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "UNREAD_OCTETS", 1000)

    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        asked = 0

        def ask(times: int) -> None:
            nonlocal asked
            for _ in range(times):
                asked += 1
                wire.say("BEGIN", {"transaction": str(asked), "receipt": "r" * 100})
                wire.say("ABORT", {"transaction": str(asked)})

        ask(50)
        wire.conversation.pause_writing()
        ask(9)
        wire.conversation.resume_writing()
        wire.conversation.pause_writing()
        ask(10)
        assert not wire.is_closed
        ask(1)
        assert wire.is_closed

    with_broker(tmp_path, work)


def test_goodbye_is_confirmed_when_all_before_it_is_done(tmp_path: Path) -> None:
    async def work(broker: EmbeddedBroker) -> None:
        wire = Wire(broker)
        wire.send(b"1", receipt="one")
        wire.say("DISCONNECT", {"receipt": "bye"})
        assert [frame.headers["receipt-id"] for frame in wire.heard("RECEIPT")] == ["one", "bye"]
        assert len(broker.store.all()) == 1
        assert wire.is_closed

    with_broker(tmp_path, work)
