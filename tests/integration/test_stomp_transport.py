# SPDX-License-Identifier: Apache-2.0
"""The STOMP transport over real sockets: TLS, hostile and broken brokers, deadlines, failover, restarts."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.errors import (
    ConnectFailedError,
    ConnectionLostError,
    CredentialError,
    RefusedError,
    RemoteProtocolError,
    TimedOutError,
)
from ssm.lookup.fixed import FixedBrokers
from ssm.ports.transport import Delivery
from ssm.protocols.stomp.session import SessionSettings
from ssm.transport.stomp.connection import HELD_OCTETS, Connection
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.transport.tls import TlsSettings
from ssm.wiring.messaging import broker_context
from tests.pki import Credential, Pki

QUEUE = "/queue/a"
GREETING = b"CONNECTED\nversion:1.2\nheart-beat:0,0\n\n\0"
QUICK = SessionSettings(connect_timeout_seconds=1.5, receipt_timeout_seconds=1.0)
SECONDS = 30.0
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("transport-pki") / "pki")


def run(work: Coroutine[None, None, None]) -> None:
    """To the end, within bounds."""
    asyncio.run(asyncio.wait_for(work, SECONDS))


def transport_to(
    *ports: int, tls: TlsSettings | None = None, session: SessionSettings = QUICK, host: str = "127.0.0.1"
) -> StompTransport:
    return StompTransport(StompSettings(FixedBrokers((host, port) for port in ports), QUEUE, tls, 10, session))


def shown(credential: Credential, ca_directory: Path, *, verify: bool = True) -> TlsSettings:
    return TlsSettings(credential.certificate_path, credential.key_path, ca_directory, verify)


@contextlib.asynccontextmanager
async def broker(folder: Path, pki: Pki | None = None, certificate: Credential | None = None) -> AsyncIterator[int]:
    """The port of an embedded broker, over TLS where there is a PKI."""
    context = None
    if pki is not None:
        own = certificate or pki.issue("broker.example.org")
        context = broker_context(own.certificate_path, own.key_path, pki.ca_directory)
    async with EmbeddedBroker(BrokerSettings(folder, tls=context)) as running:
        yield running.port


@contextlib.asynccontextmanager
async def scripted(script: Script, greeting: bytes = GREETING) -> AsyncIterator[int]:
    """The port of a broker that does as it is told, once it has greeted."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\0")
            writer.write(greeting)
            await script(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


def says(answer: bytes) -> Script:
    """Take one frame, say this, hang up."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\0")
        writer.write(answer)
        await writer.drain()

    return script


async def until_gone(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Listen, and never answer."""
    while await reader.read(65536):
        pass


async def until(condition: Callable[[], bool]) -> None:
    """Look again and again; ``run`` has the deadline."""
    while not condition():
        await asyncio.sleep(0.01)


async def take(transport: StompTransport, count: int) -> list[Delivery]:
    """Receive and acknowledge this many."""
    consumer = await transport.open_consumer()
    taken: list[Delivery] = []
    while len(taken) < count:
        some = await consumer.receive(count - len(taken))
        await consumer.acknowledge(some)
        taken.extend(some)
    await consumer.close()
    return taken


async def give(transport: StompTransport, *bodies: bytes) -> None:
    producer = await transport.open_producer()
    await asyncio.gather(*(producer.publish(f"id/{number}", body) for number, body in enumerate(bodies)))
    await producer.close()


async def fails_to_connect(transport: StompTransport) -> str:
    """Why no broker took us."""
    with pytest.raises(ConnectFailedError) as caught:
        await transport.open_producer()
    assert len(caught.value.attempts) == len(await transport.settings.brokers.addresses())
    return str(caught.value)


# TLS.


def test_messages_travel_over_tls_with_a_client_certificate(tmp_path: Path, pki: Pki) -> None:
    async def work() -> None:
        async with broker(tmp_path, pki) as port:
            transport = transport_to(port, tls=shown(pki.issue(), pki.ca_directory))
            await give(transport, b"one", b"two" * 300_000)
            assert [one.body for one in await take(transport, 2)] == [b"one", b"two" * 300_000]

    run(work())


def test_a_broker_of_an_unknown_ca_is_not_believed(tmp_path: Path, pki: Pki) -> None:
    async def work() -> None:
        other = Pki(tmp_path / "other", name="Other CA")
        async with broker(tmp_path / "broker", pki) as port:
            why = await fails_to_connect(transport_to(port, tls=shown(pki.issue(), other.ca_directory)))
            assert "broker's certificate does not hold" in why

    run(work())


def test_a_broker_of_another_name_is_not_believed(tmp_path: Path, pki: Pki) -> None:
    async def work() -> None:
        certificate = pki.issue("elsewhere.example.org", san=("elsewhere.example.org",))
        async with broker(tmp_path, pki, certificate) as port:
            for host in ("127.0.0.1", "localhost"):
                why = await fails_to_connect(transport_to(port, tls=shown(pki.issue(), pki.ca_directory), host=host))
                assert "host" in why
                assert "name in its certificate" in why

    run(work())


def test_any_broker_is_believed_where_verification_is_off_and_the_log_says_so_each_time(
    tmp_path: Path, pki: Pki, caplog: pytest.LogCaptureFixture
) -> None:
    async def work() -> None:
        other = Pki(tmp_path / "other", name="Other CA")
        certificate = pki.issue("elsewhere.example.org", san=("elsewhere.example.org",))
        async with broker(tmp_path / "broker", pki, certificate) as port:
            transport = transport_to(port, tls=shown(pki.issue(), other.ca_directory, verify=False))
            await give(transport, b"one")
            await take(transport, 1)

    with caplog.at_level(logging.WARNING, "ssm"):
        run(work())
    assert [record.levelname for record in caplog.records if "verify_broker" in record.message] == ["WARNING"] * 2


def test_the_broker_refuses_a_certificate_of_an_unknown_ca(tmp_path: Path, pki: Pki) -> None:
    async def work() -> None:
        other = Pki(tmp_path / "other", name="Other CA")
        async with broker(tmp_path / "broker", pki) as port:
            why = await fails_to_connect(transport_to(port, tls=shown(other.issue(), pki.ca_directory)))
            # An asyncio server closes without the alert that real brokers send.
            assert re.search("does not accept our certificate|closed the connection|reset", why)

    run(work())


def test_a_key_that_is_not_the_certificates_stops_us_before_any_broker_is_asked(tmp_path: Path, pki: Pki) -> None:
    async def work() -> None:
        one, other = pki.issue(), pki.issue()
        tls = TlsSettings(one.certificate_path, other.key_path, pki.ca_directory)
        with pytest.raises(CredentialError, match="cannot be used for TLS"):
            await transport_to(1, tls=tls).open_producer()
        tls = TlsSettings(one.certificate_path, tmp_path / "missing.pem", pki.ca_directory)
        with pytest.raises(CredentialError, match="cannot be used for TLS"):
            await transport_to(1, tls=tls).open_producer()

    run(work())


def test_tls_and_plain_do_not_mix_and_do_not_hang(tmp_path: Path, pki: Pki) -> None:
    async def work() -> None:
        async with broker(tmp_path / "tls", pki) as tls_port, broker(tmp_path / "plain") as plain_port:
            assert await fails_to_connect(transport_to(tls_port))
            assert await fails_to_connect(transport_to(plain_port, tls=shown(pki.issue(), pki.ca_directory)))

    run(work())


# Brokers that misbehave.


@pytest.mark.parametrize("greeting", [b"", b"\n\n\n", b"CONNECTED\nversion:1.2\n", b"CONNECTED\nversion:1.2\n\n"])
def test_a_broker_that_never_greets_has_a_deadline(greeting: bytes) -> None:
    async def work() -> None:
        async with scripted(until_gone, greeting) as port:
            assert "no answer in time" in await fails_to_connect(transport_to(port))

    run(work())


@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        (b"ERROR\nmessage:Bad CONNECT\n\nlogin failed\0", "Bad CONNECT"),
        (b"ERROR\nmessage:No user for client certificate: CN=x\n\n\0", "does not know our certificate"),
        (b"CONNECTED\nversion:2.0\n\n\0", "unknown version"),
        (b"RECEIPT\nreceipt-id:1\n\n\0", "not due"),
        (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "unknown command"),
    ],
)
def test_a_broker_that_does_not_take_us_is_quoted(greeting: bytes, why: str) -> None:
    async def work() -> None:
        async with scripted(until_gone, greeting) as port:
            assert why in await fails_to_connect(transport_to(port))

    run(work())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"MESSAGE\nack:1\ncontent-length:100\n\nonly this", ConnectionLostError),
        (b"MESSAGE\nack:1\ncontent-", ConnectionLostError),
        (b"", ConnectionLostError),
        (b"MESSAGE\nack:1\ncontent-length:3\n\nfour\0", RemoteProtocolError),
        (b"MESSAGE\nmessage-id:1\n\nno ack header\0", RemoteProtocolError),
        (b"RECEIPT\nreceipt-id:never\n\n\0", RemoteProtocolError),
        (b"x" * 70_000, RemoteProtocolError),
        (b"ERROR\nmessage:queue is forbidden\n\n\0", ConnectionLostError),
    ],
)
def test_a_receiver_is_told_when_its_broker_breaks_off_or_breaks_the_rules(answer: bytes, error: type) -> None:
    async def work() -> None:
        async with scripted(says(answer)) as port:
            consumer = await transport_to(port).open_consumer()
            with pytest.raises(error):
                await consumer.receive(1)
            await consumer.close()

    run(work())


