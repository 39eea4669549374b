# SPDX-License-Identifier: Apache-2.0
"""What was found in the sending and receiving workflows; each of these failed once."""

import asyncio
import hashlib
from collections.abc import Sequence

import pytest

from ssm.envelope.opened import OpenedMessage
from ssm.errors import ConnectionLostError, RefusedError, SpoolError, SpoolUnavailableError, SsmError
from ssm.messenger.deferred import DeferredPass
from ssm.messenger.events import Event
from ssm.messenger.judge import Judge, Listener
from ssm.messenger.prepare import SendPorts
from ssm.messenger.receive import ReceiveLimits, ReceivePorts, ReceiveRun
from ssm.messenger.send import SendLimits, SendRun
from ssm.names import DistinguishedName
from ssm.ports.filing import Box, DeferredElement, Filed, Verdict
from ssm.ports.transport import Producer
from tests.fakes.receiving import MemoryCabinet, MemoryQueue
from tests.fakes.sending import MemoryCopies, MemoryJournal, MemoryProducer, MemorySpool, MemoryTransport, Told

DN = DistinguishedName.parse("/O=Test/CN=site")


class Everybody:
    """Implements SignerList."""

    def permits(self, signer: DistinguishedName) -> bool:
        return True

    def refresh(self) -> None:
        return


def open_all(message: bytes) -> OpenedMessage:
    return OpenedMessage(message.upper(), DN, encrypted=False, signing_time=None)


JUDGE = Judge(open_all, Everybody())


# A broker answers one message with an error and hangs up, as STOMP has it.


class StrictSpool(MemorySpool):
    """Only who has claimed an element may give it back."""

    def __init__(self, payloads: dict[str, bytes]) -> None:
        super().__init__(payloads)
        self.released: list[str] = []

    def release(self, name: str) -> None:
        assert name in self.claimed, name
        self.released.append(name)
        super().release(name)


class HangsUp(MemoryTransport):
    """Refuses one message, and closes the connection at once."""

    def __init__(self, bad: str) -> None:
        super().__init__()
        self.bad = bad
        self.attempts = 0

    async def open_producer(self) -> Producer:
        self.connections += 1
        return HangingUp(self, self.connections)


class HangingUp(MemoryProducer):
    def __init__(self, transport: HangsUp, number: int) -> None:
        super().__init__(transport, number)
        self.strict = transport

    async def publish(self, message_id: str, body: bytes) -> None:
        if message_id != self.strict.bad:
            await super().publish(message_id, body)
            return
        await asyncio.sleep(0)
        self.strict.attempts += 1
        self.lost = ConnectionLostError("the broker closed the connection")
        raise RefusedError("message is too large")


def test_a_message_that_is_refused_by_a_broker_that_hangs_up_is_given_back_once_and_not_sent_again() -> None:
    spool = StrictSpool({f"m{number}": b"%d" % number for number in range(6)})
    told = Told()
    ports = SendPorts(spool, MemoryCopies(), MemoryJournal(), MemoryCabinet(), bytes.upper, told)
    transport = HangsUp("m2")

    async def work() -> int:
        report = await SendRun(ports, transport, SendLimits()).run()
        return report.refused

    assert asyncio.run(asyncio.wait_for(work(), 30)) == 1
    assert transport.attempts == 1
    assert spool.released == ["m2"]
    assert list(spool.payloads) == ["m2"]
    assert told.of(Event.REFUSED) == ["m2"]


# The spool is in the way while deferred messages are judged again.


class Stumbling(MemoryCabinet):
    """Fails in one operation, for one element or once."""

    def __init__(self, operation: str, *faults: SsmError) -> None:
        super().__init__()
        self.operation = operation
        self.stumbles = list(faults)

    def meet(self, operation: str) -> None:
        if operation == self.operation and self.stumbles:
            raise self.stumbles.pop(0)

    def begin(self, digests: Sequence[bytes]) -> None:
        self.meet("begin")
        super().begin(digests)

    def finish(self, digests: Sequence[bytes]) -> None:
        self.meet("finish")
        super().finish(digests)

    def resolve_deferred(self, name: str, verdict: Verdict) -> Filed | None:
        self.meet("resolve_deferred")
        return super().resolve_deferred(name, verdict)

    def defer(self, *bodies: bytes) -> None:
        for body in bodies:
            self.put(Verdict(hashlib.sha256(body).digest(), Box.DEFERRED, body, None, "id", "no CRL", "deferred"))

    def incoming(self) -> list[bytes]:
        return [verdict.body for verdict in self.boxes[Box.INCOMING].values()]


@pytest.mark.parametrize("operation", ["begin", "finish", "resolve_deferred"])
def test_a_deferred_message_is_judged_by_the_next_pass_after_the_disk_was_full(operation: str) -> None:
    cabinet = Stumbling(operation, SpoolUnavailableError("disk full"))
    cabinet.defer(b"one")
    judge_again = DeferredPass(cabinet, JUDGE, Told())
    with pytest.raises(SpoolUnavailableError):
        judge_again()
    assert judge_again() == 1
    assert cabinet.incoming() == [b"ONE"]
    assert cabinet.locked == set()


class OneIsUnreadable(Stumbling):
    """Root has put the first element there, with root's own mode."""

    def __init__(self) -> None:
        super().__init__("none")

    def take_deferred(self, name: str) -> DeferredElement | None:
        if name == self.deferred()[0] and self.boxes[Box.DEFERRED][name].body == b"one":
            raise SpoolError("Permission denied")
        return super().take_deferred(name)


def test_a_deferred_element_that_cannot_be_read_holds_up_neither_others_nor_settling() -> None:
    cabinet = OneIsUnreadable()
    cabinet.defer(b"one", b"two", b"three")
    told = Told()

    async def work() -> None:
        run = ReceiveRun(
            ReceivePorts(cabinet, JUDGE, told),
            [Listener(MemoryQueue([]), JUDGE)],
            ReceiveLimits(deferred_interval_seconds=30.0),
        )
        task = asyncio.ensure_future(run.run())
        while not (cabinet.settled and len(cabinet.incoming()) == 2):
            await asyncio.sleep(0.01)
        run.stop()
        await task

    asyncio.run(asyncio.wait_for(work(), 5))
    assert sorted(cabinet.incoming()) == [b"THREE", b"TWO"]
    assert len(told.of(Event.SPOOL_UNAVAILABLE)) == 1


# The connection is lost between filing and acknowledging.


def test_each_accepted_message_has_its_line_also_when_the_connection_is_lost_before_it_is_acknowledged() -> None:
    queue = MemoryQueue([("a", b"a"), ("b", b"b"), ("c", b"c")])
    queue.lose_after[1] = 0
    cabinet, told = MemoryCabinet(), Told()

    async def work() -> None:
        run = ReceiveRun(ReceivePorts(cabinet, JUDGE, told), [Listener(queue, JUDGE)], ReceiveLimits())
        task = asyncio.ensure_future(run.run())
        await queue.is_drained.wait()
        run.stop()
        await task

    asyncio.run(asyncio.wait_for(work(), 30))
    assert sorted(filter(None, told.of(Event.ACCEPTED))) == ["a", "b", "c"]
    assert sorted(filter(None, told.of(Event.DUPLICATE))) == ["a", "b", "c"]
