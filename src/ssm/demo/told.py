# SPDX-License-Identifier: Apache-2.0
"""What a sender was told of each of its messages, and how soon: read from its own log."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

SENDING = re.compile(r"Sending message: (\S+)\. Waiting")
TAKEN = re.compile(r"Broker received message: (\S+)$")
REFUSED = re.compile(r"The broker refused message (\S+): ")


@dataclass(frozen=True, slots=True)
class Told:
    """What one sender heard of one message."""

    is_taken: bool
    """Not refused."""
    seconds: float
    """Since the message was first sent."""
    times: int
    """How often this was said; once is right."""


def told(log: Path) -> dict[str, Told]:
    """By message id; a message of which nothing was heard is not in it."""
    first: dict[str, datetime] = {}
    found: dict[str, Told] = {}
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        sending = SENDING.search(line)
        if sending is not None:
            first.setdefault(sending[1], moment(line))
        for pattern in (TAKEN, REFUSED):
            answer = pattern.search(line)
            if answer is not None and answer[1] in first:
                name = answer[1]
                times = found[name].times + 1 if name in found else 1
                seconds = (moment(line) - first[name]).total_seconds()
                found[name] = Told(pattern is TAKEN, seconds, times)
    return found


def moment(line: str) -> datetime:
    """When a line was written."""
    text = " ".join(line.split(" ", 2)[:2])
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S,%f")  # noqa: DTZ007 - only differences are of interest