def test_what_came_whole_before_the_end_is_still_handed_over() -> None:
    async def work() -> None:
        async with scripted(says(b"MESSAGE\nack:1\n\nwhole\0MESSAGE\nack:2\n\nha")) as port:
            consumer = await transport_to(port).open_consumer()
            assert [one.body for one in await consumer.receive(10)] == [b"whole"]
            with pytest.raises(ConnectionLostError):
                await consumer.receive(1)
            with pytest.raises(ConnectionLostError):
                await consumer.acknowledge([Delivery(b"whole", None, "1")])
            await consumer.close()

    run(work())


def test_each_message_waits_for_its_own_receipt_in_whatever_order_they_come() -> None:
    confirmed: list[int] = []
    may_go_on = asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        receipts = []
        for _ in range(3):
            head = await reader.readuntil(b"\0")
            receipts += re.findall(rb"\nreceipt:(.*)\n", head)
        for receipt in reversed(receipts):
            may_go_on.clear()
            writer.write(b"RECEIPT\nreceipt-id:" + receipt + b"\n\n\0")
            await may_go_on.wait()
        await until_gone(reader, writer)

    async def work() -> None:
        async with scripted(script) as port:
            producer = await transport_to(port).open_producer()

            async def publish(number: int) -> None:
                await producer.publish(str(number), b"body")
                confirmed.append(number)
                may_go_on.set()

            await asyncio.gather(*map(publish, range(3)))
            await producer.close()

    run(work())
    assert confirmed == [2, 1, 0]


