# SPDX-License-Identifier: Apache-2.0
"""What every transport promises, on the embedded broker, on the real ones, plain and over TLS, and on AMS."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.errors import TransportError
from ssm.lookup.fixed import FixedBrokers
from ssm.ports.transport import Delivery, Transport
from ssm.protocols.stomp.session import SessionSettings
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.transport.tls import TlsSettings
from ssm.wiring.messaging import broker_context
from tests.ams import ams_place
from tests.conftest import WAYS as REAL_WAYS
from tests.exchange import give, nothing_comes, taken
from tests.pki import Pki
from tests.servers.broker import BrokerServer, new_queue

SECONDS = 40.0
QUIET_SECONDS = 0.5
PREFETCH = 20
MAX_OCTETS = 300_000
QUEUES = [("embedded", False), ("embedded", True), *REAL_WAYS]
# A subscription is one position in a log: no single message comes again by itself, and two consumers share no queue.
# What AMS promises instead stands in tests/integration/test_ams_transport.py.
ALL_WAYS = [*QUEUES, ("ams", True)]
Work = Callable[[Transport], Awaitable[None]]


@dataclass(frozen=True)
class Way:
    """One transport to one fresh, empty queue."""

    open: Callable[[], AbstractAsyncContextManager[Transport]]

    def run(self, work: Work) -> None:
        async def whole() -> None:
            async with asyncio.timeout(SECONDS), self.open() as transport:
                await work(transport)

        asyncio.run(whole())


def transport_to(port: int, tls: TlsSettings | None, login: str | None, passcode: str | None) -> Transport:
    session = SessionSettings(login=login, passcode=passcode, max_body_octets=MAX_OCTETS)
    return StompTransport(StompSettings(FixedBrokers([("127.0.0.1", port)]), new_queue(), tls, PREFETCH, session))


def names(ways: Sequence[tuple[str, bool]]) -> list[str]:
    return [f"{kind}-{'tls' if use_tls else 'plain'}" for kind, use_tls in ways]


@pytest.fixture(params=ALL_WAYS, ids=names(ALL_WAYS))
def way(request: pytest.FixtureRequest, server_pki: Pki, tmp_path: Path) -> Way:
    return way_of(request, server_pki, tmp_path)


@pytest.fixture(params=QUEUES, ids=names(QUEUES))
def queue_way(request: pytest.FixtureRequest, server_pki: Pki, tmp_path: Path) -> Way:
    return way_of(request, server_pki, tmp_path)


class Both:
    """A producer's way and a consumer's, where these differ."""

    def __init__(self, sending: Transport, taking: Transport) -> None:
        self.open_producer = sending.open_producer
        self.open_consumer = taking.open_consumer


def way_of(request: pytest.FixtureRequest, server_pki: Pki, tmp_path: Path) -> Way:
    kind, use_tls = request.param
    client = server_pki.issue("client.example.org")
    tls = TlsSettings(client.certificate_path, client.key_path, server_pki.ca_directory) if use_tls else None

    @asynccontextmanager
    async def embedded() -> AsyncIterator[Transport]:
        own = server_pki.issue("broker.example.org")
        context = broker_context(own.certificate_path, own.key_path, server_pki.ca_directory) if use_tls else None
        async with EmbeddedBroker(BrokerSettings(tmp_path / "broker", tls=context)) as broker:
            yield transport_to(broker.port, tls, None, None)

    @asynccontextmanager
    async def real() -> AsyncIterator[Transport]:
        server: BrokerServer = request.getfixturevalue(kind)
        login = server.login
        yield transport_to(server.tls_port if use_tls else server.plain_port, tls, login.login, login.passcode)

    @asynccontextmanager
    async def ams() -> AsyncIterator[Transport]:
        with ams_place(server_pki) as place:
            limits = {"max_octets": MAX_OCTETS, "prefetch": PREFETCH}
            yield Both(place.sending(**limits), place.taking(**limits))

    return Way({"embedded": embedded, "ams": ams}.get(kind, real))


def bodies_of(deliveries: Sequence[Delivery]) -> list[bytes]:
    return [one.body for one in deliveries]


def test_a_message_arrives_with_its_octets_and_its_id(way: Way) -> None:
    bodies = [b"text\n", b"\0\xff\n\n\r\n\0", b"", b"x" * 200_000]

    async def work(transport: Transport) -> None:
        await give(transport, *bodies)
        consumer = await transport.open_consumer()
        deliveries = await taken(consumer, len(bodies))
        assert bodies_of(deliveries) == bodies
        assert [one.message_id for one in deliveries] == [f"id/{number}" for number in range(len(bodies))]
        assert not any(one.redelivered or one.full_size for one in deliveries)
        await consumer.close()

    way.run(work)


@pytest.mark.parametrize("message_id", ["5f0a1c2c/5f0a1c41b2d3e7", "a:b\\c\\n", "line\nend", "é€", "x" * 500, "ping"])
def test_any_id_arrives_as_it_is(way: Way, message_id: str) -> None:
    async def work(transport: Transport) -> None:
        producer = await transport.open_producer()
        await producer.publish(message_id, b"body")
        await producer.close()
        consumer = await transport.open_consumer()
        assert [one.message_id for one in await taken(consumer, 1)] == [message_id]
        await consumer.close()

    way.run(work)


def test_many_messages_arrive_once_each(way: Way) -> None:
    bodies = [b"message %d" % number for number in range(500)]

    async def work(transport: Transport) -> None:
        await give(transport, *bodies)
        consumer = await transport.open_consumer()
        assert bodies_of(await taken(consumer, len(bodies))) == bodies
        await consumer.close()
        consumer = await transport.open_consumer()
        assert await nothing_comes(consumer, QUIET_SECONDS)
        await consumer.close()

    way.run(work)


def test_no_more_is_handed_over_than_was_asked_for(way: Way) -> None:
    async def work(transport: Transport) -> None:
        await give(transport, *(b"%d" % number for number in range(5)))
        consumer = await transport.open_consumer()
        sizes: list[int] = []
        while sum(sizes) < 5:
            some = await consumer.receive(2)
            await consumer.acknowledge(some)
            sizes.append(len(some))
        assert all(1 <= size <= 2 for size in sizes)
        await consumer.close()

    way.run(work)


def test_no_more_than_the_prefetch_is_out_at_a_time(way: Way) -> None:
    async def work(transport: Transport) -> None:
        await give(transport, *(b"%d" % number for number in range(2 * PREFETCH)))
        consumer = await transport.open_consumer()
        first = await taken(consumer, PREFETCH, acknowledge=False)
        assert await nothing_comes(consumer, QUIET_SECONDS)
        await consumer.acknowledge(first)
        assert len(await taken(consumer, PREFETCH)) == PREFETCH
        await consumer.close()

    way.run(work)


def test_what_is_not_acknowledged_comes_again_and_says_so(queue_way: Way) -> None:
    async def work(transport: Transport) -> None:
        await give(transport, *(b"%d" % number for number in range(5)))
        consumer = await transport.open_consumer()
        deliveries = await taken(consumer, 5, acknowledge=False)
        await consumer.acknowledge([deliveries[1], deliveries[3]])
        await consumer.close()
        consumer = await transport.open_consumer()
        again = await taken(consumer, 3)
        assert sorted(bodies_of(again)) == [b"0", b"2", b"4"]
        assert all(one.redelivered for one in again)
        assert await nothing_comes(consumer, QUIET_SECONDS)
        await consumer.close()

    queue_way.run(work)


def test_two_consumers_share_a_queue(queue_way: Way) -> None:
    async def work(transport: Transport) -> None:
        one, other = await transport.open_consumer(), await transport.open_consumer()
        await asyncio.sleep(QUIET_SECONDS)  # a subscription is not confirmed
        await give(transport, *(b"%d" % number for number in range(30)))
        both: list[bytes] = []
        counts = {one: 0, other: 0}
        waits = {asyncio.ensure_future(end.receive(10)): end for end in (one, other)}
        while len(both) < 30:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in done:
                end = waits.pop(wait)
                await end.acknowledge(wait.result())
                counts[end] += len(wait.result())
                both += bodies_of(wait.result())
                waits[asyncio.ensure_future(end.receive(10))] = end
        for wait in waits:
            wait.cancel()
        assert sorted(both) == sorted(b"%d" % number for number in range(30))
        assert all(counts.values())
        await one.close()
        await other.close()

    queue_way.run(work)


def test_a_receive_that_is_cancelled_loses_nothing(way: Way) -> None:
    async def work(transport: Transport) -> None:
        consumer = await transport.open_consumer()
        assert await nothing_comes(consumer, QUIET_SECONDS)
        got: list[bytes] = []
        for number in range(20):
            await give(transport, b"%d" % number)
            waiting = asyncio.ensure_future(consumer.receive(1))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
            got += [] if waiting.cancelled() else bodies_of(waiting.result())
        got += bodies_of(await taken(consumer, 20 - len(got), acknowledge=False))
        assert got == [b"%d" % number for number in range(20)]
        await consumer.close()

    way.run(work)


def test_a_message_beyond_the_bound_is_cut_and_the_line_goes_on(way: Way) -> None:
    async def work(transport: Transport) -> None:
        large = bytes(range(256)) * 4000
        await give(transport, b"before", large, b"after")
        consumer = await transport.open_consumer()
        before, cut, after = await taken(consumer, 3)
        assert (before.body, after.body) == (b"before", b"after")
        assert cut.full_size == len(large)
        assert cut.message_id == "id/1"
        assert 0 < len(cut.body) <= MAX_OCTETS
        assert large.startswith(cut.body)
        await consumer.close()

    way.run(work)


def test_a_closed_end_says_so_and_closing_again_does_no_harm(way: Way) -> None:
    async def work(transport: Transport) -> None:
        producer, consumer = await transport.open_producer(), await transport.open_consumer()
        for _ in range(2):
            await producer.close()
            await consumer.close()
        with pytest.raises(TransportError):
            await producer.publish("id", b"body")
        with pytest.raises(TransportError):
            await consumer.receive(1)
        with pytest.raises(TransportError):
            await consumer.acknowledge([Delivery(b"", None, "1")])

    way.run(work)


def test_an_end_names_its_broker(way: Way) -> None:
    async def work(transport: Transport) -> None:
        producer = await transport.open_producer()
        host, _, port = producer.peer.rpartition(":")
        assert host
        assert port.isdigit()
        await producer.close()

    way.run(work)
