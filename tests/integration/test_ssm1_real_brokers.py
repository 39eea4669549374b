# SPDX-License-Identifier: Apache-2.0
"""SSM 1 over ActiveMQ and RabbitMQ, on topics and on queues, with old programs made of openssl at either end."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from pathlib import Path

import pytest

from ssm.messenger.events import Event
from tests.gateway import Gateway, Place, Site, until
from tests.old_ssm1 import OldConsumer, OldProducer, md5
from tests.servers.broker import RealBroker

SECONDS = 90.0
PATIENCE = 60.0
KINDS = ("topic", "queue")


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, SECONDS))


def payloads(count: int) -> list[bytes]:
    return [b"Site: %d\n%%\n" % number * (number + 1) for number in range(count)]


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest, real_broker: RealBroker) -> Place:
    return Place.at(real_broker, request.param)


@pytest.fixture
def gateway(tmp_path: Path, real_broker: RealBroker) -> Gateway:
    return Gateway(tmp_path / "server", real_broker.pki)


@pytest.fixture
def site(tmp_path: Path, gateway: Gateway) -> Site:
    return Site(tmp_path / "site", gateway.pki, gateway.site, gateway.host.dn, more={"answer_seconds": "5"})


def test_our_sender_and_our_receiver(place: Place, gateway: Gateway, site: Site) -> None:
    bodies = [*payloads(5), b"\0\xff\r\n", b"x" * 200_000]
    site.leave(*bodies)

    async def work() -> None:
        async with gateway.receiving(place):
            report = await site.send(place, patience_seconds=PATIENCE)
            assert (report.sent, report.refused) == (len(bodies), 0)
            # The farewell of a producer is a message of its own, and comes after the last answer.
            await until(lambda: gateway.told.of(Event.PING) != [])

    run(work())
    assert sorted(gateway.bodies()) == sorted(bodies)
    assert site.left() == []
    with place.raw() as raw:
        assert raw.is_empty(place.central)


def test_an_old_producer_and_our_receiver(place: Place, gateway: Gateway) -> None:
    def old() -> None:
        wait_for_the_listener()
        with place.raw() as raw:
            producer = OldProducer(raw, place.central, f"{place.replies}.old", gateway.site)
            assert producer.request() == gateway.host.certificate_pem
            for name, payload in zip(("M1", "M2"), payloads(2), strict=True):
                assert producer.publish(name, payload, gateway.host) == md5(payload)
            producer.reack = None
            assert producer.publish("M2", payloads(2)[1], gateway.host) == md5(payloads(2)[1])

    def wait_for_the_listener() -> None:
        """On a topic, frames that come before it go nowhere."""
        for number in range(10):
            with place.raw() as raw:
                producer = OldProducer(raw, place.central, f"{place.replies}.early.{number}", gateway.site)
                raw.socket.settimeout(3)
                with contextlib.suppress(TimeoutError):
                    producer.request()
                    return

    async def work() -> None:
        async with gateway.receiving(place):
            await asyncio.to_thread(old)

    run(work())
    assert gateway.bodies() == payloads(2)
    assert gateway.box("reject") == []


def test_our_sender_and_an_old_consumer(place: Place, gateway: Gateway, site: Site) -> None:
    site.leave(*payloads(3))
    found: list[OldConsumer] = []
    listening = threading.Event()

    def old() -> None:
        with place.raw() as raw:
            found.append(OldConsumer(raw, place.central, gateway.host))
            listening.set()
            found[0].serve(3)

    async def work() -> None:
        serving = asyncio.create_task(asyncio.to_thread(old))
        await asyncio.to_thread(listening.wait, 20)
        report = await site.send(place, patience_seconds=PATIENCE)
        assert (report.sent, report.refused) == (3, 0)
        await serving

    run(work())
    assert found[0].filed == payloads(3)
    assert site.left() == []


def test_a_refusal_comes_at_once(place: Place, gateway: Gateway, site: Site) -> None:
    site.leave(*payloads(2))
    site.more = {"answer_seconds": "20"}
    gateway.permit()

    async def work() -> None:
        async with gateway.receiving(place):
            begun = asyncio.get_running_loop().time()
            report = await site.send(place, patience_seconds=PATIENCE)
            assert (report.sent, report.refused) == (0, 2)
            # At most one wait for a certificate, where the listener was not heard yet; none for an answer.
            assert asyncio.get_running_loop().time() - begun < 35

    run(work())
    assert site.left() == ["file-0000", "file-0001"]
