# SPDX-License-Identifier: Apache-2.0
"""The STOMP transport: which brokers there are, and how to get a connection to one of them."""

import asyncio
import ssl
from dataclasses import dataclass, field

from ssm.errors import ConnectFailedError, TransportError
from ssm.ports.transport import Producer
from ssm.protocols.stomp.session import ClientSession, SessionSettings
from ssm.transport.connection import Connection
from ssm.transport.tls import TlsSettings, client_context, explain


@dataclass(frozen=True, slots=True)
class StompSettings:
    """Where to, what for, and how."""

    brokers: tuple[tuple[str, int], ...]
    destination: str
    tls: TlsSettings | None
    """None for a connection without TLS."""
    prefetch: int = 256
    session: SessionSettings = field(default_factory=SessionSettings)


class StompTransport:
    """Implements ``ssm.ports.transport.Transport``; remembers which broker was of use last."""

    def __init__(self, settings: StompSettings) -> None:
        self.settings = settings
        self.start = 0
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
        brokers = self.settings.brokers
        attempts = []
        if self.current is not None and not self.current.is_useful:
            self.start += 1
        for offset in range(len(brokers)):
            index = (self.start + offset) % len(brokers)
            host, port = brokers[index]
            try:
                connection = await self.connect(host, port, context)
            except TransportError as error:
                attempts.append(f"{host}:{port}: {error}")
                continue
            self.start = index
            self.current = connection
            return connection
        message = "no broker could be reached: " + "; ".join(attempts)
        raise ConnectFailedError(message, attempts=attempts, hint="see [broker] host, port and use_ssl")

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
