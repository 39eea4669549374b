# SPDX-License-Identifier: Apache-2.0
import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ssm.errors import ConnectFailedError, CredentialError, TransportError
from ssm.lookup.fixed import FixedBrokers
from ssm.ports.brokers import Address
from ssm.protocols.stomp.session import ClientSession, SessionSettings, State
from ssm.transport.stomp.connection import Connection
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.transport.tls import TlsSettings

BROKERS = (("one", 1), ("two", 2), ("three", 3))


class Reaching(StompTransport):
    """Knows which brokers answer, and notes whom it asked."""

    def __init__(self, *up: str, tls: TlsSettings | None = None, queue: str = "/queue/a") -> None:
        super().__init__(StompSettings(FixedBrokers(BROKERS), queue, tls))
        self.up = up
        self.asked: list[str] = []

    async def connect(self, host: str, port: int, context: ssl.SSLContext | None) -> Connection:
        self.asked.append(host)
        if host not in self.up:
            raise TransportError(f"{host} is down")
        session = ClientSession(SessionSettings())
        session.state = State.CONNECTED
        return Connection(session, f"{host}:{port}", self.settings.destination)


def asked(transport: Reaching, *, useful: Sequence[bool]) -> list[list[str]]:
    """Whom it asks, one opening after the other; each connection was of use, or was not."""

    async def work() -> list[list[str]]:
        rounds = []
        for was_of_use in useful:
            connection = await transport.open()
            rounds.append(transport.asked)
            transport.asked = []
            connection.is_useful = was_of_use
        return rounds

    return asyncio.run(work())


def test_brokers_are_asked_in_turn_until_one_takes_us() -> None:
    assert asked(Reaching("two", "three"), useful=[True]) == [["one", "two"]]


def test_the_broker_that_was_of_use_is_asked_first_the_next_time() -> None:
    assert asked(Reaching("two"), useful=[True, True]) == [["one", "two"], ["two"]]


def test_a_broker_that_took_us_and_was_of_no_use_is_asked_last_the_next_time() -> None:
    assert asked(Reaching("one", "two"), useful=[False, False, True, True]) == [
        ["one"],
        ["two"],
        ["three", "one"],
        ["one"],
    ]


def test_a_single_broker_is_asked_again_whatever_it_was_good_for() -> None:
    assert asked(Reaching("two"), useful=[False, False]) == [["one", "two"], ["three", "one", "two"]]


def test_each_broker_is_asked_once_and_all_are_named() -> None:
    async def work() -> None:
        transport = Reaching()
        with pytest.raises(ConnectFailedError) as caught:
            await transport.open_producer()
        assert transport.asked == ["one", "two", "three"]
        assert caught.value.attempts == ("one:1: one is down", "two:2: two is down", "three:3: three is down")
        assert all(attempt in str(caught.value) for attempt in caught.value.attempts)
        assert caught.value.hint

    asyncio.run(work())


def test_no_broker_is_asked_with_credentials_that_cannot_be_used(tmp_path: Path) -> None:
    async def work() -> None:
        missing = tmp_path / "missing.pem"
        transport = Reaching("one", tls=TlsSettings(missing, missing, tmp_path))
        with pytest.raises(CredentialError):
            await transport.open_consumer()
        assert transport.asked == []

    asyncio.run(work())


def test_a_consumer_has_its_subscription_and_a_producer_has_none() -> None:
    async def work() -> None:
        states = []
        for opened in (Reaching("one").open_producer, Reaching("one").open_consumer):
            end = await opened()
            assert isinstance(end, Connection)
            states.append(end.session.state)
        assert states == [State.CONNECTED, State.SUBSCRIBED]

    asyncio.run(work())


def test_a_destination_that_no_frame_can_carry_is_named() -> None:
    async def work() -> None:
        with pytest.raises(ConnectFailedError, match="destination cannot be sent") as caught:
            await Reaching("one", queue="/queue/\0").open_consumer()
        assert "[messaging]" in caught.value.hint

    asyncio.run(work())


@dataclass
class Changing:
    """A list of brokers that changes while the program runs."""

    lists: list[list[Address]]

    async def addresses(self) -> Sequence[Address]:
        return self.lists.pop(0)


def test_a_list_that_changes_is_followed_from_the_broker_that_was_of_use() -> None:
    one, two, three = (("one", 1), ("two", 2), ("three", 3))
    transport = Reaching("two", "three")
    lists = [[one, two, three], [three, one, two], [one, three]]
    transport.settings = replace(transport.settings, brokers=Changing(lists))
    assert asked(transport, useful=[True, True, True]) == [["one", "two"], ["two"], ["one", "three"]]


def test_without_a_list_nobody_is_asked_and_the_reason_comes_out() -> None:
    async def work() -> None:
        transport = Reaching("one")
        transport.settings = replace(transport.settings, brokers=FixedBrokers([]))
        with pytest.raises(ConnectFailedError, match="No brokers available"):
            await transport.open_producer()
        assert transport.asked == []

    asyncio.run(work())
