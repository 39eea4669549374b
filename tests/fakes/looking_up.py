# SPDX-License-Identifier: Apache-2.0
"""A directory in memory, and a teller that remembers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ssm.errors import ConnectFailedError
from ssm.lookup.brokers import LookedUpBrokers, LookUpPorts
from ssm.lookup.cache import BrokerCache
from ssm.messenger.events import Event
from ssm.ports.brokers import Address
from ssm.protocols.bdii import Answer, Broker, Question

NOW = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)


@dataclass
class FakeDirectory:
    """Implements ``ssm.lookup.brokers.Directory``; down while it has no answer."""

    answer: Answer | None
    asked: int = 0
    seconds: float = 5.0

    def ask(self) -> tuple[Answer, str]:
        self.asked += 1
        if self.answer is None:
            raise ConnectFailedError("ldap://fake:389: nobody there")
        return self.answer, "ldap://fake:389"


@dataclass
class Told:
    """Implements ``ssm.messenger.events.Teller``."""

    events: list[tuple[Event, dict[str, str | float | None]]] = field(default_factory=list)

    def __call__(self, event: Event, *, message_id: str | None = None, **facts: str | float | None) -> None:
        self.events.append((event, facts))

    def names(self) -> list[str]:
        return [event.value.name for event, _ in self.events]


def backwards(brokers: list[Address]) -> None:
    """An order that anybody can foretell."""
    brokers.reverse()


@dataclass
class Looking:
    """Brokers that are looked up in a fake."""

    folder: Path
    directory: FakeDirectory
    told: Told = field(default_factory=Told)

    @property
    def cache(self) -> BrokerCache:
        return BrokerCache(self.folder / "brokers.json", Question("PROD", use_tls=True))

    def brokers(self, *, every_seconds: float = 86400.0, again_seconds: float = 300.0) -> LookedUpBrokers:
        """A program that starts."""
        ports = LookUpPorts(self.directory, self.cache, self.told, lambda: NOW, backwards)
        return LookedUpBrokers(ports, every_seconds=every_seconds, again_seconds=again_seconds)


def answer(*names: str, rank: int = 0) -> Answer:
    """Brokers of these names."""
    return Answer(tuple(Broker(name, 6162, rank) for name in names))
