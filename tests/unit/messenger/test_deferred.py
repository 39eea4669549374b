# SPDX-License-Identifier: Apache-2.0
"""A pass over what waits: each is judged once, stays or goes, and a deadly one is found."""

import hashlib
from dataclasses import dataclass, field

import pytest

from ssm.envelope.opened import OpenedMessage
from ssm.errors import CannotJudgeError, SignatureError
from ssm.messenger.deferred import DeferredPass, seconds_until_next
from ssm.messenger.events import Event
from ssm.messenger.judge import Judge
from ssm.names import DistinguishedName
from ssm.ports.filing import Box, Verdict
from tests.fakes.receiving import MemoryCabinet
from tests.fakes.sending import Told

DN = DistinguishedName.parse("/O=Test/CN=site")


@dataclass
class World:
    """A cabinet with deferred messages; ``later`` in a message means that the CRL is still missing."""

    cabinet: MemoryCabinet = field(default_factory=MemoryCabinet)
    told: Told = field(default_factory=Told)
    opened: list[bytes] = field(default_factory=list)

    def defer(self, *bodies: bytes) -> None:
        self.cabinet.file(
            [
                Verdict(hashlib.sha256(body).digest(), Box.DEFERRED, body, None, body.decode(), "no CRL", "deferred")
                for body in bodies
            ]
        )

    def open(self, message: bytes) -> OpenedMessage:
        self.opened.append(message)
        if message.startswith(b"later"):
            raise CannotJudgeError("a CRL is missing")
        if message.startswith(b"bad"):
            raise SignatureError("it does not hold")
        if message.startswith(b"deadly"):
            raise SystemExit
        return OpenedMessage(message.upper(), DN, encrypted=False, signing_time=None)

    def permits(self, signer: DistinguishedName) -> bool:
        return signer == DN

    def refresh(self) -> None:
        return

    def judge_again(self) -> int:
        return DeferredPass(self.cabinet, Judge(self.open, self), self.told)()

    def bodies(self, box: Box) -> list[bytes]:
        return [verdict.body for verdict in self.cabinet.boxes[box].values()]


def test_each_that_can_be_judged_now_goes_where_it_belongs_and_the_others_stay() -> None:
    made = World()
    made.defer(b"good", b"later", b"bad")
    assert made.judge_again() == 2
    assert made.bodies(Box.INCOMING) == [b"GOOD"]
    assert made.bodies(Box.REJECTED) == [b"bad"]
    assert made.bodies(Box.DEFERRED) == [b"later"]
    assert (made.told.of(Event.ACCEPTED), made.told.of(Event.REJECTED)) == (["good"], ["bad"])
    assert made.cabinet.judging == {}
    assert made.cabinet.locked == set()


def test_what_still_cannot_be_judged_says_nothing_and_can_be_taken_again() -> None:
    made = World()
    made.defer(b"later")
    assert [made.judge_again(), made.judge_again()] == [0, 0]
    assert made.opened == [b"later", b"later"]
    assert made.told.events == []


def test_an_empty_box_is_no_work() -> None:
    assert World().judge_again() == 0


def test_what_somebody_else_has_taken_is_left_to_them() -> None:
    made = World()
    made.defer(b"good")
    [name] = made.cabinet.deferred()
    made.cabinet.locked.add(name)
    assert made.judge_again() == 0
    assert made.opened == []


def test_a_message_that_ends_the_program_here_is_a_suspect_and_set_aside_after_the_third_time() -> None:
    made = World()
    made.defer(b"deadly", b"good")
    for times in (1, 2, 3):
        with pytest.raises(SystemExit):
            made.judge_again()
        assert made.cabinet.suspects() == {hashlib.sha256(b"deadly").digest(): times}
        made.cabinet.locked.clear()  # as recovery does after a death
    assert made.judge_again() == 2
    assert made.bodies(Box.REJECTED) == [b"deadly"]
    assert made.bodies(Box.INCOMING) == [b"GOOD"]
    assert made.told.of(Event.SET_ASIDE) == ["deadly"]


def test_told_to_stop_a_pass_ends_with_the_element_in_hand() -> None:
    made = World()
    made.defer(b"good", b"fine", b"well")
    stopped = DeferredPass(made.cabinet, Judge(made.open, made), made.told, lambda: bool(made.opened))
    assert stopped() == 1
    assert made.bodies(Box.INCOMING) == [b"GOOD"]
    assert made.cabinet.locked == set()
    assert made.judge_again() == 2


@pytest.mark.parametrize(("pass_seconds", "expected"), [(0.0, 60.0), (3.0, 60.0), (6.0, 120.0)])
def test_passes_take_little_of_the_time(pass_seconds: float, expected: float) -> None:
    assert seconds_until_next(60.0, pass_seconds) == pytest.approx(expected)
