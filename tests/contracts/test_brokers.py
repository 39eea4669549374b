# SPDX-License-Identifier: Apache-2.0
"""What every list of brokers promises, whatever it comes from."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ssm.errors import TransportError
from ssm.lookup.brokers import LookedUpBrokers, LookUpPorts
from ssm.lookup.cache import BrokerCache
from ssm.lookup.directory import Inquiry
from ssm.lookup.fixed import FixedBrokers
from ssm.ports.brokers import Brokers
from ssm.protocols.bdii import Question
from tests.conftest import NewSlapd
from tests.fakes.looking_up import NOW, FakeDirectory, Looking, Told, answer
from tests.servers.slapd import Service

SECONDS = 5.0
NAMES = ("b.example.org", "a.example.org", "b.example.org")
QUESTION = Question("PROD", use_tls=True)

Opening = Callable[[tuple[str, ...]], Brokers]


@pytest.fixture(params=["fixed", "fake", "slapd"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Makes a source that knows brokers of these names on port 6162."""

    def fixed(names: tuple[str, ...]) -> Brokers:
        return FixedBrokers((name, 6162) for name in names)

    def fake(names: tuple[str, ...]) -> Brokers:
        return Looking(tmp_path, FakeDirectory(answer(*dict.fromkeys(names)) if names else None)).brokers()

    def real(names: tuple[str, ...]) -> Brokers:
        slapd: NewSlapd = request.getfixturevalue("slapd")
        server = slapd(*(Service([f"stomp+ssl://{name}:6162/"], use_tls=True) for name in names))
        inquiry = Inquiry((("127.0.0.1", server.port),), QUESTION, SECONDS)
        cache = BrokerCache(tmp_path / "brokers.json", QUESTION)
        return LookedUpBrokers(LookUpPorts(inquiry, cache, Told(), lambda: NOW))

    return {"fixed": fixed, "fake": fake, "slapd": real}[request.param]


def test_each_broker_stands_there_once_every_time(opening: Opening) -> None:
    brokers = opening(NAMES)

    async def work() -> None:
        for _ in range(3):
            assert sorted(await brokers.addresses()) == [("a.example.org", 6162), ("b.example.org", 6162)]

    asyncio.run(work())


def test_no_broker_is_an_error_of_the_transport_in_time(opening: Opening) -> None:
    brokers = opening(())
    begun = time.monotonic()
    with pytest.raises(TransportError, match="No brokers available"):
        asyncio.run(brokers.addresses())
    assert time.monotonic() - begun < SECONDS + 2
