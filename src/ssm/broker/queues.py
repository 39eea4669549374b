# SPDX-License-Identifier: Apache-2.0
"""What is to be handed to whom: the state of queues, without messages, sockets or disk.

Messages are numbers here. A number is waiting, or out at one subscriber, or gone.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_WAITING = 1_000_000


@dataclass(slots=True)
class Reader:
    """The client behind one or several subscriptions."""

    is_behind: bool = False
    """True while much that was handed to it has not been read."""


@dataclass(eq=False, slots=True)
class Subscriber:
    """One subscription, and what is out at it, in order."""

    prefetch: int
    acknowledges: bool
    """False for ack:auto: a message is gone once it is handed out."""
    reader: Reader = field(default_factory=Reader)
    out: dict[int, None] = field(default_factory=dict)

    def has_room(self) -> bool:
        """True while more may be handed out."""
        return len(self.out) < self.prefetch and not self.reader.is_behind


@dataclass(slots=True)
class Queue:
    """One queue."""

    waiting: deque[int] = field(default_factory=deque)
    again: set[int] = field(default_factory=set)
    """Numbers that were out before, and are marked as redelivered."""
    subscribers: deque[Subscriber] = field(default_factory=deque)
    promised: int = 0
    """Places for messages that are still to be kept."""

    def promise(self) -> bool:
        """Hold a place for a new message; False when there is none."""
        if len(self.waiting) + self.promised >= MAX_WAITING:
            return False
        self.promised += 1
        return True

    def release(self) -> None:
        """That place is not needed any more."""
        self.promised -= 1

    def put(self, number: int) -> None:
        """One more message. What is kept already always has its place."""
        self.waiting.append(number)

    def hand_out(self) -> Iterator[tuple[Subscriber, int, bool]]:
        """To whom goes what, in turn, for as long as somebody has room; and whether it was out before."""
        while self.waiting:
            subscriber = next((one for one in self.subscribers if one.has_room()), None)
            if subscriber is None:
                return
            self.subscribers.remove(subscriber)
            self.subscribers.append(subscriber)
            number = self.waiting.popleft()
            if subscriber.acknowledges:
                subscriber.out[number] = None
            yield subscriber, number, number in self.again

    def acknowledge(self, subscriber: Subscriber, number: int, *, cumulative: bool) -> list[int]:
        """What is gone now; empty when the number was not out there."""
        if number not in subscriber.out:
            return []
        gone = []
        for one in list(subscriber.out):
            if one == number or cumulative:
                gone.append(one)
                del subscriber.out[one]
            if one == number:
                break
        self.again.difference_update(gone)
        return gone

    def leave(self, subscriber: Subscriber) -> None:
        """The subscriber is gone; what was out comes first again."""
        self.subscribers.remove(subscriber)
        self.waiting.extendleft(reversed(subscriber.out))
        self.again.update(subscriber.out)
        subscriber.out.clear()
