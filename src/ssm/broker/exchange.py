# SPDX-License-Identifier: Apache-2.0
"""What a conversation needs of the broker, and what it remembers of its client."""

from dataclasses import dataclass
from typing import Protocol

from ssm.broker.queues import Queue, Subscriber
from ssm.broker.store import Arrival


class ClientError(Exception):
    """The client asked for something that cannot be; it is told, and hung up on."""


@dataclass(slots=True)
class Subscription:
    """One SUBSCRIBE of this client."""

    name: str
    queue_name: str
    queue: Queue
    subscriber: Subscriber
    mode: str


@dataclass(slots=True)
class Beat:
    """Signs of life, as agreed on."""

    every: float = 0.0
    allowed: float = 0.0
    last_read: float = 0.0
    last_written: float = 0.0


class Exchange(Protocol):
    """What a conversation needs of the broker."""

    def queue(self, name: str) -> Queue:
        """The queue of that name."""

    def arrive(self, arrival: Arrival) -> None:
        """Keep a message that its queue has promised a place, then tell whoever sent it."""

    def depart(self, numbers: list[int]) -> None:
        """These are acknowledged."""

    def refuse(self, number: int, queue: str) -> None:
        """This one cannot be dealt with."""

    def flush(self) -> None:
        """Do now what is due."""

    def flush_soon(self) -> None:
        """Do it once all of this turn has come."""
