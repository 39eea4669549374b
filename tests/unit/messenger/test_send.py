# SPDX-License-Identifier: Apache-2.0
"""The sending workflow over ports in memory: what leaves the spool, what stays, and with which octets."""

import asyncio
import time
from dataclasses import dataclass, field

import pytest

from ssm.errors import (
    ConnectFailedError,
    ConnectionLostError,
    RefusedError,
    SpoolUnavailableError,
    TooLargeError,
    TransportError,
    UnsendableError,
)
from ssm.messenger.events import Event
from ssm.messenger.prepare import SendPorts
from ssm.messenger.send import SendLimits, SendReport, SendRun
from ssm.ports.filing import Box
from tests.fakes.receiving import MemoryCabinet
from tests.fakes.sending import MemoryCopies, MemoryJournal, MemorySpool, MemoryTransport, Told


@dataclass
class World:
    """All ports, and one run."""

    spool: MemorySpool
    transport: MemoryTransport = field(default_factory=MemoryTransport)
    copies: MemoryCopies = field(default_factory=MemoryCopies)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    aside: MemoryCabinet = field(default_factory=MemoryCabinet)
    told: Told = field(default_factory=Told)
    seals: int = 0

    def seal(self, payload: bytes) -> bytes:
        if not payload:
            raise UnsendableError("the payload is empty")
        self.seals += 1
        return b"sealed %d: " % self.seals + payload

    def run(self, **limits: float | bool | None) -> SendReport:
        return asyncio.run(asyncio.wait_for(self.new_run(**limits).run(), 30))

    def new_run(self, **limits: float | bool | None) -> SendRun:
        ports = SendPorts(self.spool, self.copies, self.journal, self.aside, self.seal, self.told)
        chosen = SendLimits(**{"window": 4, "patience_seconds": 0.0, **limits})  # type: ignore[arg-type]  # by name
        return SendRun(ports, self.transport, chosen)

    def states(self, name: str) -> list[str]:
        return [entry.state for entry in self.journal.entries if entry.message_id == name]


def world(count: int = 50, **payloads: bytes) -> World:
    return World(MemorySpool({f"m{number:03}": b"%d" % number for number in range(count)} | payloads))


class Slow(MemorySpool):
    """Whose elements take a while to leave."""

    def remove(self, name: str) -> None:
        time.sleep(0.02)
        super().remove(name)


def test_one_at_a_time_means_that_each_has_left_the_spool_before_the_next_goes() -> None:
    made = World(Slow({f"m{number}": b"%d" % number for number in range(6)}))
    there: list[list[str]] = []

    def fate(message_id: str, _: int) -> None:
        there.append(sorted(made.spool.payloads))

    made.transport.fate = fate
    assert made.run(window=1).sent == 6
    assert there == [[f"m{number}" for number in range(first, 6)] for first in range(6)]


def test_everything_is_sent_once_and_leaves_spool_and_copies() -> None:
    made = world()
    report = made.run()
    assert (report.found, report.sent, report.refused, report.set_aside) == (50, 50, 0, 0)
    assert sorted(name for name, _ in made.transport.published) == [f"m{number:03}" for number in range(50)]
    assert made.spool.payloads == {}
    assert made.copies.kept == {}
    assert made.states("m007") == ["sealed", "published"]
    assert made.told.of(Event.PUBLISHED).count("m007") == 1
    assert made.spool.purges == 1


def test_the_window_bounds_what_is_unconfirmed() -> None:
    made = world()
    made.run(window=3)
    assert 1 < made.transport.most_at_once <= 3


def test_an_empty_spool_needs_no_broker() -> None:
    made = world(0)
    assert made.run().found == 0
    assert made.transport.connections == 0


def test_a_lost_connection_costs_nothing_and_the_same_octets_are_sent_again() -> None:
    seen: dict[str, int] = {}

    def fate(message_id: str, connection: int) -> TransportError | None:
        seen[message_id] = seen.get(message_id, 0) + 1
        return ConnectionLostError("gone") if connection == 1 and len(seen) > 10 else None

    made = world()
    made.transport.fate = fate
    report = made.run(patience_seconds=30.0)
    assert report.sent == 50
    assert made.transport.connections == 2
    assert made.seals == 50
    assert made.spool.payloads == {}
    assert max(seen.values()) == 2


def test_no_broker_within_the_patience_leaves_everything_as_it_was() -> None:
    made = world()
    made.transport.refuse_connections = 1 << 30
    with pytest.raises(ConnectFailedError):
        made.run()
    assert len(made.spool.payloads) == 50
    assert made.spool.claimed == set()
    assert made.transport.published == []


def test_the_next_run_sends_the_copies_that_the_last_one_kept() -> None:
    made = world(5)
    made.transport.refuse_connections = 1 << 30
    with pytest.raises(ConnectFailedError):
        made.run(patience_seconds=0.2)
    kept = {name: copy.sealed for name, copy in made.copies.kept.items()}
    assert kept
    made.transport.refuse_connections = 0
    made.run()
    assert dict(made.transport.published).items() >= kept.items()


