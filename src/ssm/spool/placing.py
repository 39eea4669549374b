# SPDX-License-Identifier: Apache-2.0
"""An element on its way from staging into its box."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ssm.ports.filing import Box, Verdict
from ssm.ports.journal import Entry

LARGE_OCTETS = 64 * 1024
STATES = {Box.INCOMING: "accepted", Box.REJECTED: "rejected", Box.DEFERRED: "deferred"}


@dataclass(frozen=True, slots=True)
class Placing:
    """An element on its way from staging into place."""

    verdict: Verdict
    element: str
    staged: Path
    fields: Mapping[str, bytes]

    @property
    def is_large(self) -> bool:
        """Large elements are synced where they are; small ones travel through the journal."""
        return len(self.verdict.body) > LARGE_OCTETS


def history_of(one: Placing) -> Entry:
    """One line of history about a filed message."""
    verdict = one.verdict
    element = f"{verdict.box.value}/{one.element}"
    reason = verdict.reason if verdict.error is None else verdict.error
    return Entry(STATES[verdict.box], verdict.digest, verdict.message_id, element, verdict.signer, reason)
