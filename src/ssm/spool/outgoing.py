# SPDX-License-Identifier: Apache-2.0
"""The layouts of outgoing spools there are."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ssm.ports.outgoing import OutgoingSpool
from ssm.spool.directory import DirectorySpool
from ssm.spool.dirq_simple import DirqSimpleSpool
from ssm.spool.ssm1_store import Ssm1Incoming, Ssm1Outgoing


class OpenSpool(OutgoingSpool, Protocol):
    """An outgoing spool with a life."""

    @property
    def unsettled(self) -> int:
        """Elements that were passed over because they may still be being written."""

    def close(self) -> None:
        """Nothing is claimed any more."""


OUTGOING_SPOOLS: dict[str, Callable[[Path, float], OpenSpool]] = {
    "dirq": DirqSimpleSpool,
    "directory": DirectorySpool,
    "ssm1": Ssm1Outgoing,
    "ssm1-incoming": Ssm1Incoming,
}
