# SPDX-License-Identifier: Apache-2.0
"""Where we are in a subscription: what was pulled, what is being filed, what may be acknowledged.

A subscription has one position. To acknowledge is to move it, so nothing may be acknowledged before everything below is
filed, and only up to where the last pull reached; each acknowledgement ends what the last pull allowed (AMS,
acknowledge). Nothing is ever lost by a mistake here that moves the position too little: messages come again.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import takewhile

from ssm.protocols.ams.replies import Pulled

FIRST_PULL = 32
CALM = 32  # pulls that fit before a larger one is tried


class Position:
    """What one consumer knows of its subscription."""

    def __init__(self, patience_seconds: float) -> None:
        self.patience_seconds = patience_seconds
        """How long after a pull what is filed is acknowledged even if it is not everything."""
        self.waiting: deque[Pulled] = deque()
        """Pulled, and not handed out yet."""
        self.in_hand: dict[int, str] = {}
        """Handed out and not acknowledged: offset and ackId."""
        self.filed: set[int] = set()
        """Those in hand that are filed."""
        self.reach = -1
        """The last offset that the pending pull lets us acknowledge."""
        self.is_pending = False
        """Whether a pull is pending, without which nothing can be acknowledged."""
        self.pulled_at = 0.0

    def pulled(self, messages: Sequence[Pulled], now: float) -> int:
        """A pull was answered; how many of these are new to us. What stands below is acknowledged already."""
        offsets = [one.offset for one in messages]
        first = min(offsets, default=None)
        self.forget([one for one in self.in_hand if first is None or one < first])
        new = [one for one in messages if one.offset not in self.in_hand]
        self.waiting = deque(sorted(new, key=lambda one: one.offset))
        self.reach = max(offsets, default=-1)
        self.is_pending = bool(messages)
        self.pulled_at = now
        return len(new)

    def take(self, limit: int, octets: int) -> Sequence[Pulled]:
        """Hand some out: at most so many, and no more octets than this but for the last."""
        taken: list[Pulled] = []
        while self.waiting and len(taken) < limit and octets > 0:
            one = self.waiting.popleft()
            octets -= len(one.body)
            self.in_hand[one.offset] = one.ack_id
            taken.append(one)
        return taken

    def note_filed(self, ack_ids: Iterable[str]) -> None:
        """These are filed."""
        offsets = {ack_id: offset for offset, ack_id in self.in_hand.items()}
        self.filed.update(offsets[one] for one in ack_ids if one in offsets)

    def due(self, now: float, *, in_full: bool = True) -> str | None:
        """The ackId up to which the service should be told now, if any.

        In full: once all that was pulled is filed, or when it is late. Otherwise: whatever may be acknowledged.
        """
        filed = list(takewhile(self.filed.__contains__, sorted(self.in_hand)))
        is_everything = not self.waiting and len(filed) == len(self.in_hand)
        is_late = now - self.pulled_at >= self.patience_seconds
        if in_full and not (is_everything or is_late):
            return None
        below = min((one.offset for one in self.waiting), default=None)
        if self.is_pending:
            filed = [one for one in filed if one <= self.reach]
        if below is not None:
            filed = [one for one in filed if one < below]
        return self.in_hand[filed[-1]] if filed else None

    def acknowledged(self, ack_id: str) -> None:
        """The service took it. What waits must be pulled again to be acknowledged."""
        upto = next((offset for offset, one in self.in_hand.items() if one == ack_id), -1)
        self.forget([one for one in self.in_hand if one <= upto])
        self.no_pull_pending()

    def no_pull_pending(self) -> None:
        """The service will take no acknowledgement before the next pull."""
        self.is_pending = False
        self.waiting.clear()

    def forget(self, offsets: Iterable[int]) -> None:
        """These are behind us."""
        for one in offsets:
            del self.in_hand[one]
            self.filed.discard(one)

    def may_pull(self) -> bool:
        """True when nothing waits and a further pull brings something new, or brings back what can be acknowledged."""
        return not self.waiting and (not self.in_hand or not self.is_pending)


class PullSize:
    """How many messages are asked for at a time: as many as are filed well within the deadline, and fit."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.now = min(FIRST_PULL, most)
        self.fitting = most
        """As many as an answer holds, as far as we know: messages are large for now."""
        self.calm = 0

    def grow(self) -> None:
        """It went well."""
        if self.now < self.fitting:
            self.now = min(self.now * 2, self.fitting)
            return
        self.calm += 1
        if self.calm >= CALM:
            self.calm = 0
            self.fitting = min(self.fitting * 2, self.most)

    def fit(self, count: int) -> None:
        """Only so many fit into one answer: an answer that does not is read in vain, so more is not tried soon."""
        self.fitting = max(min(count, self.most), 1)
        self.now = min(self.now, self.fitting)
        self.calm = 0

    def shrink(self) -> bool:
        """It was too much; False when it cannot be less."""
        is_less = self.now > 1
        self.now = max(self.now // 2, 1)
        return is_less
