# SPDX-License-Identifier: Apache-2.0
"""STOMP, put together from settings."""

from ssm.messenger.events import Teller
from ssm.ports.brokers import Brokers
from ssm.protocols.stomp.session import SessionSettings
from ssm.settings.sections import Broker, Certificates, ReceiverSettings, SenderSettings
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.transport.tls import TlsSettings
from ssm.wiring.brokers import describe_brokers, open_brokers, unheard
from ssm.wiring.transport_kind import TransportKind, judged_as_all


def open_transport(
    broker: Broker,
    certificates: Certificates,
    destination: str,
    brokers: Brokers,
    *,
    prefetch: int = 1,
    max_octets: int,
) -> StompTransport:
    """The way to the brokers."""
    tls = None
    if broker.use_ssl:
        tls = TlsSettings(certificates.certificate, certificates.key, certificates.capath, broker.verify_broker)
    session = SessionSettings(
        host=broker.vhost,
        login=broker.login,
        passcode=broker.passcode,
        heartbeat_seconds=broker.heartbeat_seconds,
        connect_timeout_seconds=broker.connect_timeout_seconds,
        receipt_timeout_seconds=broker.receipt_timeout_seconds,
        max_body_octets=max_octets,
    )
    return StompTransport(StompSettings(brokers, destination, tls, prefetch, session))


def sender_transport(settings: SenderSettings, tell: Teller = unheard) -> StompTransport:
    """The way a sender's messages go."""
    return to_destination(settings, tell)


def receiver_transport(settings: ReceiverSettings, tell: Teller = unheard) -> StompTransport:
    """The way a receiver's messages come."""
    return to_destination(settings, tell, settings.messaging.prefetch)


def to_destination(settings: SenderSettings | ReceiverSettings, tell: Teller, prefetch: int = 1) -> StompTransport:
    """The way to or from the destination that is set."""
    messaging = settings.messaging
    return open_transport(
        settings.broker,
        settings.certificates,
        messaging.destination,
        open_brokers(settings.broker, messaging, tell),
        prefetch=prefetch,
        max_octets=messaging.max_message_size,
    )


def describe_stomp(settings: SenderSettings | ReceiverSettings) -> str:
    """Which brokers, and how."""
    broker = settings.broker
    kind = "TLS" if broker.use_ssl else "without TLS"
    if broker.use_ssl and not broker.verify_broker:
        kind = "TLS, but whoever answers is believed (verify_broker is off)"
    return f"{describe_brokers(broker, settings.messaging)}, {kind}"


STOMP = TransportKind(sender_transport, judged_as_all(receiver_transport), describe_stomp)