def test_an_error_that_names_a_message_refuses_that_one_and_the_connection_goes_on() -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (b"ERROR\nreceipt-id:%b\nmessage:too large\n\n\0", b"RECEIPT\nreceipt-id:%b\n\n\0"):
            [receipt] = re.findall(rb"\nreceipt:(.*)\n", await reader.readuntil(b"\0"))
            writer.write(answer % receipt)
        await until_gone(reader, writer)

    async def work() -> None:
        async with scripted(script) as port:
            producer = await transport_to(port).open_producer()
            with pytest.raises(RefusedError, match="too large"):
                await producer.publish("1", b"body")
            await producer.publish("2", b"body")
            await producer.close()

    run(work())


def test_an_error_that_names_no_message_ends_every_wait() -> None:
    async def work() -> None:
        async with scripted(says(b"ERROR\nmessage:going down\n\n\0")) as port:
            producer = await transport_to(port).open_producer()
            waits = [producer.publish(str(number), b"body") for number in range(3)]
            results = await asyncio.gather(*waits, return_exceptions=True)
            assert [type(one) for one in results] == [ConnectionLostError] * 3
            assert "going down" in str(results[0])
            await producer.close()

    run(work())


def test_a_receipt_that_does_not_come_has_a_deadline() -> None:
    async def work() -> None:
        async with scripted(until_gone) as port:
            producer = await transport_to(port).open_producer()
            with pytest.raises(TimedOutError, match="confirm"):
                await producer.publish("1", b"body")
            with pytest.raises(TimedOutError):
                await producer.publish("2", b"body")
            await producer.close()

    run(work())


def test_a_broker_that_falls_silent_is_given_up() -> None:
    async def work() -> None:
        greeting = b"CONNECTED\nversion:1.2\nheart-beat:200,0\n\n\0"
        async with scripted(until_gone, greeting) as port:
            transport = transport_to(port, session=SessionSettings(heartbeat_seconds=0.2))
            consumer = await transport.open_consumer()
            with pytest.raises(TimedOutError, match="silent"):
                await consumer.receive(1)
            await consumer.close()

    run(work())


