# SPDX-License-Identifier: Apache-2.0
"""Where a receiver files what it has judged, and where what cannot be judged yet waits.

Promises of every implementation:

* when ``file`` returns, every element of the batch survives the death of the program and of the
  machine; only then may a delivery be acknowledged;
* a digest that has been filed is known from then on (for the retention time), also when the program
  dies at any instant inside ``file``: after the next ``recover`` an element is either filed once and
  known, or neither;
* SpoolUnavailableError: nothing of the batch was filed that is not also known, and the same batch may
  be given again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Box(StrEnum):
    """The queues of a receiver; the value is the folder's name (EMPA facts, section 5.1)."""

    INCOMING = "incoming"
    REJECTED = "reject"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What shall become of one message."""

    digest: bytes
    """SHA-256 of the sealed octets as they came."""
    box: Box
    """Where it goes."""
    body: bytes
    """The payload for INCOMING, the untouched octets for the others."""
    signer: str | None
    """Slash-form DN when it was proved, else None."""
    message_id: str | None
    """The sender's ``empa-id``, or None."""
    error: str | None = None
    """The sentence kept beside the message, for REJECTED and DEFERRED (EMPA facts, section 4.3)."""
    reason: str | None = None
    """Short class of the error, such as ``signature``, for tables and counters; history keeps the sentence."""
    twin: bytes | None = None
    """Another name for the message, by which it is known as well when it comes again sealed anew."""
    answer: str | None = None
    """What its sender is told once it is filed, where the protocol tells senders."""
    is_left: bool = False
    """Not to be filed: its sender keeps it until it is told, and sends it again."""


@dataclass(frozen=True, slots=True)
class Filed:
    """Where one verdict went."""

    verdict: Verdict
    name: str
    """Element name inside its box, such as ``00000000/5f0a1c41b2d3e7``."""


@dataclass(frozen=True, slots=True)
class DeferredElement:
    """One message that waits in DEFERRED."""

    name: str
    body: bytes
    message_id: str | None
    error: str


class FilingCabinet(Protocol):
    """The boxes and the memory of what went into them."""

    def known(self, digests: Sequence[bytes]) -> Mapping[bytes, Box]:
        """Of these digests, those that were filed before, and where they went."""

    def file(self, verdicts: Sequence[Verdict]) -> Sequence[Filed]:
        """File a batch durably, in order, sharing the cost of the sync; without those whose twin is known."""

    def forget_twins(self, beginnings: Sequence[bytes]) -> None:
        """Forget the twins that begin so; a message that bears such a name again is a new one."""

    def settle(self) -> int:
        """Bring filed elements fully to disk and forget their copies; how many. Call when idle."""

    def recover(self) -> int:
        """Finish or undo what a dead program left half done; how many elements. Call before all else."""

    def suspects(self) -> Mapping[bytes, int]:
        """Digests that a program had begun to judge when it died, and how often that has happened."""

    def begin(self, digests: Sequence[bytes]) -> None:
        """Note that these are about to be judged; survives the death of the program, one more each time."""

    def finish(self, digests: Sequence[bytes]) -> None:
        """The program has survived judging these: they are no suspects any more."""

    def deferred(self) -> Sequence[str]:
        """Names of the elements in DEFERRED, oldest first."""

    def take_deferred(self, name: str) -> DeferredElement | None:
        """Lock and read one deferred element; None when it is gone or taken."""

    def release_deferred(self, name: str) -> None:
        """Leave it there for another time."""

    def resolve_deferred(self, name: str, verdict: Verdict) -> Filed | None:
        """File the final verdict on a deferred element, and take it out; None when that had been done."""
