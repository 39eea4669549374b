# SPDX-License-Identifier: Apache-2.0
"""What the table of transports holds of each."""

from collections.abc import Callable
from dataclasses import dataclass

from ssm.messenger.events import Teller
from ssm.messenger.judge import Listener
from ssm.messenger.receive import ReceivePorts
from ssm.ports.transport import Transport
from ssm.settings.sections import ReceiverSettings, SenderSettings
from ssm.wiring.messaging import Sealing, describe_encryption, open_sealing

OpenListener = Callable[[ReceiverSettings, ReceivePorts], Listener]


@dataclass(frozen=True, slots=True)
class TransportKind:
    """How one protocol is opened, for each role."""

    open_sender: Callable[[SenderSettings, Teller], Transport]
    open_listener: OpenListener
    describe: Callable[[SenderSettings | ReceiverSettings], str]
    """Where it goes, for people; raises what a start would raise."""
    open_sealing: Callable[[SenderSettings, Teller], Sealing] = open_sealing
    """What is done to a payload before it is handed to the transport."""
    describe_encryption: Callable[[SenderSettings], str] = describe_encryption
    """Whom that is for, for people; raises what a start would raise."""
    window: int | None = None
    """Most messages on their way at a time, where the protocol sets a bound."""
    cut_octets: int | None = None
    """Largest payload of which a sealed message surely goes through, where the protocol sets a bound."""


def judged_as_all(open_transport: Callable[[ReceiverSettings, Teller], Transport]) -> OpenListener:
    """A listener whose messages are judged like those of any other."""

    def listener(settings: ReceiverSettings, ports: ReceivePorts) -> Listener:
        return Listener(open_transport(settings, ports.tell), ports.judge)

    return listener
