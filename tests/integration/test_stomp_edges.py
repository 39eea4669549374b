# SPDX-License-Identifier: Apache-2.0
"""What a hostile or broken peer must not do to either end of a STOMP connection."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path

import pytest

from ssm.broker.conversation import Conversation
from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.broker.store import NewMessage
from ssm.errors import RemoteProtocolError, SsmError, TimedOutError, TransportError
from ssm.lookup.fixed import FixedBrokers
from ssm.protocols.stomp.codec import MAX_HEAD_OCTETS, Decoder
from ssm.protocols.stomp.frames import Frame
from ssm.protocols.stomp.session import SessionSettings, read_heartbeat
from ssm.transport.stomp.connection import HELD_OCTETS
from ssm.transport.stomp.transport import StompSettings, StompTransport

HELLO = b"CONNECT\naccept-version:1.2\nhost:/\n\n\0"


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

writers: list[asyncio.StreamWriter] = []
transports: list[StompTransport] = []


async def started(serve: Serve) -> asyncio.Server:
    """A scripted peer, whose connections are closed with the test."""

    async def noted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await serve(reader, writer)

    return await asyncio.start_server(noted, "127.0.0.1", 0, limit=1000)


def run(work: Coroutine[None, None, None]) -> None:
    """To the end; then nothing stays open, on either side."""

    async def main() -> None:
        try:
            await work
        finally:
            for transport in transports:
                if transport.current is not None:
                    transport.current.fail(TransportError("the test is over"))
            for writer in writers:
                writer.transport.abort()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            for _ in range(5):
                await asyncio.sleep(0)
            transports.clear()
            writers.clear()

    asyncio.run(main())


def to(
    port: int, session: SessionSettings | None = None, prefetch: int = 100, queue: str = "/queue/a"
) -> StompTransport:
    made = StompTransport(
        StompSettings(FixedBrokers([("127.0.0.1", port)]), queue, None, prefetch, session or SessionSettings())
    )
    transports.append(made)
    return made


async def says(port: int, data: bytes, seconds: float = 0.7) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writers.append(writer)
    writer.write(HELLO + data)
    out = b""
    try:
        async with asyncio.timeout(seconds):
            while part := await reader.read(65536):
                out += part
    except TimeoutError:
        pass
    writer.close()
    return out.partition(b"\0")[2]


# Headers of a message, whatever they are, do not stop the line.

FLOODS = [
    b"".join(b"h%d:v\n" % number for number in range(200)),
    b"".join(b"h%d:%b\n" % (number, b"v" * 8000) for number in range(10)),
    b"h:\xff\xfe\n",
]


@pytest.mark.parametrize("flood", FLOODS, ids=["many", "large", "not utf-8"])
def test_a_message_with_bad_headers_does_not_hold_up_the_line(flood: bytes) -> None:
    acknowledged = []
    evil = b"MESSAGE\nsubscription:1\nmessage-id:1\nack:1\n" + flood + b"content-length:4\n\nevil\0"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\0")
            writer.write(b"CONNECTED\nversion:1.2\n\n\0")
            await reader.readuntil(b"\0")
            writer.write((b"" if b"1" in acknowledged else evil) + b"MESSAGE\nack:2\nmessage-id:2\n\ngood\0")
            while True:
                frame = await reader.readuntil(b"\0")
                if frame.startswith(b"ACK"):
                    acknowledged.append(frame.partition(b"id:")[2].partition(b"\n")[0])
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def work() -> None:
        server = await started(serve)
        transport = to(server.sockets[0].getsockname()[1])
        for _ in range(4):
            try:
                consumer = await transport.open_consumer()
                async with asyncio.timeout(1):
                    while b"2" not in acknowledged:
                        await consumer.acknowledge(await consumer.receive(10))
                        await asyncio.sleep(0.05)
            except (TransportError, TimeoutError):
                pass
        server.close()
        assert b"2" in acknowledged

    run(work())


# Only octets that leave postpone the deadline of a receipt.


def test_a_broker_that_reads_nothing_but_beats_has_a_deadline() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.write(b"CONNECTED\nversion:1.2\nheart-beat:200,200\n\n\0")
        while not writer.is_closing():
            writer.write(b"\n")
            await asyncio.sleep(0.2)

    async def work() -> None:
        server = await started(serve)
        session = SessionSettings(receipt_timeout_seconds=1.5, heartbeat_seconds=0.4)
        producer = await to(server.sockets[0].getsockname()[1], session).open_producer()
        with pytest.raises(TimedOutError):
            await asyncio.wait_for(producer.publish("1", b"x" * 20_000_000), 10)
        server.close()

    run(work())


# A consumer that closes takes nothing more in.


def test_closing_a_paused_consumer_stays_within_the_bound(tmp_path: Path) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            transport = to(broker.port)
            producer = await transport.open_producer()
            for number in range(100):
                await producer.publish(str(number), b"x" * 2_000_000)
            await producer.close()
            consumer = await transport.open()
            consumer.subscribe(100)
            while not consumer.is_paused:
                await asyncio.sleep(0.01)
            await consumer.close()
            assert consumer.held_octets < 2 * HELD_OCTETS

    run(work())


# Digits are those of ASCII.


def test_a_heart_beat_of_odd_digits_is_refused_in_our_own_words() -> None:
    with pytest.raises(RemoteProtocolError):
        read_heartbeat("²,0")


@pytest.mark.parametrize(
    "frame", ["ACK\nid:²\n\n\0", "ACK\nid:--5\n\n\0", "SUBSCRIBE\ndestination:/queue/a\nid:1\nprefetch-count:²\n\n\0"]
)
def test_the_broker_answers_odd_digits_without_a_trace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, frame: str
) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            await says(broker.port, frame.encode())

    with caplog.at_level(logging.ERROR):
        run(work())
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


# The cut of the stream decides nothing.


def test_a_head_at_the_bound_is_judged_alike_however_it_is_cut() -> None:
    head = b"MESSAGE\nack:1\nh:"
    head += b"v" * (MAX_HEAD_OCTETS + 1 - len(head))
    wire = head + b"\n\n\0"

    def end(cut: int) -> str:
        decoder = Decoder(100)
        try:
            return str(len([*decoder.feed(wire[:cut]), *decoder.feed(wire[cut:])]))
        except RemoteProtocolError as error:
            return str(error)

    assert end(len(wire)) == end(len(head))


# Settings that no frame can carry are named.


@pytest.mark.parametrize(
    ("session", "queue"), [(SessionSettings(), "/queue/\0x"), (SessionSettings(login="a\nb"), "/queue/a")]
)
def test_settings_that_cannot_be_sent_are_named(
    session: SessionSettings, queue: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            with pytest.raises(SsmError) as caught:
                await to(broker.port, session, queue=queue).open_consumer()
            assert "no answer in time" not in str(caught.value)

    run(work())
    assert not caplog.records


# A broker that takes CONNECT and then hangs up does not keep us from the next one.


def test_a_broker_that_takes_us_and_breaks_off_is_not_the_first_choice_next_time(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.write(b"CONNECTED\nversion:1.2\n\n\0")
        await reader.readuntil(b"\0")
        writer.write(b"ERROR\nmessage:not allowed\n\n\0")
        await writer.drain()
        writer.close()

    async def work() -> None:
        server = await started(serve)
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            ports = (server.sockets[0].getsockname()[1], broker.port)
            transport = StompTransport(
                StompSettings(FixedBrokers(("127.0.0.1", port) for port in ports), "/queue/a", None)
            )
            for _ in range(4):
                producer = await transport.open_producer()
                try:
                    await producer.publish("1", b"body")
                    break
                except TransportError:
                    pass
                finally:
                    await producer.close()
            else:
                pytest.fail("never came to the second broker")
        server.close()

    run(work())


# The embedded broker's transactions.


class Watching(EmbeddedBroker):
    """Notes in which order things happen."""


def test_the_receipt_of_commit_comes_after_the_messages_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            add, write = broker.store.add, Conversation.write

            def noting_add(messages: Sequence[NewMessage]) -> list[int]:
                seen.append("synced")
                return add(messages)

            def noting_write(conversation: Conversation, frame: Frame) -> None:
                seen.append(frame.command)
                write(conversation, frame)

            monkeypatch.setattr(broker.store, "add", noting_add)
            monkeypatch.setattr(Conversation, "write", noting_write)
            await says(
                broker.port,
                b"BEGIN\ntransaction:t\n\n\0"
                b"SEND\ndestination:/queue/a\npersistent:true\ntransaction:t\n\nx\0COMMIT\ntransaction:t\nreceipt:c\n\n\0",
            )

    run(work())
    assert seen.index("synced") < seen.index("RECEIPT")


@pytest.mark.parametrize(
    "frames",
    [
        b"COMMIT\ntransaction:none\nreceipt:c\n\n\0",
        b"ABORT\ntransaction:none\nreceipt:c\n\n\0",
        b"BEGIN\ntransaction:t\n\n\0SEND\ndestination:/queue/a\ntransaction:t\n\nlost\0BEGIN\ntransaction:t\nreceipt:c\n\n\0",
    ],
    ids=["commit of nothing", "abort of nothing", "begin twice"],
)
def test_a_transaction_that_is_not_there_or_there_already_is_an_error(tmp_path: Path, frames: bytes) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            assert b"ERROR" in await says(broker.port, frames)

    run(work())


# The embedded broker's errors.


def test_an_error_names_the_receipt_of_its_frame(tmp_path: Path) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path, max_body_octets=10)) as broker:
            answer = await says(
                broker.port, b"SEND\ndestination:/queue/a\nreceipt:r9\ncontent-length:20\n\n" + b"x" * 20 + b"\0"
            )
            assert b"receipt-id:r9" in answer

    run(work())


def test_nothing_counts_after_disconnect(tmp_path: Path) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            await says(broker.port, b"DISCONNECT\nreceipt:d\n\n\0SEND\ndestination:/queue/late\n\nx\0")
            assert "/queue/late" not in broker.queues

    run(work())


def test_a_header_that_an_old_subscriber_cannot_read_does_not_stop_the_broker(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            await says(broker.port, b"SEND\ndestination:/queue/n\nx:a\\nb\n\none\0SEND\ndestination:/queue/n\n\ntwo\0")
            reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
            writer.write(b"CONNECT\n\n\0SUBSCRIBE\ndestination:/queue/n\n\n\0")
            async with asyncio.timeout(2):
                await reader.readuntil(b"two\0")
            writer.close()

    run(work())
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_the_broker_goes_on_after_its_disk_refused_a_write(tmp_path: Path) -> None:
    """Any failure between BEGIN and COMMIT leaves the transaction open: every later write fails."""
    from ssm.broker.store import NewMessage, Store

    store = Store(tmp_path)
    with pytest.raises(UnicodeEncodeError):
        store.add([NewMessage("/queue/a", {}, b"a"), NewMessage("/queue/\ud800", {}, b"b")])
    assert store.add([NewMessage("/queue/a", {}, b"c")])
    store.close()
