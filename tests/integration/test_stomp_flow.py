# SPDX-License-Identifier: Apache-2.0
"""Over real sockets: a slow, greedy or careless other end, and what is asked of a connection that is being closed."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path

import pytest

from ssm.broker import queues
from ssm.broker.conversation import UNREAD_OCTETS, Conversation
from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.errors import ConnectFailedError, RefusedError, TransportError
from ssm.lookup.fixed import FixedBrokers
from ssm.ports.transport import Delivery
from ssm.protocols.stomp.session import SessionSettings
from ssm.transport.stomp.connection import HELD_OCTETS, Connection
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.transport.tls import TlsSettings
from ssm.wiring.messaging import broker_context
from tests.pki import Pki

GREETING = b"CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"
QUEUE = "/queue/a"
SECONDS = 60.0
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, SECONDS))


def to(
    port: int, *, tls: TlsSettings | None = None, session: SessionSettings | None = None, host: str = "127.0.0.1"
) -> StompTransport:
    return StompTransport(StompSettings(FixedBrokers(((host, port),)), QUEUE, tls, 100, session or SessionSettings()))


@contextlib.asynccontextmanager
async def scripted(script: Script, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A broker that greets and then does as the script says; it buffers as little as a system lets it."""
    at_work: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        at_work.add(task)
        try:
            await reader.readuntil(b"\0")
            writer.write(GREETING)
            await script(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # asyncio's own server complains aloud of a task that was cancelled
        finally:
            writer.transport.abort()

    end = socket.create_server(("127.0.0.1", 0))
    end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    server = await asyncio.start_server(serve, sock=end, limit=64 * 1024, ssl=context)
    try:
        yield end.getsockname()[1]
    finally:
        server.close()
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for it; the test's own deadline ends a wait in vain."""
    while not is_so():
        await asyncio.sleep(0.01)


def reading_slowly(count: int, size: int, octets_per_second: float) -> Script:
    """Confirms each message as soon as it is there, and reads no faster than this."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        begun, got = loop.time(), 0
        for _ in range(count):
            head = await reader.readuntil(b"\n\n")
            left = size + 1
            while left:
                part = await reader.read(min(left, 16 * 1024))
                if not part:
                    return
                left -= len(part)
                got += len(part)
                await asyncio.sleep(got / octets_per_second - (loop.time() - begun))
            receipt = head.partition(b"\nreceipt:")[2].partition(b"\n")[0]
            writer.write(b"RECEIPT\nreceipt-id:" + receipt + b"\n\n\0")
        await silent(reader, writer)

    return script


@pytest.mark.parametrize("use_tls", [False, True])
@pytest.mark.parametrize(("count", "size"), [(80, 50_000), (3, 1_400_000)])
def test_a_slow_link_that_moves_is_not_given_up(tmp_path: Path, count: int, size: int, *, use_tls: bool) -> None:
    """All is sent at once, takes four seconds on its way, and a receipt is due within one and a half."""
    pki = Pki(tmp_path / "pki")
    own, client = pki.issue(), pki.issue()
    context = broker_context(own.certificate_path, own.key_path, pki.ca_directory) if use_tls else None
    tls = TlsSettings(client.certificate_path, client.key_path, pki.ca_directory) if use_tls else None

    async def work() -> None:
        async with scripted(reading_slowly(count, size, 1_000_000), context) as port:
            session = SessionSettings(receipt_timeout_seconds=1.5, heartbeat_seconds=0)
            producer = await to(port, tls=tls, session=session).open()
            try:
                await asyncio.gather(*(producer.publish(str(number), b"x" * size) for number in range(count)))
            finally:
                producer.fail(TransportError("the test is over"))
                await producer.ended

    run(work())


def test_messages_without_a_body_are_bounded_too() -> None:
    texts = b"ack:" + b"1" * 1000 + b"\nempa-id:" + b"i" * 1000
    frames = (b"MESSAGE\n" + texts + b"\n\n\0") * 200
    whole_flood = 8 * HELD_OCTETS
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\0")
        while sent < whole_flood:
            writer.write(frames)
            await writer.drain()
            sent += len(frames)

    async def work() -> None:
        async with scripted(flood) as port:
            consumer = await to(port).open()
            consumer.subscribe(100)
            await until(lambda: consumer.is_paused)
            assert len(consumer.deliveries) * len(texts) < HELD_OCTETS + 1_000_000
            consumer.fail(TransportError("the test is over"))
            await consumer.ended
        assert sent < whole_flood

    run(work())


def test_goodbye_does_not_stand_inside_a_message() -> None:
    heard = bytearray()
    size = 20_000_000
    may_read = asyncio.Event()

    async def hears(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await may_read.wait()
        while part := await reader.read(65536):
            heard.extend(part)
            if heard.endswith(b"\n\n\0"):
                return

    async def work() -> None:
        async with scripted(hears) as port:
            producer = await to(port).open()
            publishing = asyncio.ensure_future(producer.publish("1", b"x" * size))
            await until(lambda: not producer.outgoing.room.is_set())
            closing = asyncio.ensure_future(producer.close())
            await asyncio.sleep(0)
            may_read.set()
            await closing
            with pytest.raises(TransportError):
                await publishing
        body, _, rest = heard.partition(b"\n\n")[2].partition(b"\0")
        assert body == b"x" * size
        assert rest.startswith(b"DISCONNECT\n")

    run(work())


def test_who_publishes_or_acknowledges_on_what_is_being_closed_has_lost_the_connection() -> None:
    async def work() -> None:
        async with scripted(silent) as port:
            consumer, producer = await to(port).open(), await to(port).open()
            consumer.subscribe(1)
            closing = [asyncio.ensure_future(one.close()) for one in (consumer, producer)]
            await asyncio.sleep(0)
            with pytest.raises(TransportError):
                await consumer.acknowledge([Delivery(b"", None, "1")])
            with pytest.raises(TransportError):
                await producer.publish("1", b"x")
            for one in (consumer, producer):
                one.fail(TransportError("the test is over"))
            await asyncio.gather(*closing)

    run(work())


def test_a_close_that_is_cancelled_leaves_no_socket_open() -> None:
    async def work() -> None:
        async with scripted(silent) as port:
            producer = await to(port).open()
            closing = asyncio.ensure_future(producer.close())
            await until(lambda: bool(producer.receipts))
            closing.cancel()
            await asyncio.wait({closing})
            assert closing.cancelled()
            await producer.ended

    run(work())


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".org", ".example.org", "a\0b"])
def test_a_host_that_cannot_be_looked_up_is_a_failed_attempt(tmp_path: Path, host: str) -> None:
    pki = Pki(tmp_path / "pki")
    own = pki.issue()

    async def work(tls: TlsSettings | None) -> None:
        with pytest.raises(ConnectFailedError, match="not the name of a host"):
            await to(1, tls=tls, host=host).open_producer()

    run(work(None))
    run(work(TlsSettings(own.certificate_path, own.key_path, pki.ca_directory)))


def test_a_full_queue_refuses_what_is_too_much_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queues, "MAX_WAITING", 2)

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            producer = await to(broker.port).open_producer()
            await producer.publish("1", b"x")
            await producer.publish("2", b"x")
            with pytest.raises(RefusedError, match="full"):
                await producer.publish("3", b"x")
            await producer.close()
            consumer = await to(broker.port).open_consumer()
            await consumer.acknowledge([one for _ in range(2) for one in await consumer.receive(1)])
            await consumer.close()
            producer = await to(broker.port).open_producer()
            await producer.publish("3", b"x")
            await producer.close()
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            assert len(broker.queues[QUEUE].waiting) == 1

    run(work())


def test_a_subscriber_that_does_not_read_costs_the_broker_little_and_gets_all_once_it_does(tmp_path: Path) -> None:
    count, size = 200, 200_000

    def held_for(clients: set[Conversation]) -> int:
        return max(one.transport.get_write_buffer_size() for one in clients if one.transport is not None)

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            consumer: Connection = await StompTransport(
                StompSettings(FixedBrokers((("127.0.0.1", broker.port),)), QUEUE, None, 999_999)
            ).open()
            assert consumer.transport is not None
            consumer.transport.pause_reading()
            consumer.subscribe(999_999)
            producer = await to(broker.port).open_producer()
            for number in range(count):
                await producer.publish(str(number), b"x" * size)
                assert held_for(broker.conversations) <= UNREAD_OCTETS + 2 * size
            await producer.close()
            consumer.transport.resume_reading()
            taken: list[str | None] = []
            while len(taken) < count:
                deliveries = await consumer.receive(100)
                taken.extend(one.message_id for one in deliveries)
                await consumer.acknowledge(deliveries)
            assert taken == [str(number) for number in range(count)]
            await consumer.close()

    run(work())
