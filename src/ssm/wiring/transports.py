# SPDX-License-Identifier: Apache-2.0
"""The table of transports: what opens each protocol that a configuration may name.

To add one: its adapter (``ssm.transport.NAME``), its wiring beside this, what it needs to be told
(``ssm.settings.protocols``), a line here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module

from ssm.errors import ConfigError
from ssm.messenger.events import Teller
from ssm.messenger.judge import Listener
from ssm.messenger.receive import ReceivePorts
from ssm.ports.transport import Transport
from ssm.settings.sections import Broker, ReceiverSettings, SenderSettings
from ssm.transport.tls import TlsSettings
from ssm.wiring.brokers import describe_brokers, unheard
from ssm.wiring.messaging import Sealing, open_sealing
from ssm.wiring.ssm1 import ssm1_listener, ssm1_sealing, ssm1_sender
from ssm.wiring.stomp import receiver_transport, sender_transport

HTTPS_PORT = 443
MOST_PAYLOAD_OF_AMS = 450_000
"""AMS takes a megabyte, in base64; an encrypted message is in base64 already: 16/9, and a tenth more for line ends."""


def judged_as_all(open_transport: Callable[[ReceiverSettings, Teller], Transport]) -> "OpenListener":
    """A listener whose messages are judged like those of any other."""

    def listener(settings: ReceiverSettings, ports: ReceivePorts) -> Listener:
        return Listener(open_transport(settings, ports.tell), ports.judge)

    return listener


OpenListener = Callable[[ReceiverSettings, ReceivePorts], Listener]


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
    """The way to AMS; its HTTP client is loaded here and nowhere else."""
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


def describe_stomp(settings: SenderSettings | ReceiverSettings) -> str:
    """Where it goes, and how; raises what a start would raise."""
    broker = settings.broker
    kind = "TLS" if broker.use_ssl else "without TLS"
    if broker.use_ssl and not broker.verify_broker:
        kind = "TLS, but whoever answers is believed (verify_broker is off)"
    return f"{describe_brokers(broker, settings.messaging)}, {kind}"


def describe_ams(settings: SenderSettings | ReceiverSettings) -> str:
    """The same of AMS."""
    hosts = ", ".join(f"{host}:{port}" for host, port in ams_hosts(settings.broker))
    return f"{hosts}, AMS over TLS, verified against {settings.broker.ams_trust}"


@dataclass(frozen=True, slots=True)
class TransportKind:
    """How one protocol is opened, for each role."""

    open_sender: Callable[[SenderSettings, Teller], Transport]
    open_listener: OpenListener
    open_sealing: Callable[[SenderSettings, Teller], Sealing] = open_sealing
    """What is done to a payload before it is handed to the transport."""
    describe: Callable[[SenderSettings | ReceiverSettings], str] = describe_stomp
    """Where it goes, for people."""
    window: int | None = None
    """Most messages on their way at a time, where the protocol sets a bound."""
    cut_octets: int | None = None
    """Largest payload of which a sealed message surely goes through, where the protocol sets a bound."""


TRANSPORTS: Mapping[str, TransportKind] = {
    "STOMP": TransportKind(sender_transport, judged_as_all(receiver_transport)),
    "AMS": TransportKind(
        ams_sender, judged_as_all(ams_receiver), describe=describe_ams, cut_octets=MOST_PAYLOAD_OF_AMS
    ),
    "SSM1": TransportKind(ssm1_sender, ssm1_listener, ssm1_sealing, window=1),
}


def describe(settings: SenderSettings | ReceiverSettings) -> str:
    """Where messages go to or come from."""
    return TRANSPORTS[settings.protocol].describe(settings)


def open_transport(settings: SenderSettings, tell: Teller = unheard) -> Transport:
    """The way a sender's messages go."""
    return TRANSPORTS[settings.protocol].open_sender(settings, tell)


def window_of(settings: SenderSettings) -> int:
    """How many messages may be on their way at a time."""
    most = TRANSPORTS[settings.protocol].window
    return settings.messaging.window if most is None else min(most, settings.messaging.window)


def cut_octets_of(settings: SenderSettings) -> int | None:
    """What is larger is cut where it can be, whatever max_message_size allows."""
    return TRANSPORTS[settings.protocol].cut_octets


def open_listeners(settings: ReceiverSettings, ports: ReceivePorts) -> Sequence[Listener]:
    """Every way in."""
    listeners = [TRANSPORTS[one.protocol].open_listener(one, ports) for one in settings.listeners]
    if len(listeners) == 1:
        return listeners
    names = [f"receiver.{one.name}" if one.name else "receiver" for one in settings.listeners]
    return [replace(one, way=f" by [{name}]") for one, name in zip(listeners, names, strict=True)]


def sealing_of(settings: SenderSettings, tell: Teller) -> Sealing:
    """What is done to a sender's payloads before they are handed over."""
    return TRANSPORTS[settings.protocol].open_sealing(settings, tell)


async def publish_sealed(settings: SenderSettings, message_id: str, sealed: bytes) -> None:
    """Publish one message that is sealed already, as it is."""
    producer = await open_transport(settings).open_producer()
    try:
        await producer.publish(message_id, sealed)
    finally:
        await producer.close()
