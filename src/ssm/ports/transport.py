# SPDX-License-Identifier: Apache-2.0
"""A way to and from a broker: publish and know it is kept; receive and confirm when it is filed.

Promises of every implementation:

* only members of ``TransportError`` come out, and ``CredentialError`` for a key of ours that cannot be used; a login
  that a broker refuses is a TransportError that says so, since another broker may take it;
* everything that waits has a deadline;
* what the peer sends is bounded in size before it is held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as a broker handed it over."""

    body: bytes
    """The sealed message, or its beginning when ``full_size`` says that it was longer than the bound."""
    message_id: str | None
    """The sender's word for it (``empa-id``); not unique, possibly missing."""
    token: str
    """What the transport needs to acknowledge this delivery; means nothing to others."""
    redelivered: bool = False
    """The broker says that it has handed this message out before."""
    full_size: int | None = None
    """Octets of the whole message when it exceeded the bound and was cut, else None."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What else was said beside the message; means nothing to workflows."""
    answer: str | None = None
    """Filled in by the workflow from the verdict: what the sender is told, where the protocol tells senders."""
    seen: bytes | None = None
    """The sender has seen the answer to the message whose twins begin so: they may be forgotten."""


class Producer(Protocol):
    """One open connection to publish on."""

    @property
    def peer(self) -> str:
        """The broker this connection leads to, as ``host:port``."""

    async def publish(self, message_id: str, body: bytes) -> None:
        """Return when the broker has confirmed *this* message; may be awaited many times at once.

        RefusedError: the broker refused this one message. Other TransportErrors: the fate of the
        message is unknown; publishing the same bytes again is right.

        Who sends one at a time begins the next, or ends, when the last one will not be sent again: a peer
        that knows messages may then forget it.
        """

    async def close(self) -> None:
        """End in good order, within a deadline; never raises."""


class Consumer(Protocol):
    """One open subscription."""

    @property
    def peer(self) -> str:
        """The broker this connection leads to, as ``host:port``."""

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait for at least one delivery and return at most ``limit`` of those at hand, in order.

        Cancelling loses nothing. TransportError when the connection is gone: what was not
        acknowledged will be delivered again on a new one.
        """

    async def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        """Tell the broker that these are filed durably and need not come again; and each sender its answer, if any."""

    async def close(self) -> None:
        """End in good order, within a deadline; never raises."""


class Transport(Protocol):
    """A configured way to one or several brokers; each call tries each of them once, in turn."""

    async def open_producer(self) -> Producer:
        """Connect; ConnectFailedError names every broker tried and why it did not do."""
        ...

    async def open_consumer(self) -> Consumer:
        """Connect and subscribe; ConnectFailedError as above."""
        ...
