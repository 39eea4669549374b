# SPDX-License-Identifier: Apache-2.0
"""The message store of SSM 1 as outgoing spools (SSM 1, directories): one file a message, in the order of names.

``ssm1`` is its ``outgoing``. ``ssm1-incoming`` is its ``incoming``, from where what an old consumer has filed can be
sent on, and its ``accept`` and ``reject``: beside each message stands ``NAME.sig`` with the signer's DN, and in
``reject`` ``NAME.err`` with a reason. Those are no messages; the first is written before its message.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from ssm.spool.directory import DirectorySpool
from ssm.spool.durable import disk_errors, make_folder, remove_file

SIGNATURE = ".sig"
REASON = ".err"


class Ssm1Outgoing:
    """Implements ``ssm.spool.outgoing.OpenSpool`` over a plain directory; made where its parent is there."""

    def __init__(self, path: Path, settle_seconds: float) -> None:
        if path.parent.is_dir():
            with disk_errors(path):
                make_folder(path)
        self.folder = DirectorySpool(path, settle_seconds)
        self.path = path

    @property
    def unsettled(self) -> int:
        """Passed over because they may still be being written."""
        return self.folder.unsettled

    def ready(self) -> Sequence[str]:
        """In the order of names."""
        return sorted(self.folder.ready())

    def claim(self, name: str) -> bytes | None:
        """Lock and read."""
        return self.folder.claim(name)

    def release(self, name: str) -> None:
        """Unlock."""
        self.folder.release(name)

    def remove(self, name: str) -> None:
        """For good."""
        self.folder.remove(name)

    def recover(self) -> int:
        """Unlock what dead programs had locked."""
        return self.folder.recover()

    def purge(self) -> None:
        """Ours is kept fresh."""
        self.folder.purge()

    def close(self) -> None:
        """Nothing is claimed any more."""
        self.folder.close()


class Ssm1Incoming(Ssm1Outgoing):
    """The same, with the signer's DN beside each message."""

    def ready(self) -> Sequence[str]:
        """Messages only, and each only when its DN is there, which is written first."""
        with disk_errors(self.path):
            there = set(os.listdir(self.path))  # noqa: PTH208 - names only
        messages = (name for name in super().ready() if not name.endswith((SIGNATURE, REASON)))
        return [name for name in messages if name + SIGNATURE in there]

    def remove(self, name: str) -> None:
        """The message first: what is left alone then is no message."""
        super().remove(name)
        with disk_errors(self.path / name):
            for suffix in (SIGNATURE, REASON):
                remove_file(self.path / (name + suffix))
