# SPDX-License-Identifier: Apache-2.0
"""The AMS transport: which services there are, and how to get a connection to one of them. Loads the HTTP client."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ssm.errors import ConnectFailedError, TransportError
from ssm.ports.transport import Consumer, Producer
from ssm.transport.ams.consumer import AmsConsumer, Subscription
from ssm.transport.ams.producer import AmsProducer
from ssm.transport.ams.service import Endpoint, Pace, Service
from ssm.transport.tls import TlsSettings, client_context

AUTHN_PORT = 8443
End = TypeVar("End", AmsProducer, AmsConsumer)


@dataclass(frozen=True, slots=True)
class AmsSettings:
    """Where to, what for, and how."""

    hosts: tuple[tuple[str, int], ...]
    project: str
    destination: str
    """A topic to publish to, a subscription to take from."""
    tls: TlsSettings
    token: str | None = field(default=None, repr=False)
    """None: the certificate is exchanged for one."""
    authn_port: int = AUTHN_PORT
    max_octets: int = 160 * 1024 * 1024
    prefetch: int = 256
    ack_deadline_seconds: float = 10.0
    pace: Pace = field(default_factory=Pace)


class AmsTransport:
    """Implements ``ssm.ports.transport.Transport``."""

    def __init__(self, settings: AmsSettings) -> None:
        self.settings = settings
        self.start = 0
        self.endpoints = [
            Endpoint(host, port, settings.authn_port, settings.token, settings.token is not None)
            for host, port in settings.hosts
        ]

    async def open_producer(self) -> Producer:
        """To publish to the topic."""
        return await self.open(
            lambda service: AmsProducer(service, self.settings.project, self.settings.destination),
            AmsProducer.probe,
        )

    async def open_consumer(self) -> Consumer:
        """To take from the subscription."""
        settings = self.settings
        subscription = Subscription(
            settings.project,
            settings.destination,
            settings.max_octets,
            settings.prefetch,
            settings.ack_deadline_seconds,
        )
        return await self.open(lambda service: AmsConsumer(service, subscription), AmsConsumer.begin)

    async def open(self, make: Callable[[Service], End], begin: Callable[[End], Awaitable[None]]) -> End:
        """Try each service once, from the one that was of use last; CredentialError when our key is of no use."""
        context = client_context(self.settings.tls)
        attempts = []
        hint = "see [broker] host, and ams_project and destination in [messaging]"
        for offset in range(len(self.endpoints)):
            index = (self.start + offset) % len(self.endpoints)
            end = make(Service(self.endpoints[index], context, self.settings.pace))
            try:
                await connect(end, begin)
            except TransportError as error:
                attempts.append(f"{end.peer}: {error}")
                hint = error.hint or hint
                continue
            self.start = index
            return end
        message = "no service could be reached: " + "; ".join(attempts)
        raise ConnectFailedError(message, attempts=attempts, hint=hint)


async def connect(end: End, begin: Callable[[End], Awaitable[None]]) -> None:
    """See whether the service is there and takes us; a service that asked for time is given it."""
    try:
        require_time(end.service.endpoint)
        await begin(end)
    except BaseException:
        await end.service.close()
        raise


def require_time(endpoint: Endpoint) -> None:
    """TransportError while a service wants to be left alone."""
    wait = endpoint.not_before - asyncio.get_running_loop().time()
    if wait > 0:
        raise TransportError(f"asks us to come again in {wait:.0f} s")
