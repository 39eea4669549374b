# SPDX-License-Identifier: Apache-2.0
import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from ssm.errors import ConfigError, ConnectFailedError
from ssm.lookup import brokers as module
from ssm.lookup.brokers import LookedUpBrokers
from ssm.protocols.bdii import Answer, Broker, PassedOver
from tests.fakes.looking_up import FakeDirectory, Looking, answer


def names(found: LookedUpBrokers) -> list[str]:
    return [host for host, _ in asyncio.run(found.addresses())]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_brokers_of_a_rank_are_shuffled_and_ranks_are_not(tmp_path: Path) -> None:
    ranked = Answer((Broker("a", 1), Broker("b", 1), Broker("c", 1, 1), Broker("d", 1, 1), Broker("e", 1, 2)))
    assert names(Looking(tmp_path, FakeDirectory(ranked)).brokers()) == ["b", "a", "d", "c", "e"]


def test_programs_begin_with_different_brokers(tmp_path: Path) -> None:
    looking = Looking(tmp_path, FakeDirectory(answer(*(f"mb{number}" for number in range(50)))))
    ports = looking.brokers().ports
    shuffled = module.LookUpPorts(ports.directory, ports.cache, ports.tell, ports.now)
    assert len({tuple(names(LookedUpBrokers(shuffled))) for _ in range(5)}) > 1


def test_one_look_up_serves_all_connections_of_a_day(tmp_path: Path) -> None:
    looking = Looking(tmp_path, FakeDirectory(answer("a")))
    brokers = looking.brokers()

    async def work() -> None:
        await asyncio.gather(brokers.addresses(), brokers.addresses())
        await brokers.addresses()

    asyncio.run(work())
    assert looking.directory.asked == 1
    assert looking.told.names() == ["brokers-found"]
    assert looking.told.events[0][1] == {"count": 1, "source": "ldap://fake:389", "brokers": "a:6162"}


def test_when_ldap_is_down_those_kept_on_disk_are_used_and_the_log_says_so(tmp_path: Path) -> None:
    looking = Looking(tmp_path, FakeDirectory(answer("a", "b")))
    assert names(looking.brokers()) == ["b", "a"]
    looking.directory.answer = None
    assert names(looking.brokers()) == ["b", "a"]
    event, facts = looking.told.events[-1]
    assert event.value.name == "look-up-failed"
    assert facts == {
        "cause": "ldap://fake:389: nobody there",
        "found": "2025-07-01T12:00:00Z",
        "brokers": "b:6162, a:6162",
    }
    assert "ldap://fake:389: nobody there" in event.value.text.format(**facts)


def test_when_ldap_is_down_and_nothing_was_kept_there_is_no_broker(tmp_path: Path) -> None:
    looking = Looking(tmp_path, FakeDirectory(None))
    with pytest.raises(ConnectFailedError, match="No brokers available: ldap://fake:389: nobody there") as caught:
        names(looking.brokers())
    assert "[broker]" in caught.value.hint
    assert looking.told.names() == []


def test_the_next_connection_asks_again_after_there_was_none(tmp_path: Path) -> None:
    looking = Looking(tmp_path, FakeDirectory(None))
    brokers = looking.brokers()

    async def work() -> None:
        with pytest.raises(ConnectFailedError):
            await brokers.addresses()
        looking.directory.answer = answer("a")
        assert await brokers.addresses() == [("a", 6162)]

    asyncio.run(work())


def test_a_running_program_looks_up_again_and_keeps_what_it_finds(tmp_path: Path) -> None:
    looking = Looking(tmp_path, FakeDirectory(answer("old")))
    brokers = looking.brokers(every_seconds=0.01)

    async def work() -> None:
        assert await brokers.addresses() == [("old", 6162)]
        looking.directory.answer = answer("new")
        await until(lambda: brokers.known == [("new", 6162)])
        assert await brokers.addresses() == [("new", 6162)]
        kept = looking.cache.read
        await until(lambda: (found := kept()) is not None and found.brokers == answer("new").brokers)

    asyncio.run(work())


