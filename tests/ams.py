# SPDX-License-Identifier: Apache-2.0
"""A project of accounting on the test service, with a publisher and a consumer known by certificate."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ssm.broker.ams.state import AmsState, Subscription, Topic
from ssm.transport.ams.service import Pace
from ssm.transport.ams.transport import AmsSettings, AmsTransport
from ssm.transport.tls import TlsSettings
from tests.pki import Credential, Pki
from tests.servers.ams.server import AmsServer

PROJECT = "accounting"
TOPIC = "gLite-APEL"
SUBSCRIPTION = "apel-receiver"
PUBLISHER_DN = "CN=site.example.org,O=Test"
CONSUMER_DN = "CN=server.example.org,O=Test"
QUICK = Pace(
    connect_seconds=5.0, answer_seconds=5.0, first_retry_seconds=0.02, most_retry_seconds=0.1, patience_seconds=2.0
)


@dataclass(frozen=True)
class AmsPlace:
    """One topic, one subscription, and two who may."""

    server: AmsServer
    pki: Pki
    publisher: Credential
    consumer: Credential
    publisher_token: str
    consumer_token: str

    @property
    def topic(self) -> Topic:
        return self.server.state.topics[PROJECT, TOPIC]

    @property
    def subscription(self) -> Subscription:
        return self.server.state.subscriptions[PROJECT, SUBSCRIPTION]

    def settings(self, who: Credential, destination: str, token: str | None = None) -> AmsSettings:
        """A way for somebody; by certificate unless there is a token."""
        return AmsSettings(
            hosts=(("127.0.0.1", self.server.port),),
            project=PROJECT,
            destination=destination,
            tls=TlsSettings(who.certificate_path, who.key_path, self.pki.ca_directory),
            token=token,
            authn_port=self.server.authn_port,
            pace=QUICK,
        )

    def sending(self, **changes: object) -> AmsTransport:
        """By certificate, to the topic."""
        return changed(self.settings(self.publisher, TOPIC), changes)

    def taking(self, **changes: object) -> AmsTransport:
        """By certificate, from the subscription."""
        return changed(self.settings(self.consumer, SUBSCRIPTION), changes)

    def listener(self, *, port: int | None = None) -> str:
        """Of a receiver that has others; the port is another one where nobody shall answer."""
        return (
            f"[receiver.ams]\nprotocol: AMS\nhost: 127.0.0.1:{port or self.server.port}\n"
            f"authn_port: {self.server.authn_port}\nams_trust: capath\nams_project: {PROJECT}\n"
            f"destination: {SUBSCRIPTION}\ntoken: {self.consumer_token}\n"
        )


def changed(settings: AmsSettings, changes: dict[str, object]) -> AmsTransport:
    """A transport whose settings differ in something."""
    return AmsTransport(replace(settings, **changes))  # type: ignore[arg-type]  # whoever calls knows the fields


@contextmanager
def ams_place(pki: Pki, *, deadline_seconds: int = 10, state: AmsState | None = None) -> Iterator[AmsPlace]:
    """A fresh service."""
    with AmsServer(pki, state=state) as server:
        held = server.state
        publisher_token = held.add_user("site", PROJECT, "publisher", dn=PUBLISHER_DN)
        consumer_token = held.add_user("server", PROJECT, "consumer", dn=CONSUMER_DN)
        held.create_topic(PROJECT, TOPIC).publishers.add("site")
        held.create_subscription(PROJECT, SUBSCRIPTION, TOPIC, deadline_seconds).consumers.add("server")
        publisher, consumer = pki.issue("site.example.org"), pki.issue("server.example.org")
        yield AmsPlace(server, pki, publisher, consumer, publisher_token, consumer_token)
