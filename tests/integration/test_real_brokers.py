# SPDX-License-Identifier: Apache-2.0
"""The STOMP transport on ActiveMQ and RabbitMQ: what only a real broker, or an independent client at it, can show."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest

from ssm.errors import ConnectFailedError, TransportError
from ssm.lookup.fixed import FixedBrokers
from ssm.protocols.stomp.session import SessionSettings
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.transport.tls import TlsSettings
from tests.conftest import NewServer
from tests.exchange import give, nothing_comes, taken
from tests.pki import Credential, Pki
from tests.servers.broker import BrokerServer, RealBroker, new_queue

MANY = 200
PREFETCH = 20
QUIET_SECONDS = 0.7
SECONDS = 60.0


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, SECONDS))


def shown(broker: RealBroker, client: Credential) -> TlsSettings:
    return TlsSettings(client.certificate_path, client.key_path, broker.pki.ca_directory)


def transport_to(
    broker: RealBroker, *, session: SessionSettings | None = None, client: Credential | None = None
) -> StompTransport:
    login = broker.login
    session = session or SessionSettings(login=login.login, passcode=login.passcode)
    tls = shown(broker, client or broker.client) if broker.use_tls else None
    return StompTransport(
        StompSettings(FixedBrokers([(broker.host, broker.port)]), broker.queue, tls, PREFETCH, session)
    )


def numbered(count: int) -> list[bytes]:
    return [b"message %d" % number for number in range(count)]


def test_what_we_publish_another_client_receives(real_broker: RealBroker) -> None:
    bodies = [*numbered(MANY), b"\0\n\r\n\xff", b""]
    run(give(transport_to(real_broker), *bodies))
    with real_broker.raw() as raw:
        frames = raw.receive_all(real_broker.queue, len(bodies))
    assert [frame.body for frame in frames] == bodies
    assert [frame.headers["empa-id"] for frame in frames] == [f"id/{number}" for number in range(len(bodies))]
    assert all(frame.headers["persistent"] == "true" for frame in frames)


def test_what_another_client_publishes_we_receive_once(real_broker: RealBroker) -> None:
    bodies = [*numbered(MANY), b"\0\n\r\n\xff", b""]
    with real_broker.raw() as raw:
        raw.send_all(real_broker.queue, bodies, {"empa-id": "5f0a1c2c/5f0a1c41b2d3e7"})

    async def work() -> None:
        consumer = await transport_to(real_broker).open_consumer()
        deliveries = await taken(consumer, len(bodies))
        assert [one.body for one in deliveries] == bodies
        assert {one.message_id for one in deliveries} == {"5f0a1c2c/5f0a1c41b2d3e7"}
        await consumer.close()

    run(work())
    with real_broker.raw() as raw:
        assert raw.is_empty(real_broker.queue)


def test_a_lost_connection_brings_back_what_was_not_acknowledged_and_nothing_else(real_broker: RealBroker) -> None:
    async def work() -> None:
        transport = transport_to(real_broker)
        await give(transport, *numbered(PREFETCH * 3 // 2))
        consumer = await transport.open()
        consumer.subscribe(PREFETCH)
        deliveries = await taken(consumer, PREFETCH, acknowledge=False)
        assert not any(one.redelivered for one in deliveries)
        await consumer.acknowledge(deliveries[::2])
        left = [*deliveries[1::2], *await taken(consumer, PREFETCH // 2, acknowledge=False)]  # so the broker has heard
        consumer.fail(TransportError("the network is gone"))
        await consumer.ended
        again = await transport.open_consumer()
        back = await taken(again, len(left))
        assert sorted(one.body for one in back) == sorted(one.body for one in left)
        assert all(one.redelivered for one in back)
        assert await nothing_comes(again, QUIET_SECONDS)
        await again.close()

    run(work())


def test_only_acknowledgements_make_room_beyond_the_prefetch(real_broker: RealBroker) -> None:
    async def work() -> None:
        transport = transport_to(real_broker)
        await give(transport, *numbered(MANY))
        consumer = await transport.open_consumer()
        out = await taken(consumer, PREFETCH, acknowledge=False)
        assert await nothing_comes(consumer, QUIET_SECONDS)
        await consumer.acknowledge(out[:5])
        out += await taken(consumer, 5, acknowledge=False)
        assert await nothing_comes(consumer, QUIET_SECONDS)
        await consumer.acknowledge(out[5:])
        rest = await taken(consumer, MANY - len(out))
        assert [one.body for one in (*out, *rest)] == numbered(MANY)
        await consumer.close()

    run(work())


STRANGE_HEADERS = {
    "many": b"".join(b"x%d:y\n" % number for number in range(200)),
    "large": b"".join(b"x%d:%b\n" % (number, b"z" * 7000) for number in range(10)),
    "not-utf-8": b"x:\xff\xfe\n",
    "ours": b"ack:other\nmessage-id:other\nsubscription:9\nredelivered:true\n",
    "escaped": b"x:a\\\\b\\cc\\nd\\re\n",
    "empty": b"x:\n",
}


@pytest.mark.parametrize("headers", STRANGE_HEADERS.values(), ids=STRANGE_HEADERS)
def test_no_headers_of_a_message_stop_the_line(real_broker: RealBroker, headers: bytes) -> None:
    with real_broker.raw() as raw:
        raw.socket.sendall(
            b"SEND\ndestination:%b\npersistent:true\nreceipt:1\nempa-id:strange\n%bcontent-length:4\n\nbody\0"
            % (real_broker.queue.encode(), headers)
        )
        is_taken = answer_of(raw.read) == "RECEIPT"
    with real_broker.raw() as raw:
        raw.send_all(real_broker.queue, [b"next"])

    async def work() -> None:
        consumer = await transport_to(real_broker).open_consumer()
        deliveries = await taken(consumer, 1 + is_taken)
        assert [one.body for one in deliveries] == [b"body", b"next"][1 - is_taken :]
        assert [one.message_id for one in deliveries] == ["strange", None][1 - is_taken :]
        await consumer.close()
        consumer = await transport_to(real_broker).open_consumer()
        assert await nothing_comes(consumer, QUIET_SECONDS)
        await consumer.close()

    run(work())


def answer_of(read: Callable[[], object]) -> str:
    """A broker may refuse such a frame in its own way."""
    try:
        return str(getattr(read(), "command", ""))
    except (EOFError, OSError):
        return "gone"


def refused(work: Awaitable[object]) -> str:
    """Why no broker took us; by the first message at the latest."""

    async def whole() -> str:
        with pytest.raises(TransportError) as caught:
            await asyncio.wait_for(work, SECONDS)
        return str(caught.value)

    return asyncio.run(whole())


@pytest.mark.parametrize("use_tls", [False, True])
def test_a_wrong_password_is_refused_in_words(rabbitmq: BrokerServer, server_pki: Pki, *, use_tls: bool) -> None:
    """ActiveMQ, as it comes, asks nobody."""
    broker = RealBroker(rabbitmq, server_pki, server_pki.issue("client.example.org"), use_tls, new_queue())
    session = SessionSettings(login=broker.login.login, passcode="a wrong one")
    why = refused(transport_to(broker, session=session).open_producer())
    assert f"{broker.host}:{broker.port}: the broker answered: " in why
    assert "a wrong one" not in why


@pytest.fixture(params=["activemq", "rabbitmq"])
def over_tls(request: pytest.FixtureRequest, server_pki: Pki) -> RealBroker:
    server: BrokerServer = request.getfixturevalue(request.param)
    return RealBroker(server, server_pki, server_pki.issue("client.example.org"), use_tls=True, queue=new_queue())


def test_a_certificate_of_an_unknown_ca_is_refused_in_words(over_tls: RealBroker, tmp_path: Path) -> None:
    stranger = Pki(tmp_path / "other", name="Other CA").issue("stranger.example.org")
    why = refused(give(transport_to(over_tls, client=stranger), b"body"))
    assert "the broker does not accept our certificate" in why


def test_a_broker_of_an_unknown_ca_is_not_believed(over_tls: RealBroker, tmp_path: Path) -> None:
    other = Pki(tmp_path / "other", name="Other CA")
    transport = transport_to(over_tls)
    tls = replace(shown(over_tls, over_tls.client), ca_directory=other.ca_directory)
    why = refused(StompTransport(replace(transport.settings, tls=tls)).open_producer())
    assert "the broker's certificate does not hold" in why


def test_tls_and_plain_do_not_mix_and_do_not_hang(real_broker: RealBroker) -> None:
    quick = SessionSettings(connect_timeout_seconds=3)
    other = replace(real_broker, use_tls=not real_broker.use_tls)
    transport = transport_to(real_broker, session=quick)
    with pytest.raises(ConnectFailedError):
        asyncio.run(
            asyncio.wait_for(
                StompTransport(
                    replace(transport.settings, brokers=FixedBrokers([(other.host, other.port)]))
                ).open_producer(),
                SECONDS,
            )
        )


def test_signs_of_life_keep_an_idle_connection(real_broker: RealBroker, caplog: pytest.LogCaptureFixture) -> None:
    login = real_broker.login
    session = SessionSettings(login=login.login, passcode=login.passcode, heartbeat_seconds=1)

    async def work() -> None:
        transport = transport_to(real_broker, session=session)
        consumer = await transport.open_consumer()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(consumer.receive(1), 5)  # several times what either end would put up with
        await give(transport, b"still here")
        assert [one.body for one in await taken(consumer, 1)] == [b"still here"]
        await consumer.close()

    with caplog.at_level(logging.WARNING):
        run(work())
    assert not caplog.records


@pytest.mark.parametrize("kind", ["activemq", "rabbitmq"])
def test_what_a_broker_confirmed_is_there_after_it_was_killed(
    new_server: NewServer, server_pki: Pki, kind: str
) -> None:
    server = new_server(kind)
    broker = RealBroker(server, server_pki, server_pki.issue("client.example.org"), use_tls=False, queue=new_queue())
    confirmed: set[bytes] = set()
    bodies = numbered(MANY)

    async def before() -> None:
        producer = await transport_to(broker).open_producer()

        async def publish(number: int) -> None:
            await producer.publish(f"id/{number}", bodies[number])
            confirmed.add(bodies[number])
            if len(confirmed) == MANY // 2:
                server.kill()

        results = await asyncio.gather(*(publish(number) for number in range(MANY)), return_exceptions=True)
        assert all(one is None or isinstance(one, TransportError) for one in results)
        await producer.close()

    async def after() -> None:
        consumer = await transport_to(broker).open_consumer()
        came: set[bytes] = set()
        while not confirmed <= came:
            came |= {one.body for one in await taken(consumer, 1)}
        assert came <= set(bodies)
        await consumer.close()

    run(before())
    assert len(confirmed) >= MANY // 2
    server.restart()
    run(after())
