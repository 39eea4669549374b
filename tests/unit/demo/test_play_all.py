# SPDX-License-Identifier: Apache-2.0
"""The demonstration of every way in notices when an old sender was not told what it should have been."""

from dataclasses import replace
from pathlib import Path

import pytest

from ssm.demo.outcome import Row
from ssm.demo.play_all import heard_of
from ssm.demo.stage_all import SSM1, STOMP
from ssm.demo.told import Told, told

ACCEPTED = Row("a", 1, "/CN=x", "accepted", "", 1.0, right=True, way=SSM1)
REJECTED = replace(ACCEPTED, outcome="rejected")
TAKEN, REFUSED = Told(is_taken=True, seconds=0.1, times=1), Told(is_taken=False, seconds=0.1, times=1)
LINE = "2026-01-01 00:00:{:02},500 - ssmsend - INFO - {}\n"


@pytest.mark.parametrize(
    ("row", "answer", "is_right"),
    [
        (ACCEPTED, TAKEN, True),
        (ACCEPTED, REFUSED, False),
        (ACCEPTED, None, False),
        (ACCEPTED, replace(TAKEN, times=2), False),
        (ACCEPTED, replace(TAKEN, seconds=50.0), True),
        (REJECTED, REFUSED, True),
        (REJECTED, TAKEN, False),
        (REJECTED, None, False),
        (REJECTED, replace(REFUSED, seconds=60.0), False),
        (replace(ACCEPTED, right=False), TAKEN, False),
        (replace(ACCEPTED, way=STOMP), None, True),
    ],
)
def test_a_row_is_right_when_its_sender_heard_the_outcome(row: Row, answer: Told | None, *, is_right: bool) -> None:
    assert heard_of(row, answer).right is is_right


def test_what_a_sender_heard_is_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = (
        (1, "Sending message: a. Waiting for broker to accept message."),
        (2, "Sending message: b. Waiting for broker to accept message."),
        (3, "No connection: lost. Trying again in 1 seconds."),
        (4, "Sending message: a. Waiting for broker to accept message."),
        (6, "Broker received message: a"),
        (7, "The broker refused message b: why. It stays in the spool."),
        (8, "Broker received message: never-sent"),
        (9, "Broker received message: a"),
        (10, "Sending message: c. Waiting for broker to accept message."),
    )
    log.write_text("".join(LINE.format(*line) for line in lines) + "a trace\n")
    assert told(log) == {
        "a": Told(is_taken=True, seconds=8.0, times=2),
        "b": Told(is_taken=False, seconds=5.0, times=1),
    }


def test_where_there_is_no_log_nobody_heard_anything(tmp_path: Path) -> None:
    assert told(tmp_path / "none") == {}
