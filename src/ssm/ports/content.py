# SPDX-License-Identifier: Apache-2.0
"""What somebody who understands payloads may say about them. The messenger itself carries any content.

Promises: what is not understood gets no remark and is not cut; nothing is raised about a payload's content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong with a payload."""

    text: str
    """For people, with its line."""
    is_error: bool
    """Whether the other side would refuse the payload for it."""


class Inspect(Protocol):
    """Looks at a payload."""

    def __call__(self, payload: bytes) -> Sequence[Remark]:
        """What is wrong with it, worst first."""


class CutPayload(Protocol):
    """Makes several payloads of one that is too large."""

    def __call__(self, payload: bytes, most_octets: int) -> Sequence[bytes] | None:
        """The pieces, the same ones each time; None where it cannot be cut that small."""


class Pieces(Protocol):
    """Remembers which pieces an element became, and which of them have been sent.

    Survives the death of the program; what is lost with it costs duplicates, never a message.
    """

    def sent(self, element: str, digest: bytes) -> set[str] | None:
        """Message ids of the pieces that have been sent; None when this payload was not cut before."""

    def begin(self, element: str, digest: bytes, pieces: Sequence[str]) -> None:
        """An element is cut into pieces with these message ids."""

    def confirm(self, pieces: Sequence[str]) -> None:
        """These have been sent."""

    def forget(self, elements: Sequence[str]) -> None:
        """These elements have left the spool."""
