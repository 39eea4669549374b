# SPDX-License-Identifier: Apache-2.0
"""Where brokers come from, by what is set: chosen here for every transport and for who only wants to know the list."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ssm.lookup.fixed import FixedBrokers, listed
from ssm.messenger.events import Event, Teller
from ssm.ports.brokers import Address, Brokers
from ssm.settings.sections import Broker, Messaging, SenderSettings
from ssm.spool.state import state_folder

if TYPE_CHECKING:
    from ssm.lookup.brokers import LookedUpBrokers


def open_brokers(broker: Broker, messaging: Messaging, tell: Teller) -> Brokers:
    """Where brokers come from: the list that is set wins, else they are looked up."""
    return FixedBrokers(broker.addresses()) if broker.host else open_look_up(broker, messaging, tell)


def open_look_up(broker: Broker, messaging: Messaging, tell: Teller) -> "LookedUpBrokers":
    """Brokers that are looked up."""
    assert broker.bdii and broker.network, "checked when the settings were read"
    from ssm.lookup.brokers import LookedUpBrokers, LookUpPorts
    from ssm.lookup.cache import FILE, BrokerCache
    from ssm.lookup.directory import Inquiry
    from ssm.protocols.bdii import Question

    question = Question(broker.network, broker.use_ssl, broker.port)
    cache = BrokerCache(state_folder(messaging.path, messaging.state) / FILE, question)
    inquiry = Inquiry(broker.bdii, question, broker.bdii_timeout_seconds)
    return LookedUpBrokers(LookUpPorts(inquiry, cache, tell, lambda: datetime.now(UTC)))


def brokers_now(settings: SenderSettings, tell: Teller) -> list[Address]:
    """The brokers that there are at the moment; ConnectFailedError when none is known."""
    brokers = open_brokers(settings.broker, settings.messaging, tell)

    async def work() -> list[Address]:
        return list(await brokers.addresses())

    return asyncio.run(work())


def unheard(event: Event, *, message_id: str | None = None, **facts: str | float | None) -> None:
    """A teller for who has nobody to tell."""


def describe_brokers(broker: Broker, messaging: Messaging) -> str:
    """Which brokers there are, and whence we know; raises what a start would raise. Keeps nothing."""
    if broker.host:
        return listed(broker.addresses())
    return open_look_up(broker, messaging, unheard).describe()
