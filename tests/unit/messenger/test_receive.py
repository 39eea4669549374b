# SPDX-License-Identifier: Apache-2.0
"""The receiving workflow over ports in memory: filed, then acknowledged, once."""

import asyncio
import hashlib
import time
from dataclasses import dataclass, field

import pytest

from ssm.envelope.opened import OpenedMessage
from ssm.errors import CannotJudgeError, SignatureError, SpoolError, SpoolUnavailableError
from ssm.messenger.events import Event
from ssm.messenger.judge import Judge, Listener
from ssm.messenger.receive import ReceiveLimits, ReceivePorts, ReceiveRun
from ssm.names import DistinguishedName
from ssm.ports.filing import Box, Verdict
from ssm.ports.signers import Opener
from tests.fakes.receiving import MemoryCabinet, MemoryQueue
from tests.fakes.sending import Told

DN = DistinguishedName.parse("/CN=site")


class List:
    """Implements SignerList."""

    def permits(self, signer: DistinguishedName) -> bool:
        return signer == DN

    def refresh(self) -> None:
        return


def open_text(message: bytes) -> OpenedMessage:
    """What a message says is what becomes of it."""
    if message.startswith(b"bad"):
        raise SignatureError("the signature does not hold")
    if message.startswith(b"later"):
        raise CannotJudgeError("a CRL is missing", hint="run fetch-crl")
    if message.startswith(b"bug"):
        raise ZeroDivisionError
    signer = DistinguishedName.parse("/CN=stranger") if message.startswith(b"stranger") else DN
    return OpenedMessage(message.upper(), signer, encrypted=False, signing_time=None)


@dataclass
class World:
    """All ports."""

    queue: MemoryQueue
    cabinet: MemoryCabinet = field(default_factory=MemoryCabinet)
    told: Told = field(default_factory=Told)
    open: Opener = open_text

    def run(self) -> None:
        """Until the queue is drained, then stop."""
        asyncio.run(asyncio.wait_for(self.work(), 30))

    def new_run(self) -> ReceiveRun:
        ports = ReceivePorts(self.cabinet, Judge(self.open, List()), self.told)
        return ReceiveRun(
            ports, [Listener(self.queue, ports.judge)], ReceiveLimits(batch=4, deferred_interval_seconds=0.01)
        )

    async def work(self) -> None:
        run = self.new_run()
        task = asyncio.ensure_future(run.run())
        drained = asyncio.ensure_future(self.queue.is_drained.wait())
        await asyncio.wait({task, drained}, return_when=asyncio.FIRST_COMPLETED)
        run.stop()
        await task

    def bodies(self, box: Box) -> list[bytes]:
        return [verdict.body for verdict in self.cabinet.boxes[box].values()]


def world(*bodies: bytes) -> World:
    return World(MemoryQueue([(f"id-{number}", body) for number, body in enumerate(bodies)]))


def test_each_goes_where_it_belongs_and_is_acknowledged() -> None:
    made = world(b"good", b"bad", b"stranger", b"later", b"", b"fine")
    made.run()
    assert made.bodies(Box.INCOMING) == [b"GOOD", b"FINE"]
    assert made.bodies(Box.REJECTED) == [b"bad", b"stranger", b""]
    assert made.bodies(Box.DEFERRED) == [b"later"]
    assert [verdict.error for verdict in made.cabinet.boxes[Box.REJECTED].values()] == [
        "Failed to verify message: the signature does not hold",
        "Signer not in valid DNs list: /CN=stranger",
        "Empty text passed to _handle_msg.",
    ]
    assert made.queue.messages == {}
    assert made.told.of(Event.ACCEPTED) == ["id-0", "id-5"]
    assert made.cabinet.judging == {}


def test_the_signer_is_kept_where_it_is_proved_and_only_there() -> None:
    made = world(b"good", b"bad", b"stranger")
    made.run()
    signers = {verdict.body: verdict.signer for box in Box for verdict in made.cabinet.boxes[box].values()}
    assert signers == {b"GOOD": "/CN=site", b"bad": None, b"stranger": "/CN=stranger"}


def test_the_same_octets_are_filed_once_in_one_batch_and_across_batches() -> None:
    made = world(b"a", b"a", b"b", b"b", b"a", b"c", b"b")
    made.run()
    assert sorted(made.bodies(Box.INCOMING)) == [b"A", b"B", b"C"]
    assert len(made.queue.acknowledged) == 7
    assert len(made.told.of(Event.DUPLICATE)) == 4


@pytest.mark.parametrize("after", [0, 1, 3, 5])
def test_a_connection_that_is_lost_between_filing_and_acknowledging_doubles_nothing(after: int) -> None:
    made = world(*(b"%d" % number for number in range(12)))
    made.queue.lose_after = {1: after, 2: after}
    made.run()
    assert sorted(made.bodies(Box.INCOMING)) == sorted(b"%d" % number for number in range(12))
    assert made.queue.messages == {}
    assert made.queue.connections >= 3
    assert made.cabinet.judging == {}


