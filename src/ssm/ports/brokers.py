# SPDX-License-Identifier: Apache-2.0
"""Where brokers come from: a list that never changes, or a directory that is asked now and then.

Promises of every implementation:

* no broker stands on the list twice, and the list is never empty;
* only members of ``TransportError`` come out;
* everything that waits has a deadline.
"""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

Address: TypeAlias = tuple[str, int]
"""Host name or IP address without brackets, and port."""


class Brokers(Protocol):
    """The brokers there are at the moment."""

    async def addresses(self) -> Sequence[Address]:
        """Each broker once, in the order to try them; ConnectFailedError when none is known."""
        ...
