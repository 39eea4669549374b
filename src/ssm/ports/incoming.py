# SPDX-License-Identifier: Apache-2.0
"""The incoming box as a loader sees it: accepted messages, each loaded or refused, and then taken out.

Promises of every implementation:

* an element is claimed by one loader at a time, whatever other loaders there are; the claims of a dead one are given
  back by ``recover``, which the living may call at any time;
* ``refuse`` returns when the element is durable in the box of rejected ones, and only then takes it out of incoming;
  who dies in between leaves it in both, and the next ``refuse`` puts it where it is already;
* SpoolUnavailableError when the disk is in the way; SpoolError when the structure is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class IncomingElement:
    """One accepted message."""

    name: str
    """Such as ``00000000/5f0a1c41b2d3e7``; the second half tells when it came."""
    body: bytes
    signer: str | None
    """Slash-form DN."""
    message_id: str | None
    """The sender's word for it."""


class IncomingSpool(Protocol):
    """Elements are taken in the order in which they came."""

    def ready(self) -> Sequence[str]:
        """Names of the elements, oldest first; others may have claimed some of them."""

    def strays(self) -> Sequence[str]:
        """What is there and is no element, in order: it is left alone, and somebody should know."""

    def claim(self, name: str) -> IncomingElement | None:
        """Lock and read one element; None when it is gone or taken."""

    def release(self, name: str) -> None:
        """Give a claimed element back, as it was."""

    def finish(self, name: str) -> None:
        """Take a claimed element out, for good."""

    def refuse(self, name: str, error: str) -> str:
        """Move a claimed element to the rejected ones, with the reason beside it; its name there."""

    def deaths(self) -> Mapping[str, int]:
        """Elements that loaders had in their hands when they died, and how often that has happened."""

    def recover(self) -> int:
        """Give back what dead loaders had claimed, one death more each; how many."""