@pytest.mark.parametrize("fault", [SpoolUnavailableError("disk full"), SpoolError("damaged")])
def test_nothing_is_acknowledged_while_the_spool_cannot_take_it_and_then_it_goes_on(
    fault: SpoolUnavailableError | SpoolError,
) -> None:
    made = world(b"a", b"b")
    made.cabinet.faults = [fault]
    acknowledged_at_fault: list[int] = []
    file = made.cabinet.file

    def noting(verdicts: list[Verdict]) -> object:
        if made.cabinet.faults:
            acknowledged_at_fault.append(len(made.queue.acknowledged))
        return file(verdicts)

    made.cabinet.file = noting  # type: ignore[method-assign,assignment]  # a fake that is watched
    made.run()
    assert acknowledged_at_fault == [0]
    assert sorted(made.bodies(Box.INCOMING)) == [b"A", b"B"]
    assert len(made.told.of(Event.SPOOL_UNAVAILABLE)) == 1


def test_a_full_spool_does_not_keep_the_receiver_from_stopping() -> None:
    made = world(b"a")
    made.cabinet.faults = [SpoolUnavailableError("disk full") for _ in range(1000)]

    async def work() -> None:
        run = made.new_run()
        task = asyncio.ensure_future(run.run())
        while not made.told.of(Event.SPOOL_UNAVAILABLE):
            await asyncio.sleep(0.001)
        run.stop()
        await task

    asyncio.run(asyncio.wait_for(work(), 30))
    assert made.queue.acknowledged == []
    assert len(made.queue.messages) == 1


def test_a_ping_of_an_old_receiver_is_acknowledged_and_nothing_more() -> None:
    made = World(MemoryQueue([("ping", b""), (None, b"good")]))
    made.run()
    assert made.bodies(Box.REJECTED) == []
    assert made.bodies(Box.INCOMING) == [b"GOOD"]
    assert len(made.queue.acknowledged) == 2


def test_a_bug_in_judging_ends_the_program_and_leaves_the_message_a_suspect() -> None:
    made = world(b"bug")
    with pytest.raises(ZeroDivisionError):
        made.run()
    assert made.queue.acknowledged == []
    assert made.cabinet.suspects() == {hashlib.sha256(b"bug").digest(): 1}


def test_what_ended_the_program_three_times_is_set_aside_and_the_line_goes_on() -> None:
    made = world(b"bug", b"good")
    made.cabinet.judging = {hashlib.sha256(b"bug").digest(): 3}
    made.run()
    [aside] = made.cabinet.boxes[Box.REJECTED].values()
    assert aside.body == b"bug"
    assert aside.reason == "set-aside"
    assert made.bodies(Box.INCOMING) == [b"GOOD"]
    assert made.told.of(Event.SET_ASIDE) == ["id-0"]


def test_a_suspect_is_judged_alone() -> None:
    made = world(*(b"%d" % number for number in range(8)))
    digest = hashlib.sha256(b"2").digest()
    made.cabinet.judging = {digest: 1}
    together: list[int] = []
    begin = made.cabinet.begin

    def noting(digests: list[bytes]) -> None:
        if digest in digests:
            together.append(len(digests))
            assert made.cabinet.judging == {digest: 1}
        begin(digests)

    made.cabinet.begin = noting  # type: ignore[method-assign,assignment]  # a fake that is watched
    made.run()
    assert together == [1]
    assert len(made.bodies(Box.INCOMING)) == 8
    assert made.cabinet.judging == {}


def test_what_was_deferred_is_judged_again_by_itself() -> None:
    made = world(b"later", b"good")
    is_back = asyncio.Event()

    def open_later(message: bytes) -> OpenedMessage:
        return open_text(message.replace(b"later", b"now") if is_back.is_set() else message)

    made.open = open_later

    async def work() -> None:
        run = made.new_run()
        task = asyncio.ensure_future(run.run())
        await made.queue.is_drained.wait()
        assert made.bodies(Box.DEFERRED) == [b"later"]
        is_back.set()
        while made.bodies(Box.DEFERRED):
            await asyncio.sleep(0.01)
        run.stop()
        await task

    asyncio.run(asyncio.wait_for(work(), 30))
    assert sorted(made.bodies(Box.INCOMING)) == [b"GOOD", b"NOW"]
    assert made.cabinet.locked == set()


def test_told_to_stop_it_does_not_wait_for_a_long_pass_over_what_is_deferred() -> None:
    waiting = [b"later %d" % number for number in range(50)]
    made = world()
    for body in waiting:
        made.cabinet.put(Verdict(hashlib.sha256(body).digest(), Box.DEFERRED, body, None, "id", "no CRL", "deferred"))
    opened: list[bytes] = []

    async def work() -> None:
        loop = asyncio.get_running_loop()

        def open_and_stop(message: bytes) -> OpenedMessage:
            opened.append(message)
            loop.call_soon_threadsafe(run.stop)
            while not run.stopping.is_set():
                time.sleep(0.001)  # this is the pass's own thread
            return open_text(message)

        made.open = open_and_stop
        run = made.new_run()
        await run.run()

    asyncio.run(asyncio.wait_for(work(), 30))
    assert opened == waiting[:1]
    assert made.bodies(Box.DEFERRED) == waiting
    assert made.cabinet.locked == set()


def test_stop_without_a_message_ends_at_once() -> None:
    made = world()

    async def work() -> None:
        run = made.new_run()
        task = asyncio.ensure_future(run.run())
        await asyncio.sleep(0)
        run.stop()
        await task

    asyncio.run(asyncio.wait_for(work(), 5))
