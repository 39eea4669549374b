# SPDX-License-Identifier: Apache-2.0
"""One receiver takes SSM 2 and SSM 1 from ActiveMQ or RabbitMQ, and SSM 2 from AMS, into one spool."""

import asyncio
import contextlib
import os
from collections.abc import Coroutine, Sequence
from pathlib import Path

import pytest

from ssm.envelope.certificate import Signer
from ssm.envelope.seal import seal
from ssm.lookup.fixed import FixedBrokers
from ssm.messenger.events import Event
from ssm.ports.transport import Transport
from ssm.protocols.stomp.session import SessionSettings
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.transport.tls import TlsSettings
from tests.ams import AmsPlace, ams_place
from tests.gateway import Gateway, Place, Site, until
from tests.old_ssm1 import OldProducer, md5
from tests.servers.broker import RealBroker
from tests.small_disk import small_disk

SECONDS = 60.0
PATIENCE = 30.0
COUNT = 12


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, SECONDS))


@pytest.fixture(params=("topic", "queue"))
def place(request: pytest.FixtureRequest, real_broker: RealBroker) -> Place:
    return Place.at(real_broker, request.param)


@pytest.fixture
def gateway(tmp_path: Path, real_broker: RealBroker) -> Gateway:
    return Gateway(tmp_path / "server", real_broker.pki)


def bodies(name: str, count: int = COUNT) -> list[bytes]:
    return [b"%s: %04d\n" % (name.encode(), number) for number in range(count)]


def to(broker: RealBroker, queue: str) -> StompTransport:
    """The way of a sender of SSM 2."""
    shown = broker.client
    tls = TlsSettings(shown.certificate_path, shown.key_path, broker.pki.ca_directory) if broker.use_tls else None
    session = SessionSettings(login=broker.login.login, passcode=broker.login.passcode)
    return StompTransport(StompSettings(FixedBrokers([(broker.host, broker.port)]), queue, tls, session=session))


async def publish(transport: Transport, name: str, sealed: Sequence[bytes]) -> None:
    """Return when each has been confirmed."""
    producer = await transport.open_producer()
    await asyncio.gather(*(producer.publish(f"{name}/{number}", one) for number, one in enumerate(sealed)))
    await producer.close()


def test_three_ways_at_once_fill_one_spool(
    tmp_path: Path, real_broker: RealBroker, place: Place, gateway: Gateway
) -> None:
    pki = real_broker.pki
    signer = Signer.from_pem(gateway.site.certificate_pem, gateway.site.key_pem)
    sealed = {name: [seal(one, signer, None) for one in bodies(name)] for name in ("STOMP", "AMS")}
    sites = [
        Site(tmp_path / f"site-{n}", pki, gateway.site, gateway.host.dn, more={"answer_seconds": "5"}) for n in (1, 2)
    ]
    for number, site in enumerate(sites):
        site.leave(*bodies(f"SSM 1 of {number}", 4))

    async def work(ams: AmsPlace) -> None:
        async with gateway.receiving(place, ams.listener()):
            sending = [asyncio.create_task(one.send(place, patience_seconds=PATIENCE)) for one in sites]
            await asyncio.gather(
                publish(to(real_broker, place.queue), "STOMP", sealed["STOMP"]),
                # What has gone over the broker goes over AMS as well: it is the same message, and filed once.
                publish(ams.sending(), "AMS", [*sealed["AMS"], *sealed["STOMP"]]),
            )
            reports = await asyncio.gather(*sending)
            assert [(report.sent, report.refused) for report in reports] == [(4, 0), (4, 0)]
            await until(lambda: len(gateway.bodies()) >= 2 * COUNT + 8)
            await until(lambda: len(gateway.told.of(Event.DUPLICATE)) == COUNT)
            await until(lambda: ams.subscription.current == 2 * COUNT)
            # The farewell of each producer is a message of its own, and comes after the last answer.
            await until(lambda: len(gateway.told.of(Event.PING)) == len(sites))

    with ams_place(pki) as ams:
        run(work(ams))
    old = [one for number in (0, 1) for one in bodies(f"SSM 1 of {number}", 4)]
    assert sorted(gateway.bodies()) == sorted([*bodies("STOMP"), *bodies("AMS"), *old])
    assert {one["signer"].decode() for one in gateway.box("incoming")} == {gateway.site.dn}
    assert gateway.bodies("reject") == []
    assert [site.left() for site in sites] == [[], []]
    for destination in (place.queue, place.central):
        with place.raw() as raw:
            assert raw.is_empty(destination)


def test_a_producer_is_told_when_its_message_is_durably_filed_and_not_before(place: Place, gateway: Gateway) -> None:
    payload = os.urandom(300_000)
    filler = gateway.spool / "filler"

    def old() -> str:
        with place.raw() as raw:
            producer = OldProducer(raw, place.central, f"{place.replies}.old", gateway.site)
            assert producer.request() == gateway.host.certificate_pem
            return producer.publish("M1", payload, gateway.host)

    async def work() -> None:
        async with gateway.receiving(place):
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)
            # Room to note that it is judged, and not to file it.
            os.truncate(filler, filler.stat().st_size - len(payload) // 2)
            publishing = asyncio.create_task(asyncio.to_thread(old))
            await until(lambda: publishing.done() or len(gateway.told.of(Event.SPOOL_UNAVAILABLE)) >= 2)
            assert not publishing.done()
            assert gateway.bodies() == []
            filler.unlink()
            assert await publishing == md5(payload)
            assert gateway.bodies() == [payload]

    with small_disk(gateway.spool, 3):
        run(work())
        assert gateway.bodies() == [payload]
