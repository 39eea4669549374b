# SPDX-License-Identifier: Apache-2.0
import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.broker.store import Arrival, NewMessage, Store
from ssm.errors import StopError

QUEUE = "/queue/a"
HELLO = b"CONNECT\naccept-version:1.2\nhost:/\n\n\0"
SECONDS = 20.0


class CountingStore(Store):
    """Counts how often it has to sync."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.added: list[int] = []
        self.removed: list[int] = []

    def add(self, messages: Sequence[NewMessage]) -> list[int]:
        self.added.append(len(messages))
        return super().add(messages)

    def remove(self, numbers: Sequence[int]) -> None:
        self.removed.append(len(numbers))
        super().remove(numbers)


def kept(body: bytes, when_kept: Callable[[], None] = lambda: None, *, is_persistent: bool = True) -> Arrival:
    return Arrival(NewMessage(QUEUE, {}, body), is_persistent, when_kept)


async def turn() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def greeted(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that the broker has taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HELLO)
    assert (await reader.readuntil(b"\0")).startswith(b"CONNECTED\n")
    return reader, writer


async def hung_up(writer: asyncio.StreamWriter) -> None:
    """The client's end is gone, whatever was still to come."""
    writer.transport.abort()
    await turn()


def test_it_listens_inside_the_block_and_no_longer(tmp_path: Path) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            port = broker.port
            _, writer = await greeted(port)
            await hung_up(writer)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    asyncio.run(asyncio.wait_for(work(), SECONDS))


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path / "one")) as broker:
            other = EmbeddedBroker(BrokerSettings(tmp_path / "other", port=broker.port))
            with pytest.raises(StopError, match=f"cannot listen on 127.0.0.1:{broker.port}") as caught:
                await other.__aenter__()
            assert "--port" in caught.value.hint
            other.store.close()

    asyncio.run(asyncio.wait_for(work(), SECONDS))


def test_its_end_hangs_up_on_everybody(tmp_path: Path) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            clients = [await greeted(broker.port) for _ in range(3)]
        for reader, writer in clients:
            assert await reader.read() == b""
            await hung_up(writer)
        assert not broker.conversations

    asyncio.run(asyncio.wait_for(work(), SECONDS))


def test_a_client_that_does_not_read_does_not_hold_up_its_end(tmp_path: Path) -> None:
    async def work() -> None:
        async with EmbeddedBroker(BrokerSettings(tmp_path)) as broker:
            for _ in range(10):
                broker.arrive(kept(b"x" * 2_000_000, is_persistent=False))
            _, writer = await asyncio.open_connection("127.0.0.1", broker.port, limit=1000)
            writer.write(HELLO + f"SUBSCRIBE\ndestination:{QUEUE}\nid:1\n\n\0".encode())
            while not broker.queues[QUEUE].subscribers:
                await asyncio.sleep(0.01)
            await turn()
            begun = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - begun < 5
        await hung_up(writer)
        assert not broker.conversations

    asyncio.run(asyncio.wait_for(work(), SECONDS))


def test_all_of_one_turn_shares_a_sync_and_is_told_after_it(tmp_path: Path) -> None:
    async def work() -> None:
        broker = EmbeddedBroker(BrokerSettings(tmp_path))
        broker.store.close()
        broker.store = store = CountingStore(tmp_path)
        told: list[int] = []
        for _ in range(5):
            broker.arrive(kept(b"x", lambda: told.append(len(store.added))))
        assert store.added == told == []
        await turn()
        assert store.added == [5]
        assert told == [1] * 5
        broker.depart([1, 2])
        broker.depart([3])
        await turn()
        assert store.removed == [3]
        store.close()

    asyncio.run(work())


def test_messages_that_need_not_survive_never_touch_the_disk(tmp_path: Path) -> None:
    async def work() -> None:
        broker = EmbeddedBroker(BrokerSettings(tmp_path))
        broker.store.close()
        broker.store = store = CountingStore(tmp_path)
        broker.arrive(kept(b"x", is_persistent=False))
        broker.arrive(kept(b"y", is_persistent=False))
        await turn()
        assert store.added == []
        assert len(set(broker.queues[QUEUE].waiting)) == 2
        broker.depart(list(broker.queues[QUEUE].waiting))
        await turn()
        assert not broker.volatile
        store.close()

    asyncio.run(work())


def test_what_was_kept_waits_in_its_order_when_it_starts_again(tmp_path: Path) -> None:
    async def before() -> list[int]:
        broker = EmbeddedBroker(BrokerSettings(tmp_path))
        for number in range(4):
            broker.arrive(kept(b"%d" % number))
        await turn()
        broker.depart([broker.queues[QUEUE].waiting[1]])
        await turn()
        waiting = list(broker.queues[QUEUE].waiting)
        broker.store.close()
        return [waiting[0], *waiting[2:]]

    async def after() -> list[int]:
        broker = EmbeddedBroker(BrokerSettings(tmp_path))
        waiting = list(broker.queues[QUEUE].waiting)
        assert [broker.store.get(number).body for number in waiting] == [b"0", b"2", b"3"]
        broker.store.close()
        return waiting

    assert asyncio.run(before()) == asyncio.run(after())


@pytest.mark.parametrize(("queue", "dead"), [("/queue/a", "/queue/DLQ.a"), ("/queue/a/b", "/queue/a/DLQ.b")])
def test_what_is_refused_waits_among_the_dead_letters_of_its_queue_for_good(
    tmp_path: Path, queue: str, dead: str
) -> None:
    async def work() -> None:
        broker = EmbeddedBroker(BrokerSettings(tmp_path))
        [number] = broker.store.add([NewMessage(queue, {}, b"body")])
        broker.refuse(number, queue)
        assert list(broker.queues[dead].waiting) == [number]
        await turn()
        broker.store.close()
        again = EmbeddedBroker(BrokerSettings(tmp_path))
        assert {name: list(one.waiting) for name, one in again.queues.items()} == {dead: [number]}
        again.store.close()

    asyncio.run(work())
