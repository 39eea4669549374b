# SPDX-License-Identifier: Apache-2.0
"""A list of brokers that stays as it was configured."""

from collections.abc import Iterable, Sequence

from ssm.errors import ConnectFailedError
from ssm.ports.brokers import Address

MOST_LISTED = 10


class FixedBrokers:
    """Implements ``ssm.ports.brokers.Brokers``, in the order that was given."""

    def __init__(self, brokers: Iterable[Address]) -> None:
        self.brokers = tuple(dict.fromkeys(brokers))

    async def addresses(self) -> Sequence[Address]:
        """The same each time."""
        if not self.brokers:
            raise ConnectFailedError("No brokers available: none is named", hint="see [broker] host")
        return self.brokers


def listed(addresses: Sequence[Address]) -> str:
    """Brokers for the log; many are many."""
    names = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in addresses[:MOST_LISTED]]
    rest = len(addresses) - len(names)
    return ", ".join(names) + (f" and {rest} more" if rest else "")
