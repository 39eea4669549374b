# SPDX-License-Identifier: Apache-2.0
"""A slow or hostile other end, and what is asked of a connection while it is being closed."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.errors import ConnectFailedError, TransportError
from ssm.ports.transport import Delivery
from ssm.protocols.stomp.codec import Decoder
from ssm.protocols.stomp.session import SessionSettings
from ssm.transport.connection import HELD_OCTETS
from ssm.transport.stomp import StompSettings, StompTransport
from ssm.transport.tls import TlsSettings
from ssm.wiring import broker_context
from tests.pki import Pki

GREETING = b"CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def to(
    port: int, tls: TlsSettings | None = None, session: SessionSettings | None = None, host: str = "127.0.0.1"
) -> StompTransport:
    return StompTransport(StompSettings(((host, port),), "/queue/a", tls, 100, session or SessionSettings()))


@contextlib.asynccontextmanager
async def scripted(script: Script, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\0")
            writer.write(GREETING)
            await script(reader, writer)
        writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=64 * 1024, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for _ in range(5):
            await asyncio.sleep(0)


async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


@pytest.mark.parametrize("use_tls", [False, True])
def test_a_slow_link_that_moves_is_not_given_up(tmp_path: Path, *, use_tls: bool) -> None:
    """32 messages of 2 MB to a broker that reads 8 MB/s, with receipts due within 2 s."""
    pki = Pki(tmp_path / "pki")
    own, client = pki.issue(), pki.issue()
    context = broker_context(own.certificate_path, own.key_path, pki.ca_directory) if use_tls else None
    tls = TlsSettings(client.certificate_path, client.key_path, pki.ca_directory) if use_tls else None
    size, count = 2_000_000, 32

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        begun, got = loop.time(), 0
        for _ in range(count):
            head = await reader.readuntil(b"\n\n")
            left = size + 1
            while left:
                part = await reader.read(min(left, 65536))
                if not part:
                    return
                left -= len(part)
                got += len(part)
                ahead = got / 8_000_000 - (loop.time() - begun)
                if ahead > 0:
                    await asyncio.sleep(ahead)
            receipt = head.partition(b"\nreceipt:")[2].partition(b"\n")[0]
            writer.write(b"RECEIPT\nreceipt-id:" + receipt + b"\n\n\0")

    async def work() -> None:
        async with scripted(slow, context) as port:
            session = SessionSettings(receipt_timeout_seconds=2.0, heartbeat_seconds=0)
            producer = await to(port, tls, session).open_producer()
            await asyncio.gather(*(producer.publish(str(n), b"x" * size) for n in range(count)))
            await producer.close()

    asyncio.run(asyncio.wait_for(work(), 60))


def test_messages_without_a_body_are_bounded_too() -> None:
    frame = b"MESSAGE\nack:" + b"1" * 1000 + b"\nempa-id:" + b"i" * 1000 + b"\n\n\0"

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        for _ in range(400):
            writer.write(frame * 50)
            await writer.drain()

    async def work() -> None:
        async with scripted(flood) as port:
            consumer = await to(port).open()
            consumer.subscribe(100)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(consumer.ended, 3)  # whatever comes in spite of the bound would be here
            held = sum(len(one.token) + len(one.message_id or "") for one in consumer.deliveries)
            await consumer.close()
            assert held <= HELD_OCTETS + 1_000_000, f"{held} octets held"

    asyncio.run(work())


def test_goodbye_does_not_stand_inside_a_message() -> None:
    heard = bytearray()
    size = 20_000_000

    async def hears(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        while part := await reader.read(65536):
            heard.extend(part)

    async def work() -> None:
        async with scripted(hears) as port:
            producer = await to(port).open_producer()
            publishing = asyncio.ensure_future(producer.publish("1", b"x" * size))
            await asyncio.sleep(0.1)
            await producer.close()
            with contextlib.suppress(TransportError):
                await publishing
            body = bytes(heard).partition(b"\n\n")[2][:size]
            assert not body.strip(b"x"), body.strip(b"x")[:60]

    asyncio.run(asyncio.wait_for(work(), 30))


def test_who_still_publishes_or_acknowledges_while_it_is_closed_hears_of_a_lost_connection() -> None:
    async def work() -> None:
        async with scripted(silent) as port:
            consumer, producer = await to(port).open_consumer(), await to(port).open_producer()
            closing = [asyncio.ensure_future(one.close()) for one in (consumer, producer)]
            await asyncio.sleep(0.05)
            with pytest.raises(TransportError):
                await consumer.acknowledge([Delivery(b"", None, "1")])
            with pytest.raises(TransportError):
                await producer.publish("1", b"x")
            await asyncio.gather(*closing)

    asyncio.run(work())


def test_a_close_that_is_cancelled_leaves_no_socket_open() -> None:
    async def work() -> None:
        async with scripted(silent) as port:
            producer = await to(port).open()
            closing = asyncio.ensure_future(producer.close())
            await asyncio.sleep(0.05)
            closing.cancel()
            await asyncio.wait({closing})
            await asyncio.wait_for(asyncio.shield(producer.ended), 1)

    asyncio.run(work())


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".org", ".example.org"])
def test_a_host_that_cannot_be_looked_up_is_a_failed_attempt(tmp_path: Path, host: str) -> None:
    pki = Pki(tmp_path / "pki")
    own = pki.issue()

    async def work(tls: TlsSettings | None) -> None:
        with pytest.raises(ConnectFailedError):
            await to(1, tls, host=host).open_producer()

    asyncio.run(work(None))
    asyncio.run(work(TlsSettings(own.certificate_path, own.key_path, pki.ca_directory)))


def test_no_more_of_a_message_is_kept_than_the_bound() -> None:
    decoder = Decoder(1000)
    [frame] = decoder.feed(b"MESSAGE\ncontent-length:50000\n\n" + b"x" * 50000 + b"\0")
    assert frame.full_size == 50000
    assert len(frame.body) <= 1000


def test_a_full_queue_refuses_what_is_too_much_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssm.broker.queues.MAX_WAITING", 2)

    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            producer = await to(broker.port).open_producer()
            await producer.publish("1", b"x")
            await producer.publish("2", b"x")
            with pytest.raises(TransportError):
                await asyncio.wait_for(producer.publish("3", b"x"), 3)
            await producer.close()
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            assert len(broker.queues["/queue/a"].waiting) == 2

    asyncio.run(work())
