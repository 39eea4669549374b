# SPDX-License-Identifier: Apache-2.0
"""AMS, put together from settings. Its HTTP client is loaded here and nowhere else, when somebody asks for it."""

from importlib import import_module

from ssm.errors import ConfigError
from ssm.messenger.events import Teller
from ssm.ports.transport import Transport
from ssm.settings.sections import Broker, ReceiverSettings, SenderSettings
from ssm.transport.tls import TlsSettings
from ssm.wiring.transport_kind import TransportKind, judged_as_all

HTTPS_PORT = 443
MOST_PAYLOAD_OF_AMS = 450_000
"""AMS takes a megabyte, in base64; an encrypted message is in base64 already: 16/9, and a tenth more for line ends."""


def ams_sender(settings: SenderSettings, _: Teller) -> Transport:
    """To a topic. ConfigError where the HTTP client is not installed."""
    return ams_transport(settings, settings.messaging.max_message_size)


def ams_receiver(settings: ReceiverSettings, _: Teller) -> Transport:
    """From a subscription. ConfigError where the HTTP client is not installed."""
    messaging = settings.messaging
    return ams_transport(
        settings, messaging.max_message_size, messaging.prefetch, deadline_seconds=messaging.ack_deadline_seconds
    )


def require_ams() -> None:
    """ConfigError where the HTTP client is not installed."""
    try:
        import_module("ssm.transport.ams.transport")
    except ModuleNotFoundError as error:
        message = f"protocol AMS needs the package {error.name}, which is not installed"
        raise ConfigError(message, hint="install secure-stomp-messenger with its extra [ams]") from error


def ams_transport(
    settings: SenderSettings | ReceiverSettings, max_octets: int, prefetch: int = 1, *, deadline_seconds: float = 10.0
) -> Transport:
    """The way to AMS."""
    require_ams()
    from ssm.transport.ams.service import Pace
    from ssm.transport.ams.transport import AmsSettings, AmsTransport

    broker, certificates, messaging = settings.broker, settings.certificates, settings.messaging
    authorities = certificates.capath if broker.ams_trust == "capath" else None
    return AmsTransport(
        AmsSettings(
            hosts=ams_hosts(broker),
            project=messaging.ams_project or "",
            destination=messaging.destination,
            tls=TlsSettings(certificates.certificate, certificates.key, authorities),
            token=messaging.token,
            authn_port=broker.authn_port,
            max_octets=max_octets,
            prefetch=prefetch,
            ack_deadline_seconds=deadline_seconds,
            pace=Pace(broker.connect_timeout_seconds, broker.receipt_timeout_seconds),
        )
    )


def ams_hosts(broker: Broker) -> tuple[tuple[str, int], ...]:
    """Host and port of each service."""
    return tuple((host, port or HTTPS_PORT) for host, port in broker.host)


def describe_ams(settings: SenderSettings | ReceiverSettings) -> str:
    """Which services, and whom we believe that they are."""
    hosts = ", ".join(f"{host}:{port}" for host, port in ams_hosts(settings.broker))
    return f"{hosts}, AMS over TLS, verified against {settings.broker.ams_trust}"


AMS = TransportKind(ams_sender, judged_as_all(ams_receiver), describe_ams, cut_octets=MOST_PAYLOAD_OF_AMS)