def test_a_look_up_that_fails_later_changes_nothing_and_is_repeated_soon(tmp_path: Path) -> None:
    looking = Looking(tmp_path, FakeDirectory(answer("a")))
    brokers = looking.brokers(every_seconds=0.01, again_seconds=0.01)

    async def work() -> None:
        await brokers.addresses()
        looking.directory.answer = None
        looking.cache.path.unlink()
        await until(lambda: looking.told.names().count("look-up-failed") >= 2)
        assert await brokers.addresses() == [("a", 6162)]
        looking.directory.answer = answer("b")
        await until(lambda: brokers.known == [("b", 6162)])

    asyncio.run(work())


def test_after_a_start_from_disk_the_directory_is_asked_again_before_a_day_is_over(tmp_path: Path) -> None:
    looking = Looking(tmp_path, FakeDirectory(None))
    looking.cache.write(answer("kept"), datetime.fromisoformat("2025-06-01T00:00:00+00:00"))
    brokers = looking.brokers(again_seconds=0.01)

    async def work() -> None:
        assert await brokers.addresses() == [("kept", 6162)]
        looking.directory.answer = answer("fresh")
        await until(lambda: brokers.known == [("fresh", 6162)])

    asyncio.run(work())


def test_what_is_passed_over_is_told_but_not_without_end(tmp_path: Path) -> None:
    many = tuple(PassedOver(f"s{number}", "its port is not from 1 to 65535") for number in range(100))
    looking = Looking(tmp_path, FakeDirectory(Answer((Broker("a", 1),), many)))
    names(looking.brokers())
    assert looking.told.names() == ["brokers-found"] + ["broker-passed-over"] * module.MOST_TOLD


def test_a_disk_that_takes_nothing_is_told_and_the_brokers_are_used(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    looking = Looking(tmp_path / "file", FakeDirectory(answer("a")))
    assert names(looking.brokers()) == ["a"]
    assert looking.told.names() == ["brokers-found", "brokers-not-kept"]


@dataclass
class Stuck(FakeDirectory):
    """Answers only when the test is over, as a name server that does not answer."""

    released: threading.Event | None = None

    def ask(self) -> tuple[Answer, str]:
        assert self.released is not None
        self.released.wait(30)
        return super().ask()


def test_a_directory_that_does_not_keep_its_time_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.01)
    stuck = Stuck(None, seconds=0.01, released=threading.Event())

    async def work() -> None:
        try:
            with pytest.raises(ConnectFailedError, match="did not end in time"):
                await Looking(tmp_path, stuck).brokers().addresses()
        finally:
            assert stuck.released is not None
            stuck.released.set()

    asyncio.run(work())


class Broken(FakeDirectory):
    """Needs something that is not installed."""

    def ask(self) -> tuple[Answer, str]:
        raise ConfigError("ldap3 is not installed")


def test_what_nobody_can_wait_for_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        names(Looking(tmp_path, Broken(None)).brokers())
    looking = Looking(tmp_path, FakeDirectory(answer("a")))
    brokers = looking.brokers(every_seconds=0.0)

    async def later() -> None:
        await brokers.addresses()
        object.__setattr__(brokers.ports, "directory", Broken(None))
        await until(lambda: brokers.refreshing is not None and brokers.refreshing.done())
        with pytest.raises(ConfigError):
            await brokers.addresses()

    asyncio.run(later())


def test_a_description_names_what_a_start_would_find_and_keeps_nothing(tmp_path: Path) -> None:
    ranked = Answer((Broker("a", 1), Broker("::1", 2, 1)), (PassedOver("s", "it has no endpoint"),))
    looking = Looking(tmp_path, FakeDirectory(ranked))
    said = looking.brokers().describe()
    assert said == "a:1, [::1]:2, looked up in ldap://fake:389; passed over: s: it has no endpoint"
    assert not looking.cache.path.exists()
    looking.directory.answer = None
    with pytest.raises(ConnectFailedError):
        looking.brokers().describe()
    looking.cache.write(answer("kept"), datetime.fromisoformat("2025-06-01T00:00:00+00:00"))
    assert looking.brokers().describe() == (
        "kept:6162, found at 2025-06-01T00:00:00Z and kept on disk, since now ldap://fake:389: nobody there"
    )
