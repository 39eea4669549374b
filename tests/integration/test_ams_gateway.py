# SPDX-License-Identifier: Apache-2.0
"""One receiver takes SSM 2 from a broker, SSM 1 from the same broker, and SSM 2 from AMS, into one spool."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.envelope.certificate import Signer
from ssm.envelope.seal import seal
from ssm.lookup.fixed import FixedBrokers
from ssm.messenger.receive import ReceiveLimits, ReceiveRun
from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.wiring.messaging import open_receiver
from ssm.wiring.transports import open_listeners
from tests.ams import AmsPlace, ams_place
from tests.gateway import Gateway, Place, Site, until
from tests.pki import Pki

SECONDS = 60.0


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, SECONDS))


@asynccontextmanager
async def receiving(gateway: Gateway, file: Path) -> AsyncIterator[None]:
    settings, _ = read_receiver(Sources(file))
    assert [one.protocol for one in settings.listeners] == ["STOMP", "SSM1", "AMS"]
    with open_receiver(settings, gateway.folder / "dns", gateway.told) as ports:
        receiver = ReceiveRun(ports, open_listeners(settings, ports), ReceiveLimits(4, 1.0))
        task = asyncio.ensure_future(receiver.run())
        try:
            yield
        finally:
            receiver.stop()
            await task


@pytest.mark.parametrize("is_there", [True, False], ids=["AMS is there", "AMS is not there"])
def test_three_ways_fill_one_spool_and_none_holds_up_another(tmp_path: Path, *, is_there: bool) -> None:
    pki = Pki(tmp_path / "pki")
    gateway = Gateway(tmp_path / "server", pki)
    site = Site(tmp_path / "site", pki, gateway.site, gateway.host.dn)
    site.leave(b"SSM 1\n")
    signer = Signer.from_pem(gateway.site.certificate_pem, gateway.site.key_pem)
    sealed = {name: seal(f"{name}\n".encode(), signer, None) for name in ("STOMP", "AMS")}

    async def work(ams: AmsPlace) -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path / "broker")) as broker:
            place = Place(broker.port, "/queue/central", "/queue/accounting", "/queue/replies")
            stomp = StompTransport(StompSettings(FixedBrokers((("127.0.0.1", broker.port),)), place.queue, None))
            file = gateway.receiver_file(place, ams.listener(port=None if is_there else 1))
            async with receiving(gateway, file):
                for name, transport in (("STOMP", stomp), ("AMS", ams.sending())):
                    producer = await transport.open_producer()
                    await producer.publish(name, sealed[name])
                    # The same message by another way is the same message.
                    await producer.publish(name, sealed["STOMP"])
                    await producer.close()
                await site.send(place, patience_seconds=10.0)
                expected = [b"AMS\n", b"SSM 1\n", b"STOMP\n"] if is_there else [b"SSM 1\n", b"STOMP\n"]
                await until(lambda: sorted(gateway.bodies()) == expected)
                if is_there:
                    await until(lambda: ams.subscription.current == 2)

    with ams_place(pki) as ams:
        run(work(ams))
    assert {one["signer"].decode() for one in gateway.box("incoming")} == {gateway.site.dn}
    assert gateway.bodies("reject") == []
    assert len(gateway.bodies()) == (3 if is_there else 2)
