# SPDX-License-Identifier: Apache-2.0
"""The outgoing spool as a plain directory: any file in it is an element, oldest first.

Sub-directories and names with a leading dot are not looked at. Claims stand in ``.ssm/claims``, since nothing may
stand beside the elements.
"""

import logging
import os
from collections.abc import Sequence
from pathlib import Path

from ssm.errors import SpoolError
from ssm.spool.durable import disk_errors, make_folder, remove_file
from ssm.spool.instance import Instance, inodes_of
from ssm.spool.settled import read_settled
from ssm.spool.state import STATE

logger = logging.getLogger(__name__)


class DirectorySpool:
    """Implements ``ssm.ports.outgoing.OutgoingSpool``. The folder must exist: it is the producer's."""

    def __init__(self, path: Path, settle_seconds: float) -> None:
        self.path = path
        self.settle_seconds = settle_seconds
        self.unsettled = 0
        self.claims = claims_folder(path)
        if not path.is_dir():
            raise SpoolError(f"{path} is not a folder", hint="create it, or correct [messaging] path")
        with disk_errors(path):
            make_folder(self.claims)
            self.instance = Instance(path / STATE / "instances")

    def ready(self) -> Sequence[str]:
        """Names in order of modification time."""
        with disk_errors(self.path):
            claimed = set(os.listdir(self.claims))  # noqa: PTH208 - names only
            return [name for _, name in sorted(self.files()) if claim_name(name) not in claimed]

    def files(self) -> list[tuple[int, str]]:
        """Modification time and name of each element."""
        found = []
        with os.scandir(self.path) as entries:
            for entry in entries:
                try:
                    if is_message(entry):
                        found.append((entry.stat().st_mtime_ns, entry.name))
                except FileNotFoundError:
                    continue
        return found

    def claim(self, name: str) -> bytes | None:
        """Lock and read."""
        with disk_errors(self.path / name):
            try:
                os.link(self.instance.marker, self.claims / claim_name(name))
            except FileExistsError:
                return None
            payload = read_settled(self.path / name, self.settle_seconds)
            if payload is None:
                self.unsettled += (self.path / name).exists()
                self.release(name)
            return payload

    def release(self, name: str) -> None:
        """Unlock."""
        with disk_errors(self.path / name):
            remove_file(self.claims / claim_name(name))

    def remove(self, name: str) -> None:
        """The element first, then its lock."""
        with disk_errors(self.path / name):
            remove_file(self.path / name)
            self.release(name)

    def recover(self) -> int:
        """Unlock what dead programs had locked."""
        count = 0
        with disk_errors(self.path), self.instance.dead_ones() as dead:
            inodes = inodes_of(dead)
            with os.scandir(self.claims) as claims:
                for claim in claims:
                    # A claim that is no link any more came from a backup: no marker will ever be known for it.
                    if claim.inode() in inodes or claim.stat(follow_symlinks=False).st_nlink == 1:
                        count += remove_file(claim.path)
        return count

    def purge(self) -> None:
        """There is nothing of others to tidy; ours is kept fresh."""
        self.instance.touch()

    def close(self) -> None:
        """Nothing is claimed any more."""
        self.instance.close()


def is_message(entry: "os.DirEntry[str]") -> bool:
    """A plain file, not hidden, not a link, with a name that can be a message id."""
    if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
        return False
    try:
        entry.name.encode("utf-8")
    except UnicodeEncodeError:
        logger.warning("%r is passed over: its name is not UTF-8", entry.name)
        return False
    return True


def claims_folder(path: Path) -> Path:
    """Where claims stand."""
    return path / STATE / "claims"


def claim_name(name: str) -> str:
    """The claim's file name: fixed in length, since the element's may be as long as a name can be."""
    import hashlib

    return hashlib.sha256(os.fsencode(name)).hexdigest()
