# SPDX-License-Identifier: Apache-2.0
"""SSM 1 with a receiver, or a sender, that is killed in mid-stream: each message is filed once, and its sender told."""

import asyncio
import sys
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from tests.gateway import Gateway, Place, Site, until
from tests.pki import Pki

COUNT = 40
SECONDS = 100.0
pytestmark = pytest.mark.slow


async def program(*words: str | Path) -> asyncio.subprocess.Process:
    null = asyncio.subprocess.DEVNULL
    command = [sys.executable, "-m", "ssm", *map(str, words)]
    return await asyncio.create_subprocess_exec(*command, stdout=null, stderr=null)


async def killed(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path / "server", Pki(tmp_path / "pki"))


@pytest.fixture
def site(tmp_path: Path, gateway: Gateway) -> Site:
    more = {"answer_seconds": "2"}
    made = Site(tmp_path / "site", gateway.pki, gateway.site, gateway.host.dn, more=more)
    made.leave(*bodies())
    return made


def bodies() -> list[bytes]:
    return [b"Site: %04d\n" % number for number in range(COUNT)]


def place_at(port: int) -> Place:
    return Place(port, "/queue/central", "/queue/accounting", "/queue/replies")


def test_a_receiver_that_is_killed(tmp_path: Path, gateway: Gateway, site: Site) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path / "broker")) as broker:
            place = place_at(broker.port)
            words = ("receive", "-c", gateway.receiver_file(place), "-d", gateway.folder / "dns")
            sending = asyncio.ensure_future(site.send(place, patience_seconds=60))
            for enough in (5, 17, 18):
                receiver = await program(*words)
                await until(lambda enough=enough: len(gateway.bodies()) >= enough)  # type: ignore[misc]  # bound now
                await killed(receiver)
            receiver = await program(*words)
            report = await sending
            assert report.sent == COUNT
            receiver.terminate()
            assert await receiver.wait() == 0

    asyncio.run(asyncio.wait_for(work(), SECONDS))
    assert sorted(gateway.bodies()) == bodies()
    assert gateway.box("reject") == []
    assert site.left() == []


def test_a_sender_that_is_killed(tmp_path: Path, gateway: Gateway, site: Site) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path / "broker")) as broker:
            place = place_at(broker.port)
            async with gateway.receiving(place):
                for enough in (3, 10, 25):
                    sender = await program("send", "-c", site.sender_file(place))
                    await until(lambda enough=enough: len(gateway.bodies()) >= enough)  # type: ignore[misc]  # bound now
                    await killed(sender)
                sender = await program("send", "-c", site.sender_file(place))
                assert await sender.wait() == 0

    asyncio.run(asyncio.wait_for(work(), SECONDS))
    assert sorted(gateway.bodies()) == bodies()
    assert site.left() == []
