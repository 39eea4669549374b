# SPDX-License-Identifier: Apache-2.0
"""The outgoing spool: what a site's programs left for us to send.

Promises of every implementation:

* an element is claimed by one program at a time, and a claim of a dead program is given back at the
  next start by ``recover``;
* an element that its producer is still writing in place is not claimed: it is older than the settle
  time, and its size and modification time are the same before and after the reading;
* foreign names are neither listed nor touched;
* SpoolUnavailableError when the disk is in the way; SpoolError when the structure is.
"""

from collections.abc import Sequence
from typing import Protocol


class OutgoingSpool(Protocol):
    """Elements are named by strings that also serve as message ids, such as ``5f0a1c2c/5f0a1c41b2d3e7``."""

    def ready(self) -> Sequence[str]:
        """Names of the elements that may be sent now, oldest first, without those that are locked."""

    def claim(self, name: str) -> bytes | None:
        """Lock one element and return its payload; None when it is gone, taken or not yet settled."""

    def release(self, name: str) -> None:
        """Give a claimed element back, as it was."""

    def remove(self, name: str) -> None:
        """Take a claimed element out of the spool, for good."""

    def recover(self) -> int:
        """Give back what dead programs had claimed; how many."""

    def purge(self) -> None:
        """Tidy what is left over: old temporary files, empty folders."""
