# SPDX-License-Identifier: Apache-2.0
"""The table of transports: what opens each protocol that a configuration may name.

To add one: its adapter (``ssm.transport.NAME``), what it needs to be told (``ssm.settings.protocols``), a line here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ssm.messenger.events import Teller
from ssm.messenger.judge import Listener
from ssm.messenger.receive import ReceivePorts
from ssm.ports.transport import Transport
from ssm.settings.sections import ReceiverSettings, SenderSettings
from ssm.wiring import Sealing, open_sealing, receiver_transport, sender_transport


def judged_as_all(open_transport: Callable[[ReceiverSettings], Transport]) -> "OpenListener":
    """A listener whose messages are judged like those of any other."""

    def listener(settings: ReceiverSettings, ports: ReceivePorts) -> Listener:
        return Listener(open_transport(settings), ports.judge)

    return listener


OpenListener = Callable[[ReceiverSettings, ReceivePorts], Listener]


@dataclass(frozen=True, slots=True)
class TransportKind:
    """How one protocol is opened, for each role."""

    open_sender: Callable[[SenderSettings], Transport]
    open_listener: OpenListener
    open_sealing: Callable[[SenderSettings, Teller], Sealing] = open_sealing
    """What is done to a payload before it is handed to the transport."""


TRANSPORTS: Mapping[str, TransportKind] = {
    "STOMP": TransportKind(sender_transport, judged_as_all(receiver_transport)),
}


def open_transport(settings: SenderSettings) -> Transport:
    """The way a sender's messages go."""
    return TRANSPORTS[settings.protocol].open_sender(settings)


def open_listeners(settings: ReceiverSettings, ports: ReceivePorts) -> Sequence[Listener]:
    """Every way in."""
    return [TRANSPORTS[one.protocol].open_listener(one, ports) for one in settings.listeners]


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
