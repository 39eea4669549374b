# SPDX-License-Identifier: Apache-2.0
"""From verdicts to the cabinet, in order: known by either name, forgotten in its place."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace

from ssm.messenger.answering import twin_of
from ssm.messenger.events import Event
from ssm.messenger.filing import Judged, file_part, judged, parts_of
from ssm.messenger.judge import Judge, Listener, digest_of
from ssm.messenger.receive import ReceiveLimits, ReceivePorts, ReceiveRun
from ssm.ports.filing import Box, Verdict
from ssm.ports.transport import Delivery
from tests.fakes.receiving import MemoryCabinet, MemoryConsumer, MemoryQueue
from tests.fakes.sending import Told
from tests.unit.messenger.test_answering import SITE
from tests.unit.messenger.test_receive import List, open_text

H1, H2 = "1" * 32, "2" * 32


def message(sealing: bytes, word: str, *, seen: str | None = None) -> Judged:
    delivery = Delivery(sealing, sealing.decode(), "token", seen=bytes.fromhex(seen) if seen else None)
    digest = hashlib.sha256(sealing).digest()
    verdict = Verdict(digest, Box.INCOMING, b"p", str(SITE), None, twin=twin_of(word, str(SITE)), answer=word)
    return judged(delivery, verdict)


def ping(seen: str) -> Judged:
    delivery = Delivery(b"", "ping", "token", seen=bytes.fromhex(seen))
    return judged(delivery, Verdict(digest_of(delivery), Box.REJECTED, b"", None, None))


def file_all(cabinet: MemoryCabinet, *batch: Judged) -> list[bool]:
    """Whether each was new."""
    return [outcome.name is not None for part in parts_of(batch) for outcome in file_part(cabinet, part)]


def test_a_batch_is_one_part_unless_something_must_be_forgotten_inside_it() -> None:
    steady = [message(b"b", H2, seen=H1), message(b"c", "3" * 32, seen=H2[:-1] + "0")]
    assert len(list(parts_of(steady))) == 1
    cut = [message(b"a", H1), message(b"b", H2, seen=H1)]
    assert [len(part) for part in parts_of(cut)] == [1, 1]
    assert list(parts_of([])) == []


def test_the_worked_sequence() -> None:
    cabinet = MemoryCabinet()
    assert file_all(cabinet, message(b"M1", H1)) == [True]
    assert file_all(cabinet, message(b"M2", H2, seen=H1)) == [True]
    assert file_all(cabinet, message(b"M2 again", H2)) == [False]
    assert file_all(cabinet, message(b"M3", H1)) == [True]


def test_a_copy_in_front_of_its_confirmation_is_a_copy_also_in_one_batch() -> None:
    cabinet = MemoryCabinet()
    file_all(cabinet, message(b"M1", H1))
    assert file_all(cabinet, message(b"M1 again", H1), message(b"M2", H2, seen=H1)) == [False, True]
    assert file_all(cabinet, message(b"M1 again", H1)) == [False]


def test_a_ping_confirms_and_is_filed_nowhere() -> None:
    cabinet = MemoryCabinet()
    assert file_all(cabinet, message(b"M1", H1), ping(H1), message(b"M1 anew", H1)) == [True, False, True]
    assert len(cabinet.boxes[Box.INCOMING]) == 2
    assert cabinet.boxes[Box.REJECTED] == {}


def test_what_is_left_with_its_sender_is_filed_nowhere() -> None:
    cabinet = MemoryCabinet()
    one = message(b"M1", H1)
    assert file_all(cabinet, replace(one, verdict=replace(one.verdict, is_left=True))) == [False]
    assert cabinet.filed_before == {}


class Watched(MemoryQueue):
    """Notes what is in the cabinet at the moment of each acknowledgement."""

    def __init__(self, bodies: Sequence[tuple[str | None, bytes]], cabinet: MemoryCabinet) -> None:
        super().__init__(bodies)
        self.cabinet = cabinet
        self.answers: list[tuple[str | None, str | None, int]] = []

    async def open_consumer(self) -> MemoryConsumer:
        queue = self

        class Noting(MemoryConsumer):
            async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
                filed = sum(len(box) for box in queue.cabinet.boxes.values())
                queue.answers += [(one.message_id, one.answer, filed) for one in deliveries]
                await super().acknowledge(deliveries)

        self.connections += 1
        return Noting(self, self.connections)


def test_several_listeners_fill_one_cabinet_each_with_its_own_judge_and_answers_come_after_filing() -> None:
    cabinet, told = MemoryCabinet(), Told()
    judge = Judge(open_text, List())

    def answering(delivery: Delivery, digest: bytes, *, ends: int = 0) -> Verdict:
        return Verdict(digest, Box.INCOMING, delivery.body, str(SITE), delivery.message_id, answer="told")

    plain, old = Watched([("a", b"good"), ("b", b"bad")], cabinet), Watched([("c", b"old")], cabinet)

    async def work() -> None:
        ports = ReceivePorts(cabinet, judge, told)
        run = ReceiveRun(ports, [Listener(plain, judge), Listener(old, answering)], ReceiveLimits())
        task = asyncio.ensure_future(run.run())
        await plain.is_drained.wait()
        await old.is_drained.wait()
        run.stop()
        await task

    asyncio.run(asyncio.wait_for(work(), 30))
    assert {body.body for body in cabinet.boxes[Box.INCOMING].values()} == {b"GOOD", b"old"}
    assert [(name, answer) for name, answer, _ in plain.answers] == [("a", None), ("b", None)]
    [(name, answer, filed)] = old.answers
    assert (name, answer) == ("c", "told")
    assert filed >= 1
    assert len(told.of(Event.CONNECTED)) == 2


def test_a_message_that_comes_by_two_listeners_at_once_is_filed_once() -> None:
    for _ in range(20):
        cabinet = MemoryCabinet()
        judge = Judge(open_text, List())
        queues = [MemoryQueue([("a", b"good")]) for _ in range(3)]

        async def work(queues: list[MemoryQueue], cabinet: MemoryCabinet, judge: Judge) -> None:
            ports = ReceivePorts(cabinet, judge, Told())
            run = ReceiveRun(ports, [Listener(one, judge) for one in queues], ReceiveLimits())
            task = asyncio.ensure_future(run.run())
            for one in queues:
                await one.is_drained.wait()
            run.stop()
            await task

        asyncio.run(asyncio.wait_for(work(queues, cabinet, judge), 30))
        assert len(cabinet.boxes[Box.INCOMING]) == 1
