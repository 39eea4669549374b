# SPDX-License-Identifier: Apache-2.0
"""What one client has said and not yet committed (STOMP 1.2, BEGIN): bounded in number, in steps and in octets."""

from collections.abc import Callable
from dataclasses import dataclass

from ssm.broker.exchange import ClientError

MAX_OPEN = 100
MAX_STEPS = 10_000


@dataclass(frozen=True, slots=True)
class Step:
    """Something that waits for COMMIT."""

    do: Callable[[], None]
    undo: Callable[[], None] = lambda: None
    """Instead, when it never comes to that."""
    octets: int = 0


class Transactions:
    """Those of one client; ClientError for what cannot be."""

    def __init__(self, max_octets: int) -> None:
        self.max_octets = max_octets
        self.open: dict[str, list[Step]] = {}
        self.steps = 0
        self.octets = 0

    def begin(self, name: str) -> None:
        """What follows under this name waits."""
        if name in self.open:
            raise ClientError("the transaction has begun already")
        if len(self.open) >= MAX_OPEN:
            raise ClientError("too many transactions have begun")
        self.open[name] = []

    def add(self, name: str, step: Step) -> None:
        """One more step; all that waits counts, in whichever transaction."""
        if name not in self.open:
            raise ClientError("there is no such transaction")
        if self.steps >= MAX_STEPS or self.octets + step.octets > self.max_octets:
            raise ClientError("the transaction is too large")
        self.open[name].append(step)
        self.steps += 1
        self.octets += step.octets

    def commit(self, name: str) -> None:
        """Do what waited."""
        for step in self.take(name):
            step.do()

    def abort(self, name: str) -> None:
        """Forget what waited."""
        for step in self.take(name):
            step.undo()

    def abort_all(self) -> None:
        """The client is gone."""
        for name in list(self.open):
            self.abort(name)

    def take(self, name: str) -> list[Step]:
        """What waited, which ends with this."""
        if name not in self.open:
            raise ClientError("there is no such transaction")
        steps = self.open.pop(name)
        self.steps -= len(steps)
        self.octets -= sum(step.octets for step in steps)
        return steps
