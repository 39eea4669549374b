# SPDX-License-Identifier: Apache-2.0
"""The hand-over between preparing and publishing."""

import asyncio

from ssm.messenger.outbox import CULPRIT_LOSSES, SUSPECT_LOSSES, Outbox, Prepared


def item(name: str, size: int = 1) -> Prepared:
    return Prepared(name, b"x" * size, name.encode())


def filled(*names: str) -> Outbox:
    outbox = Outbox(100, 1000)
    outbox.put([item(name) for name in names])
    return outbox


async def taken(outbox: Outbox, count: int) -> list[str]:
    found = [await outbox.take() for _ in range(count)]
    return [one.name for one in found if one is not None]


def test_messages_leave_in_order_and_none_says_that_nothing_will_come() -> None:
    async def work() -> None:
        outbox = filled("a", "b")
        outbox.close()
        assert await taken(outbox, 2) == ["a", "b"]
        assert not outbox.is_drained()
        for one in list(outbox.in_flight.values()):
            outbox.done(one)
        assert outbox.is_drained()
        assert await outbox.take() is None

    asyncio.run(work())


def test_what_was_in_flight_is_ready_again_in_its_old_order() -> None:
    async def work() -> None:
        outbox = filled("a", "b", "c")
        await taken(outbox, 2)
        assert outbox.lost() == 2
        assert await taken(outbox, 3) == ["a", "b", "c"]

    asyncio.run(work())


def test_room_is_bounded_in_messages_and_in_octets_but_never_below_one() -> None:
    async def work() -> None:
        outbox = Outbox(2, 10)
        assert outbox.has_room()
        outbox.put([item("large", 1000)])
        assert not outbox.has_room()
        one = await outbox.take()
        assert one is not None
        waiting = asyncio.ensure_future(outbox.room())
        await asyncio.sleep(0)
        assert not waiting.done()
        outbox.done(one)
        await asyncio.wait_for(waiting, 5)

    asyncio.run(work())


def test_what_was_lost_several_times_is_sent_last_and_alone() -> None:
    async def work() -> None:
        outbox = filled("a", "b")
        for _ in range(SUSPECT_LOSSES):
            await taken(outbox, 2)
            outbox.lost()
        outbox.put([item("c")])
        assert await taken(outbox, 1) == ["c"]
        waiting = asyncio.ensure_future(outbox.take())
        await asyncio.sleep(0)
        assert not waiting.done()
        outbox.done(outbox.in_flight["c"])
        first = await asyncio.wait_for(waiting, 5)
        assert first is not None
        assert first.name == "a"

    asyncio.run(work())


async def suspects(*names: str) -> Outbox:
    """An outbox in which these have been in flight together at several losses."""
    outbox = filled(*names)
    for _ in range(SUSPECT_LOSSES):
        await taken(outbox, len(names))
        outbox.lost()
    return outbox


def test_a_suspect_that_loses_a_connection_alone_lets_the_others_go_first() -> None:
    """A bad network cuts connections whatever is sent."""

    async def work() -> None:
        outbox = await suspects("a", "b")
        order = []
        for _ in range(4):
            order += await taken(outbox, 1)
            assert outbox.lost() == 1
            assert outbox.pop_culprit() is None
        assert order == ["a", "b", "a", "b"]

    asyncio.run(work())


def test_a_message_that_loses_every_connection_alone_too_is_the_culprit() -> None:
    async def work() -> None:
        outbox = await suspects("a", "b")
        assert await taken(outbox, 1) == ["a"]
        outbox.lost()
        assert await taken(outbox, 1) == ["b"]
        outbox.done(outbox.in_flight["b"])
        for _ in range(CULPRIT_LOSSES - SUSPECT_LOSSES - 1):
            assert outbox.pop_culprit() is None
            assert await taken(outbox, 1) == ["a"]
            assert outbox.lost() == 1
        culprit = outbox.pop_culprit()
        assert culprit is not None
        assert culprit.name == "a"
        outbox.close()
        assert outbox.is_drained()
        assert outbox.octets == 0

    asyncio.run(work())
