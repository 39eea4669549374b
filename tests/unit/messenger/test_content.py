# SPDX-License-Identifier: Apache-2.0
"""Payloads that are looked at, and payloads that are cut: the sender in memory, with runs that end anywhere."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from ssm.errors import ConnectFailedError, ConnectionLostError, RefusedError, TransportError
from ssm.messenger.content import ContentPorts
from ssm.messenger.events import Event
from ssm.messenger.prepare import SendPorts
from ssm.messenger.send import SendLimits, SendReport, SendRun
from ssm.ports.content import Remark
from tests.fakes.receiving import MemoryCabinet
from tests.fakes.sending import MemoryCopies, MemoryJournal, MemoryPieces, MemorySpool, MemoryTransport, Told


def cut(payload: bytes, most_octets: int) -> Sequence[bytes] | None:
    """Whatever does not begin with # can be cut anywhere."""
    if payload.startswith(b"#"):
        return None
    return [payload[start : start + most_octets] for start in range(0, len(payload), most_octets)]


def inspect(payload: bytes) -> Sequence[Remark]:
    """A question mark is suspicious, an exclamation mark an error."""
    return [
        *(Remark("line 1: it shouts", is_error=True) for _ in range(payload.count(b"!"))),
        *(Remark("line 1: it asks", is_error=False) for _ in range(payload.count(b"?"))),
    ]


@dataclass
class World:
    spool: MemorySpool
    transport: MemoryTransport = field(default_factory=MemoryTransport)
    copies: MemoryCopies = field(default_factory=MemoryCopies)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    aside: MemoryCabinet = field(default_factory=MemoryCabinet)
    pieces: MemoryPieces = field(default_factory=MemoryPieces)
    told: Told = field(default_factory=Told)
    refuse_errors: bool = False
    cut_octets: int | None = None

    def run(self) -> SendReport:
        content = ContentPorts(inspect, self.refuse_errors, cut, self.pieces)
        ports = SendPorts(
            self.spool, self.copies, self.journal, self.aside, lambda payload: payload, self.told, content=content
        )
        limits = SendLimits(window=4, patience_seconds=0.0, max_message_octets=10, cut_octets=self.cut_octets)
        return asyncio.run(asyncio.wait_for(SendRun(ports, self.transport, limits).run(), 30))

    def sent(self) -> list[tuple[str, bytes]]:
        return sorted(self.transport.published)


class DyingSpool(MemorySpool):
    """The program dies when the element is about to be removed."""

    def remove(self, name: str) -> None:
        raise KeyboardInterrupt(name)


def world(**payloads: bytes) -> World:
    return World(MemorySpool(payloads))


def test_a_payload_over_the_limit_travels_in_pieces_and_leaves_the_spool_with_the_last() -> None:
    made = world(m1=b"0123456789abcdefghijABC", m2=b"small")
    report = made.run()
    assert made.sent() == [("m1-1", b"0123456789"), ("m1-2", b"abcdefghij"), ("m1-3", b"ABC"), ("m2", b"small")]
    assert (report.found, report.sent, report.set_aside) == (4, 4, 0)
    assert made.spool.payloads == {}
    assert made.copies.kept == {}
    assert made.pieces.known == {}
    assert made.told.of(Event.CUT) == ["m1"]


def test_what_should_be_cut_and_cannot_be_goes_whole_within_the_limit_and_no_further() -> None:
    made = world(m1=b"#2345678", m2=b"12345678", m3=b"#2345678901")
    made.cut_octets = 5
    report = made.run()
    assert made.sent() == [("m1", b"#2345678"), ("m2-1", b"12345"), ("m2-2", b"678")]
    assert (report.sent, report.set_aside) == (3, 1)


def test_a_payload_that_cannot_be_cut_is_set_aside() -> None:
    made = world(m1=b"#0123456789abcdefghij")
    assert made.run().set_aside == 1
    assert made.transport.published == []
    assert made.spool.payloads == {}


