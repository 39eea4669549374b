# SPDX-License-Identifier: Apache-2.0
"""The writing half of a connection over a socket in memory: turns, slices, and what moves."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence

import pytest

from ssm.transport.stomp.outgoing import JOINED_OCTETS, SLICE_OCTETS, Outgoing

SECONDS = 20.0
LARGE = b"x" * (3 * SLICE_OCTETS + 1)


class Pipe(asyncio.Transport):
    """Takes what it is given; what it holds is as large as the test says."""

    def __init__(self, outgoing: Outgoing, *, fills: bool = False) -> None:
        super().__init__()
        self.outgoing = outgoing
        self.fills = fills
        """Full after each write."""
        self.written: list[bytes] = []
        self.held = 0
        self.high = 0
        self.is_gone = False
        outgoing.connect(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
        if self.fills:
            self.outgoing.room.clear()

    def get_write_buffer_size(self) -> int:
        return self.held

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.high = high or 0

    def is_closing(self) -> bool:
        return self.is_gone


class Made:
    """One writing half with its pipe, and how often a message was cut off."""

    def __init__(self, *, fills: bool = False) -> None:
        self.cuts = 0
        self.outgoing = Outgoing(self.cut)
        self.pipe = Pipe(self.outgoing, fills=fills)

    def cut(self) -> None:
        self.cuts += 1

    def sends(self, *pieces: bytes) -> "asyncio.Task[None]":
        return asyncio.ensure_future(self.outgoing.send(lambda: pieces))

    def lengths(self) -> list[int]:
        return [len(piece) for piece in self.pipe.written]


async def turn() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), SECONDS))


def test_small_frames_of_one_turn_leave_as_one_and_large_pieces_are_not_copied_together() -> None:
    async def work() -> None:
        made = Made()
        made.outgoing.write(b"head", b"x" * JOINED_OCTETS, b"\0")
        made.outgoing.write(b"a", b"b")
        assert made.pipe.written == []
        await turn()
        assert made.lengths() == [4, JOINED_OCTETS, 3]

    run(work)


def test_as_soon_as_a_slice_has_gathered_it_is_handed_over() -> None:
    async def work() -> None:
        made = Made()
        for _ in range(4):
            made.outgoing.write(b"x" * (SLICE_OCTETS // 3))
        assert sum(made.lengths()) >= SLICE_OCTETS
        await turn()
        assert sum(made.lengths()) == 4 * (SLICE_OCTETS // 3)

    run(work)


def test_however_many_want_to_send_a_full_socket_is_handed_little_more_than_a_slice() -> None:
    async def work() -> None:
        made = Made(fills=True)
        frame = b"x" * (SLICE_OCTETS // 4)
        tasks = [made.sends(frame) for _ in range(100)]
        for rounds in range(1, 6):
            await turn()
            assert sum(made.lengths()) <= rounds * (SLICE_OCTETS + len(frame))
            made.outgoing.room.set()
        made.pipe.fills = False
        await asyncio.gather(*tasks)
        await turn()
        assert sum(made.lengths()) == 100 * len(frame)

    run(work)


def test_a_large_frame_waits_for_room_before_each_slice_and_nothing_stands_inside() -> None:
    async def work() -> None:
        made = Made(fills=True)
        made.outgoing.write(b"before")
        tasks = [made.sends(b"head", LARGE, b"\0"), made.sends(b"after")]
        await turn()
        assert made.lengths() == [6]
        while not all(task.done() for task in tasks):
            before = len(made.pipe.written)
            made.outgoing.room.set()
            await turn()
            assert len(made.pipe.written) <= before + 1
        made.outgoing.room.set()
        await turn()
        assert b"".join(made.pipe.written) == b"beforehead" + LARGE + b"\0after"
        assert max(made.lengths()) == SLICE_OCTETS
        assert made.cuts == 0

    run(work)


def test_frames_leave_in_the_order_in_which_they_were_to_be_sent() -> None:
    async def work() -> None:
        made = Made()
        made.outgoing.room.clear()
        tasks = [made.sends(b"%d" % number) for number in range(9)]
        await turn()
        made.outgoing.room.set()
        await asyncio.gather(*tasks)
        await turn()
        assert b"".join(made.pipe.written) == b"012345678"

    run(work)


def test_what_is_sent_is_made_when_its_turn_has_come_and_what_is_raised_there_comes_out() -> None:
    async def work() -> None:
        made = Made()
        made.outgoing.room.clear()
        asked: list[str] = []

        def refuse() -> Sequence[bytes]:
            asked.append("now")
            raise ValueError("no")

        refused = asyncio.ensure_future(made.outgoing.send(refuse))
        following = made.sends(b"next")
        await turn()
        assert asked == []
        made.outgoing.room.set()
        with pytest.raises(ValueError, match="no"):
            await refused
        await following
        await turn()
        assert made.pipe.written == [b"next"]

    run(work)


@pytest.mark.parametrize("is_writing", [True, False])
def test_only_who_is_stopped_inside_a_frame_has_cut_it_off(*, is_writing: bool) -> None:
    async def work() -> None:
        made = Made(fills=True)
        first, second = made.sends(LARGE), made.sends(LARGE)
        await turn()
        assert made.outgoing.is_busy()
        (first if is_writing else second).cancel()
        await turn()
        assert made.cuts == is_writing
        made.pipe.fills = False
        made.outgoing.room.set()
        await asyncio.wait({first, second})
        assert not made.outgoing.is_busy()

    run(work)


def test_a_socket_that_is_gone_is_given_nothing_and_nobody_waits_for_it() -> None:
    async def work() -> None:
        made = Made(fills=True)
        tasks = [made.sends(LARGE), made.sends(b"small")]
        await turn()
        assert made.lengths() == [SLICE_OCTETS]
        made.pipe.is_gone = True
        made.outgoing.room.set()
        await asyncio.gather(*tasks)
        await turn()
        assert made.lengths() == [SLICE_OCTETS]

    run(work)


def test_octets_that_leave_are_told_from_octets_that_are_stuck() -> None:
    async def work() -> None:
        made = Made()
        begun = made.outgoing.loop.time()
        assert made.outgoing.seconds_stuck(begun) is None
        made.outgoing.write(b"x" * 1000)
        await turn()
        made.pipe.held = 900
        assert made.outgoing.seconds_stuck(begun + 1) == 0
        assert made.outgoing.seconds_stuck(begun + 4) == 3
        made.outgoing.write(b"x" * 1000)
        await turn()
        made.pipe.held = 1900  # more waits, and yet nothing has left
        assert made.outgoing.seconds_stuck(begun + 5) == 4
        made.pipe.held = 1899
        assert made.outgoing.seconds_stuck(begun + 6) == 0
        made.pipe.held = 0
        assert made.outgoing.seconds_stuck(begun + 20) is None
        made.outgoing.write(b"x" * 1000)
        await turn()
        made.pipe.held = 1000
        assert made.outgoing.seconds_stuck(begun + 21) == 1

    run(work)


def test_a_socket_holds_no_more_than_a_slice_before_it_calls_itself_full() -> None:
    async def work() -> None:
        assert Made().pipe.high == SLICE_OCTETS

    run(work)