def test_we_give_the_signs_of_life_that_were_agreed_on() -> None:
    heard = bytearray()

    async def script(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        while b"DISCONNECT" not in heard:
            heard.extend(await reader.read(100))

    async def work() -> None:
        async with scripted(script, b"CONNECTED\nversion:1.2\nheart-beat:0,200\n\n\0") as port:
            producer = await transport_to(port, session=SessionSettings(heartbeat_seconds=0.2)).open_producer()
            await until(lambda: len(heard) >= 2)
            await producer.close()

    run(work())
    assert heard.startswith(b"\n\n")


def test_closing_never_raises_and_never_waits_for_a_dead_broker() -> None:
    async def work() -> None:
        async with scripted(says(b"")) as port:
            producer = await transport_to(port).open_producer()
            with pytest.raises(ConnectionLostError):
                await producer.publish("1", b"body")
            await asyncio.wait_for(producer.close(), 1)
            await asyncio.wait_for(producer.close(), 1)

    run(work())


# Several brokers.


def test_brokers_are_tried_in_turn_and_the_good_one_first_the_next_time(tmp_path: Path) -> None:
    async def work() -> None:
        async with broker(tmp_path) as port, scripted(until_gone, b"ERROR\nmessage:no\n\n\0") as bad:
            transport = transport_to(bad, port, bad)
            producer = await transport.open_producer()
            assert producer.peer == f"127.0.0.1:{port}"
            await producer.publish("id", b"body")
            await producer.close()
            again = await transport.open_producer()
            assert again.peer == producer.peer
            await again.close()

    run(work())


def test_every_broker_that_was_tried_is_named_with_its_reason() -> None:
    async def work() -> None:
        async with (
            scripted(until_gone, b"ERROR\nmessage:first says no\n\n\0") as one,
            scripted(until_gone, b"ERROR\nmessage:second says no\n\n\0") as two,
        ):
            why = await fails_to_connect(transport_to(one, two))
            assert f"127.0.0.1:{one}: " in why
            assert f"127.0.0.1:{two}: " in why
            assert why.index("first says no") < why.index("second says no")

    run(work())


# The embedded broker.


def test_a_broker_hands_out_no_more_than_the_prefetch(tmp_path: Path) -> None:
    async def work() -> None:
        async with broker(tmp_path) as port:
            transport = transport_to(port)
            await give(transport, *(b"%d" % number for number in range(25)))
            consumer = await transport.open_consumer()
            first = await received(consumer, 10)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(consumer.receive(1), 0.3)
            await consumer.acknowledge(first[:3])
            assert len(await received(consumer, 3)) == 3
            await consumer.close()

    run(work())


async def received(consumer: object, count: int) -> list[Delivery]:
    """This many, not acknowledged."""
    assert isinstance(consumer, Connection)
    taken: list[Delivery] = []
    while len(taken) < count:
        taken.extend(await consumer.receive(count - len(taken)))
    return taken


def test_what_is_held_of_a_queue_of_large_messages_is_bounded(tmp_path: Path) -> None:
    size = 4 * 1024 * 1024

    async def work() -> None:
        async with broker(tmp_path) as port:
            transport = StompTransport(StompSettings(FixedBrokers([("127.0.0.1", port)]), QUEUE, None, 100))
            for _ in range(14):
                await give(transport, b"x" * size)
            consumer = await transport.open()
            consumer.subscribe(100)
            await until(lambda: consumer.is_paused)
            await asyncio.sleep(0.2)  # whatever comes in spite of that would be here
            assert consumer.held_octets <= HELD_OCTETS + 2 * size
            taken = await received(consumer, 14)
            assert [len(one.body) for one in taken] == [size] * 14
            await consumer.acknowledge(taken)
            await consumer.close()

    run(work())


@pytest.fixture
def broker_program(tmp_path: Path) -> Iterator[Callable[[int], tuple[subprocess.Popen[str], int]]]:
    """Starts ``ssm broker`` on one folder; what still runs is ended."""
    started: list[subprocess.Popen[str]] = []

    def start(port: int) -> tuple[subprocess.Popen[str], int]:
        command = [sys.executable, "-m", "ssm", "broker", "--folder", str(tmp_path / "broker"), "--port", str(port)]
        program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})
        started.append(program)
        assert program.stdout is not None
        [found] = re.findall(r":(\d+) \(plain\)", program.stdout.readline())
        return program, int(found)

    yield start
    for program in started:
        program.kill()
        program.wait(10)
        if program.stdout is not None:
            program.stdout.close()


def test_what_the_broker_confirmed_is_there_after_it_was_killed_and_nothing_else_is_lost(
    broker_program: Callable[[int], tuple[subprocess.Popen[str], int]],
) -> None:
    bodies = [b"message %d" % number for number in range(200)]

    async def before(port: int, program: subprocess.Popen[str]) -> list[bytes]:
        confirmed: list[bytes] = []
        producer = await transport_to(port).open_producer()

        async def publish(number: int) -> None:
            await producer.publish(str(number), bodies[number])
            confirmed.append(bodies[number])
            if len(confirmed) == 50:
                program.send_signal(signal.SIGKILL)

        waits = []
        for number in range(len(bodies)):
            waits.append(asyncio.ensure_future(publish(number)))
            await asyncio.sleep(0)
        results = await asyncio.gather(*waits, return_exceptions=True)
        assert {type(one) for one in results} <= {type(None), ConnectionLostError}
        await producer.close()
        return confirmed

    program, port = broker_program(0)
    confirmed = asyncio.run(asyncio.wait_for(before(port, program), SECONDS))
    program.wait(10)
    assert len(confirmed) >= 50

    async def after() -> None:
        taken = [one.body for one in await take(transport_to(port), len(confirmed))]
        assert len(set(taken)) == len(taken)
        assert set(taken) <= set(bodies)
        while len(set(confirmed) - set(taken)):
            taken += [one.body for one in await take(transport_to(port), 1)]

    broker_program(port)
    run(after())
