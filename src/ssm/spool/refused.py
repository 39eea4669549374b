# SPDX-License-Identifier: Apache-2.0
"""What a loader has refused, and how it comes back into incoming: its cause may have been removed meanwhile."""

from pathlib import Path

from ssm.ports.filing import Box
from ssm.spool.dirq import LOCKED, DirqQueue
from ssm.spool.durable import disk_errors, make_folder, remove_file, sync_path

MARK = "loader"
"""A file that only loaders leave in an element: what a receiver has rejected, unproved, never gets into incoming."""


def was_refused_by_loader(root: Path, name: str) -> bool:
    """True for a rejected element that holds a payload, not an envelope."""
    with disk_errors(root):
        return (root / Box.REJECTED.value / name / MARK).exists()


def load_again(root: Path, name: str) -> bool:
    """Move it back to incoming; False when it is gone, taken, or there already.

    The element is whole at every moment, in one box or the other: it is moved with one rename, without its lock.
    """
    rejected, incoming = (root / box.value for box in (Box.REJECTED, Box.INCOMING))
    with disk_errors(root):
        if not DirqQueue(rejected).lock(name):
            return False
        make_folder((incoming / name).parent)
        if (incoming / name).exists():
            DirqQueue(rejected).unlock(name)
            return False
        for left in ("error", MARK):
            remove_file(rejected / name / left)
        (rejected / name / LOCKED).rmdir()
        (rejected / name).rename(incoming / name)
        for folder in ((incoming / name).parent, (rejected / name).parent):
            sync_path(folder)
    return True