def test_a_file_that_was_replaced_under_its_old_name_is_sealed_anew() -> None:
    made = world(1)
    made.transport.refuse_connections = 1 << 30
    with pytest.raises(ConnectFailedError):
        made.run(patience_seconds=0.2)
    assert made.copies.kept
    made.spool.payloads["m000"] = b"another"
    made.transport.refuse_connections = 0
    made.run()
    assert made.transport.published[0][1].endswith(b": another")


def test_a_refused_message_stays_in_the_spool_and_the_others_go() -> None:
    made = world()
    made.transport.fate = lambda name, _: RefusedError("not you") if name == "m010" else None
    report = made.run()
    assert (report.sent, report.refused) == (49, 1)
    assert list(made.spool.payloads) == ["m010"]
    assert made.spool.claimed == set()
    assert made.told.of(Event.REFUSED) == ["m010"]
    assert made.states("m010") == ["sealed", "refused"]


def test_a_message_that_makes_every_broker_hang_up_is_found_and_the_others_go() -> None:
    made = world(20)
    made.transport.fate = lambda name, _: ConnectionLostError("hung up") if name == "m003" else None
    report = made.run(patience_seconds=60.0)
    assert (report.sent, report.refused) == (19, 1)
    assert list(made.spool.payloads) == ["m003"]
    assert made.spool.claimed == set()


def test_what_no_envelope_can_carry_is_set_aside_with_its_reason() -> None:
    made = world(3, empty=b"", huge=b"x" * 101)
    report = made.run(max_message_octets=100)
    assert (report.sent, report.set_aside) == (3, 2)
    assert made.spool.payloads == {}
    errors = sorted(verdict.error or "" for verdict in made.aside.boxes[Box.REJECTED].values())
    assert "101 octets" in errors[0]
    assert errors[1] == "the payload is empty"
    assert sorted(made.told.of(Event.SET_ASIDE), key=str) == ["empty", "huge"]


def test_what_others_have_taken_is_left_to_them() -> None:
    made = world(5)
    made.spool.taken_by_others = {"m002"}
    report = made.run()
    assert (report.sent, report.taken) == (4, 1)
    assert list(made.spool.payloads) == ["m002"]


def test_a_full_disk_while_copies_are_kept_gives_every_claim_back() -> None:
    made = world()
    made.copies.fault = SpoolUnavailableError("disk full")
    with pytest.raises(SpoolUnavailableError):
        made.run()
    assert made.spool.claimed == set()
    assert len(made.spool.payloads) == 50
    assert made.transport.published == []


def test_stop_finishes_what_is_in_hand_and_leaves_the_rest_unclaimed() -> None:
    made = world(500)

    async def work() -> SendReport:
        run = made.new_run()
        task = asyncio.ensure_future(run.run())
        while not made.transport.published:
            await asyncio.sleep(0)
        run.stop()
        return await asyncio.wait_for(task, 30)

    report = asyncio.run(work())
    assert 0 < report.sent < 500
    assert len(made.spool.payloads) == 500 - report.sent
    assert made.spool.claimed == set()
    assert len(made.transport.published) == report.sent


def test_stop_without_a_broker_ends_and_gives_back() -> None:
    made = world(5)
    made.transport.refuse_connections = 1 << 30

    async def work() -> None:
        run = made.new_run(patience_seconds=None)
        task = asyncio.ensure_future(run.run())
        while made.transport.connections < 1:
            await asyncio.sleep(0.001)
        run.stop()
        with pytest.raises(ConnectFailedError):
            await asyncio.wait_for(task, 30)

    asyncio.run(work())
    assert made.spool.claimed == set()


def test_a_cancelled_run_gives_every_claim_back() -> None:
    made = world()
    made.transport.refuse_connections = 1 << 30

    async def work() -> None:
        task = asyncio.ensure_future(made.new_run(patience_seconds=None).run())
        while made.transport.connections < 1:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert made.spool.claimed == set()
    assert len(made.spool.payloads) == 50


def test_a_follower_sends_what_comes_later() -> None:
    made = world(2)

    async def work() -> SendReport:
        run = made.new_run(follow=True, patience_seconds=None)
        task = asyncio.ensure_future(run.run())
        while len(made.transport.published) < 2:
            await asyncio.sleep(0.001)
        made.spool.payloads["later"] = b"x"
        while len(made.transport.published) < 3:
            await asyncio.sleep(0.001)
        run.stop()
        return await asyncio.wait_for(task, 30)

    assert asyncio.run(work()).sent == 3
    assert made.transport.connections == 1


def test_a_message_that_is_too_large_for_the_other_side_is_set_aside_and_the_others_go() -> None:
    made = world(5)
    made.transport.fate = lambda message_id, _: TooLargeError("too large") if message_id == "m002" else None
    report = made.run()
    assert (report.sent, report.set_aside, report.refused) == (4, 1, 0)
    assert made.spool.payloads == {}
    assert made.copies.kept == {}
    assert made.told.of(Event.SET_ASIDE) == ["m002"]


def test_with_one_message_at_a_time_none_overtakes_another() -> None:
    made = world(80)
    made.run(window=1)
    assert [name for name, _ in made.transport.published] == [f"m{number:03}" for number in range(80)]
