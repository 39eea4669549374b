# SPDX-License-Identifier: Apache-2.0
"""An incoming box and a repository in memory, which stumble where a test says so."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from ssm.ports.incoming import IncomingElement
from ssm.ports.repository import Arrival, Block, Changes, Stored


@dataclass
class MemoryIncoming:
    """Implements ``ssm.ports.incoming.IncomingSpool``."""

    elements: dict[str, bytes] = field(default_factory=dict)
    claimed: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    noted: dict[str, int] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    """What is no element."""
    faults: dict[str, list[Exception]] = field(default_factory=dict)
    """By the name of the call, what the next ones raise."""

    def stumble(self, call: str) -> None:
        """Raise what was put there."""
        if self.faults.get(call):
            raise self.faults[call].pop(0)

    def add(self, body: bytes) -> str:
        name = f"00000000/{len(self.elements) + 0x68000000:08x}000000"
        self.elements[name] = body
        return name

    def ready(self) -> Sequence[str]:
        self.stumble("ready")
        return sorted(self.elements)

    def strays(self) -> Sequence[str]:
        self.stumble("strays")
        return self.others

    def claim(self, name: str) -> IncomingElement | None:
        self.stumble("claim")
        if name in self.claimed or name not in self.elements:
            return None
        self.claimed.add(name)
        return IncomingElement(name, self.elements[name], "/CN=a", None)

    def release(self, name: str) -> None:
        self.stumble("release")
        self.claimed.remove(name)

    def finish(self, name: str) -> None:
        self.stumble("finish")
        self.claimed.remove(name)
        del self.elements[name]

    def refuse(self, name: str, error: str) -> str:
        self.stumble("refuse")
        self.finish(name)
        self.refused[name] = error
        return name

    def deaths(self) -> Mapping[str, int]:
        return self.noted

    def recover(self) -> int:
        self.stumble("recover")
        return 0


@dataclass
class MemoryRepository:
    """Implements ``ssm.ports.repository.Repository``, without keeping rows."""

    stored: dict[tuple[bytes, str], int] = field(default_factory=dict)
    transactions: list[list[str]] = field(default_factory=list)
    """Elements of each."""
    faults: list[Exception] = field(default_factory=list)
    """What the next transactions raise."""
    fails_after: list[Exception] = field(default_factory=list)
    """What the next transactions raise when they have ended: the answer is lost."""
    poison: set[str] = field(default_factory=set)
    """Elements that the database refuses."""
    unstorable: Exception | None = None

    def known(self, arrivals: Collection[Arrival]) -> Mapping[tuple[bytes, str], int]:
        keys = {(one.digest, one.element) for one in arrivals}
        return {key: number for key, number in self.stored.items() if key in keys}

    def store(self, messages: Sequence[Stored], blocks: Sequence[Block]) -> Changes:
        if self.faults:
            raise self.faults.pop(0)
        names = [one.arrival.element for one in messages]
        if self.poison & set(names):
            assert self.unstorable is not None
            raise self.unstorable
        keys = [(one.arrival.digest, one.arrival.element) for one in messages]
        assert not self.stored.keys() & set(keys), "a message is stored once"
        self.stored |= dict.fromkeys(keys, 1)
        self.transactions.append(names)
        if self.fails_after:
            raise self.fails_after.pop(0)
        rows = sum(len(block.rows) for block in blocks)
        return Changes(rows, rows)

    def close(self) -> None:
        pass