def test_a_refused_piece_keeps_the_element_and_the_next_run_sends_that_piece_only() -> None:
    made = world(m1=b"0123456789abcdefghijABC")
    made.transport.fate = lambda message_id, _: RefusedError("no") if message_id == "m1-2" else None
    report = made.run()
    assert (report.sent, report.refused) == (2, 1)
    assert list(made.spool.payloads) == ["m1"]
    assert made.spool.claimed == set()
    made.transport = MemoryTransport()
    assert made.run().sent == 1
    assert made.sent() == [("m1-2", b"abcdefghij")]
    assert made.spool.payloads == {}
    assert made.pieces.known == {}


def test_a_run_that_loses_the_broker_in_the_middle_sends_the_rest_in_the_next_run() -> None:
    made = world(m1=b"0123456789abcdefghijABC")

    def fate(message_id: str, _: int) -> TransportError | None:
        return None if message_id == "m1-1" else ConnectionLostError("gone")

    made.transport.fate = fate
    with pytest.raises(ConnectionLostError):
        made.run()
    first = [message_id for message_id, _ in made.sent()]
    assert list(made.spool.payloads) == ["m1"]
    made.transport = MemoryTransport()
    made.run()
    assert sorted(first + [message_id for message_id, _ in made.sent()]) == ["m1-1", "m1-2", "m1-3"]
    assert made.spool.payloads == {}


def test_an_element_whose_pieces_were_all_sent_when_a_run_died_is_only_removed() -> None:
    made = world(m1=b"0123456789abc")
    made.spool = DyingSpool(made.spool.payloads)
    with pytest.raises(KeyboardInterrupt):
        made.run()
    assert [message_id for message_id, _ in made.sent()] == ["m1-1", "m1-2"]
    again = World(MemorySpool(made.spool.payloads), pieces=made.pieces, copies=made.copies)
    again.transport.refuse_connections = 0
    report = again.run()
    assert again.transport.published == []
    assert report.sent == 0
    assert again.spool.payloads == {}
    assert again.pieces.known == {}


def test_a_payload_that_was_replaced_under_its_name_is_cut_and_sent_anew() -> None:
    made = world(m1=b"0123456789abc")
    made.transport.fate = lambda message_id, _: RefusedError("no") if message_id == "m1-2" else None
    made.run()
    made.spool.payloads["m1"] = b"9876543210cba"
    made.transport = MemoryTransport()
    made.run()
    assert made.sent() == [("m1-1", b"9876543210"), ("m1-2", b"cba")]


def test_no_broker_leaves_a_cut_element_as_it_was() -> None:
    made = world(m1=b"0123456789abc")
    made.transport.refuse_connections = 1 << 30
    with pytest.raises(ConnectFailedError):
        made.run()
    assert made.spool.payloads == {"m1": b"0123456789abc"}
    assert made.spool.claimed == set()


def test_faults_are_told_and_the_message_is_sent_all_the_same() -> None:
    made = world(m1=b"who?", m2=b"me!", m3=b"fine")
    assert made.run().sent == 3
    told = [
        (message_id, facts["count"], facts["faults"])
        for event, message_id, facts in made.told.events
        if event is Event.FAULTY
    ]
    assert sorted(told) == [("m1", 1, "line 1: it asks"), ("m2", 1, "line 1: it shouts")]


def test_errors_set_a_message_aside_where_that_is_wanted_and_warnings_do_not() -> None:
    made = world(m1=b"who?", m2=b"me! why?")
    made.refuse_errors = True
    report = made.run()
    assert (report.sent, report.set_aside) == (1, 1)
    assert made.sent() == [("m1", b"who?")]
    reasons = [facts["reason"] for event, _, facts in made.told.events if event is Event.SET_ASIDE]
    assert reasons == ["line 1: it shouts; line 1: it asks"]


def test_many_faults_are_told_in_part() -> None:
    made = world(m1=b"?" * 9)
    made.run()
    (facts,) = [facts for event, _, facts in made.told.events if event is Event.FAULTY]
    assert facts["count"] == 9
    assert str(facts["faults"]).count("it asks") == 5
    assert str(facts["faults"]).endswith("; …")
