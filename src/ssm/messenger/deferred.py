# SPDX-License-Identifier: Apache-2.0
"""Judging again what could not be judged before, because of a CRL or a CA directory of ours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ssm.errors import SpoolError
from ssm.messenger.events import Teller
from ssm.messenger.judge import Judge, digest_of, event_of
from ssm.ports.filing import Box, DeferredElement, FilingCabinet
from ssm.ports.transport import Delivery

# A pass over a large backlog may take this part of the receiver's time, and no more.
MOST_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class DeferredPass:
    """One pass over DEFERRED; blocking, for a thread. Told to stop, it ends with the element in hand."""

    cabinet: FilingCabinet
    judge: Judge
    tell: Teller
    is_stopping: Callable[[], bool] = lambda: False

    def __call__(self) -> int:
        """Judge each waiting element once; how many found their verdict. A damaged one raises SpoolError at the end."""
        suspects = self.cabinet.suspects()
        judged = 0
        damaged: SpoolError | None = None
        for name in self.cabinet.deferred():
            if self.is_stopping():
                break
            try:
                judged += self.judge_one(name, suspects)
            except SpoolError as error:
                damaged = damaged or error  # that one only: the others must not wait for it
        if damaged is not None:
            raise damaged
        return judged

    def judge_one(self, name: str, suspects: Mapping[bytes, int]) -> bool:
        """True when this element has left DEFERRED."""
        element = self.cabinet.take_deferred(name)
        if element is None:
            return False
        try:
            return self.judge_taken(element, suspects)
        except BaseException:
            self.cabinet.release_deferred(name)
            raise

    def judge_taken(self, element: DeferredElement, suspects: Mapping[bytes, int]) -> bool:
        """As above, of an element that is locked."""
        name = element.name
        delivery = Delivery(element.body, element.message_id, token="")
        digest = digest_of(delivery)
        self.cabinet.begin([digest])
        verdict = self.judge(delivery, digest, ends=suspects.get(digest, 0))
        self.cabinet.finish([digest])
        if verdict.box is Box.DEFERRED:
            self.cabinet.release_deferred(name)
            return False
        filed = self.cabinet.resolve_deferred(name, verdict)
        if filed is not None:
            self.tell(
                event_of(verdict),
                message_id=element.message_id,
                element=filed.name,
                signer=verdict.signer,
                reason=verdict.error,
                way="",
            )
        return True


def seconds_until_next(interval_seconds: float, pass_seconds: float) -> float:
    """When to look again: at the interval, but never so often that passes take much of the time."""
    return max(interval_seconds, pass_seconds / MOST_SHARE)
