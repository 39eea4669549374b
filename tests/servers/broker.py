# SPDX-License-Identifier: Apache-2.0
"""The two brokers as one kind of thing, and one way into one of them."""

import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.pki import Credential, Pki
from tests.servers.activemq import ActiveMq
from tests.servers.rabbitmq import RabbitMq
from tests.servers.raw_stomp import Login, RawStomp
from tests.servers.slapd import Slapd
from tests.servers.stores import client_tls


class BrokerServer(Protocol):
    """A private broker; it keeps its folder and its ports over a restart."""

    kind: str
    plain_port: int
    tls_port: int
    login: Login

    @property
    def pid(self) -> int: ...

    def queue_is_on_disk(self, queue: str) -> bool: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def kill(self) -> None: ...

    def restart(self) -> None: ...

    def tail(self) -> str: ...


SERVERS: Mapping[str, Callable[[Path, Pki], BrokerServer]] = {"activemq": ActiveMq, "rabbitmq": RabbitMq}
INSTALLED: Mapping[str, Callable[[], bool]] = {
    "activemq": ActiveMq.is_installed,
    "rabbitmq": RabbitMq.is_installed,
    "slapd": Slapd.is_installed,
}


@dataclass(frozen=True)
class RealBroker:
    """A broker as a test meets it: one way in, and a queue that nobody else uses."""

    server: BrokerServer
    pki: Pki
    """Of the broker's certificate, and of whoever shall be let in. Issue from it; revoke nothing in it."""
    client: Credential
    """A host certificate that the broker's TLS port takes."""
    use_tls: bool
    queue: str
    host: str = "127.0.0.1"

    @property
    def kind(self) -> str:
        return self.server.kind

    @property
    def port(self) -> int:
        return self.server.tls_port if self.use_tls else self.server.plain_port

    @property
    def login(self) -> Login:
        """Taken on both ports; on RabbitMQ a connection without any is this user as well."""
        return self.server.login

    @property
    def tls(self) -> ssl.SSLContext | None:
        """What the raw client needs for this way in."""
        return client_tls(self.pki, self.client) if self.use_tls else None

    def raw(self) -> RawStomp:
        """A connection that shares no line with the code under test."""
        return RawStomp(self.port, host=self.host, tls=self.tls, login=self.login)


def new_queue() -> str:
    """A queue of one's own."""
    return f"/queue/test.{secrets.token_hex(6)}"
