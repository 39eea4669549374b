# SPDX-License-Identifier: Apache-2.0
"""The STOMP transport: how to get a connection to one of the brokers that there are."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from ssm.errors import ConnectFailedError, TransportError
from ssm.ports.brokers import Address, Brokers
from ssm.ports.transport import Producer
from ssm.protocols.stomp.session import ClientSession, SessionSettings
from ssm.transport.stomp.connection import Connection
from ssm.transport.tls import TlsSettings, client_context, explain


@dataclass(frozen=True, slots=True)
class StompSettings:
    """Where to, what for, and how."""

    brokers: Brokers
    destination: str
    tls: TlsSettings | None
    """None for a connection without TLS."""
    prefetch: int = 256
    session: SessionSettings = field(default_factory=SessionSettings)


class StompTransport:
    """Implements ``ssm.ports.transport.Transport``; remembers which broker was of use last."""

    def __init__(self, settings: StompSettings) -> None:
        self.settings = settings
        self.last: Address | None = None
        self.current: Connection | None = None

    async def open_producer(self) -> Producer:
        """A connection to publish on."""
        return await self.open()

    async def open_consumer(self) -> Connection:
        """A connection with our subscription."""
        connection = await self.open()
        try:
            connection.subscribe(self.settings.prefetch)
        except ValueError as error:
            await connection.close()
            raise ConnectFailedError(f"the destination cannot be sent: {error}", hint="see [messaging]") from error
        return connection

    async def open(self) -> Connection:
        """Try each broker once: from the last one on if it was of use, else from the next."""
        context = client_context(self.settings.tls) if self.settings.tls is not None else None
        attempts = []
        for host, port in self.in_turn(await self.settings.brokers.addresses()):
            try:
                connection = await self.connect(host, port, context)
            except TransportError as error:
                attempts.append(f"{host}:{port}: {error}")
                continue
            self.last = host, port
            self.current = connection
            return connection
        message = "no broker could be reached: " + "; ".join(attempts)
        raise ConnectFailedError(message, attempts=attempts, hint="see [broker] host, port and use_ssl")

    def in_turn(self, brokers: Sequence[Address]) -> Sequence[Address]:
        """Each broker once, beginning where the last connection says; the list may have changed since."""
        if self.last not in brokers:
            return brokers
        was_of_use = self.current is None or self.current.is_useful
        start = brokers.index(self.last) + (0 if was_of_use else 1)
        return [*brokers[start:], *brokers[:start]]

    async def connect(self, host: str, port: int, context: ssl.SSLContext | None) -> Connection:
        """One connection, as far as CONNECTED; TransportError in words that help."""
        loop = asyncio.get_running_loop()
        seconds = self.settings.session.connect_timeout_seconds
        session = ClientSession(self.settings.session)
        connection = Connection(session, f"{host}:{port}", self.settings.destination)
        name = host if context is not None else None
        try:
            async with asyncio.timeout(seconds):
                await loop.create_connection(lambda: connection, host, port, ssl=context, server_hostname=name)
                await connection.connected
        except OSError as error:  # TimeoutError and SSLError are such
            connection.fail(TransportError("given up"))
            raise TransportError(explain(error)) from error
        except ValueError as error:  # of a name that cannot be put into a question; UnicodeError is such
            raise TransportError("that is not the name of a host") from error
        except BaseException:
            connection.fail(TransportError("given up"))
            raise
        return connection
