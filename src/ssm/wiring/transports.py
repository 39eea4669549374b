# SPDX-License-Identifier: Apache-2.0
"""The table of transports: what opens each protocol that a configuration may name.

To add one: its adapter (``ssm.transport.NAME``), its wiring beside this, what it needs to be told
(``ssm.settings.protocols``), a line here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ssm.messenger.events import Teller
from ssm.messenger.judge import Listener
from ssm.messenger.receive import ReceivePorts
from ssm.ports.transport import Transport
from ssm.settings.sections import ReceiverSettings, SenderSettings
from ssm.wiring.ams import AMS
from ssm.wiring.brokers import unheard
from ssm.wiring.messaging import Sealing
from ssm.wiring.ssm1 import SSM1
from ssm.wiring.stomp import STOMP
from ssm.wiring.transport_kind import TransportKind

TRANSPORTS: Mapping[str, TransportKind] = {
    "STOMP": STOMP,
    "AMS": AMS,
    "SSM1": SSM1,
}


def describe(settings: SenderSettings | ReceiverSettings) -> str:
    """Where messages go to or come from."""
    return TRANSPORTS[settings.protocol].describe(settings)


def describe_encryption(settings: SenderSettings) -> str:
    """Whom messages are encrypted to."""
    return TRANSPORTS[settings.protocol].describe_encryption(settings)


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
