# SPDX-License-Identifier: Apache-2.0
"""SSM 1 with a receiver, or a sender, that is killed in mid-stream: each message is filed once, and its sender told.

Over the embedded broker, ActiveMQ and RabbitMQ. On a topic, frames that come while nobody listens go nowhere.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from tests.gateway import Gateway, Place, Site, until
from tests.old_ssm1 import OldProducer, md5
from tests.pki import Pki
from tests.servers.broker import BrokerServer, RealBroker, new_queue

COUNT = 40
SECONDS = 100.0
PLACES = ("embedded-queue", "activemq-queue", "activemq-topic", "rabbitmq-queue", "rabbitmq-topic")
pytestmark = pytest.mark.slow

Open = Callable[[], AbstractAsyncContextManager[Place]]


async def program(*words: str | Path) -> asyncio.subprocess.Process:
    null = asyncio.subprocess.DEVNULL
    command = [sys.executable, "-m", "ssm", *map(str, words)]
    return await asyncio.create_subprocess_exec(*command, stdout=null, stderr=null)


async def killed(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, server_pki: Pki, tmp_path: Path) -> Open:
    """Where both meet, for a with-block."""
    kind, destination = request.param.split("-")

    @asynccontextmanager
    async def embedded() -> AsyncIterator[Place]:
        async with EmbeddedBroker(BrokerSettings(tmp_path / "broker")) as broker:
            yield Place(broker.port, "/queue/central", "/queue/accounting", "/queue/replies")

    @asynccontextmanager
    async def real() -> AsyncIterator[Place]:
        yield Place.at(RealBroker(server, server_pki, client, use_tls=False, queue=new_queue()), destination)

    if kind == "embedded":
        return embedded
    server: BrokerServer = request.getfixturevalue(kind)
    client = server_pki.issue("client.example.org")
    return real


@pytest.fixture
def gateway(tmp_path: Path, server_pki: Pki) -> Gateway:
    return Gateway(tmp_path / "server", server_pki)


@pytest.fixture
def site(tmp_path: Path, gateway: Gateway) -> Site:
    more = {"answer_seconds": "2"}
    made = Site(tmp_path / "site", gateway.pki, gateway.site, gateway.host.dn, more=more)
    made.leave(*bodies())
    return made


def bodies() -> list[bytes]:
    return [b"Site: %04d\n" % number for number in range(COUNT)]


def run(place: Open, work: Callable[[Place], Awaitable[None]]) -> None:
    async def there() -> None:
        async with place() as at:
            await work(at)

    asyncio.run(asyncio.wait_for(there(), SECONDS))


def test_a_receiver_that_is_killed(place: Open, gateway: Gateway, site: Site) -> None:
    async def work(at: Place) -> None:
        words = ("receive", "-c", gateway.receiver_file(at), "-d", gateway.folder / "dns")
        sending = asyncio.ensure_future(site.send(at, patience_seconds=60))
        for enough in (5, 17, 18):
            receiver = await program(*words)
            await until(lambda enough=enough: len(gateway.bodies()) >= enough)  # type: ignore[misc]  # bound now
            await killed(receiver)
        receiver = await program(*words)
        report = await sending
        assert report.sent == COUNT
        receiver.terminate()
        assert await receiver.wait() == 0

    run(place, work)
    assert sorted(gateway.bodies()) == bodies()
    assert gateway.box("reject") == []
    assert site.left() == []


def test_a_sender_that_is_killed(place: Open, gateway: Gateway, site: Site) -> None:
    async def work(at: Place) -> None:
        async with gateway.receiving(at):
            for enough in (3, 10, 25):
                sender = await program("send", "-c", site.sender_file(at))
                await until(lambda enough=enough: len(gateway.bodies()) >= enough)  # type: ignore[misc]  # bound now
                await killed(sender)
            sender = await program("send", "-c", site.sender_file(at))
            assert await sender.wait() == 0

    run(place, work)
    assert sorted(gateway.bodies()) == bodies()
    assert site.left() == []


def test_what_an_old_producer_was_told_is_filed_though_the_receiver_dies_in_the_same_moment(
    place: Open, gateway: Gateway
) -> None:
    kept = bodies()[:3]

    async def work(at: Place) -> None:
        for number, body in enumerate(kept):
            log = gateway.folder / f"log-{number}"
            words = ("receive", "-c", gateway.receiver_file(at), "-d", gateway.folder / "dns")
            receiver = await program(*words, "--set", f"logging.logfile={log}")
            await until(lambda log=log: log.exists() and log.read_text().count("onnected to") == 2)  # type: ignore[misc]  # bound now
            await asyncio.to_thread(tell, at, body, receiver.kill)
            await receiver.wait()
            assert body in gateway.bodies()

    def tell(at: Place, body: bytes, kill: Callable[[], None]) -> None:
        with at.raw() as raw:
            producer = OldProducer(raw, at.central, f"{at.replies}.old", gateway.site)
            assert producer.request() == gateway.host.certificate_pem
            assert producer.publish("M", body, gateway.host) == md5(body)
            kill()

    run(place, work)
    assert sorted(gateway.bodies()) == kept
