# SPDX-License-Identifier: Apache-2.0
"""Which programs are alive: each holds a lock on a marker file of its own, which the system drops when it dies.

No pid is compared, so that containers and recycled numbers do not matter.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ssm.spool.durable import FILE_MODE, make_folder, remove_file

STARTING_SECONDS = 60.0


class Instance:
    """This program's marker in a folder of markers. Close it, or just die."""

    def __init__(self, markers: Path) -> None:
        make_folder(markers)
        self.markers = markers
        self.id = os.urandom(8).hex()
        self.marker = markers / self.id
        # Locked under another name, so that nobody ever sees our marker without its lock.
        temporary = markers / f".{self.id}"
        self.descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)
        temporary.rename(self.marker)

    def touch(self) -> None:
        """Show others, who judge by age, that our locks are not old."""
        os.utime(self.descriptor)

    def close(self) -> None:
        """Go; the marker stays if a lock still refers to it, so that the next start gives that back."""
        if os.fstat(self.descriptor).st_nlink == 1:
            remove_file(self.marker)
        os.close(self.descriptor)

    @contextlib.contextmanager
    def dead_ones(self) -> Iterator[list[Path]]:
        """Markers of programs that have died, locked by us meanwhile.

        They are removed when the block ends well, but for those that a lock somewhere still refers to.
        """
        with contextlib.ExitStack() as held:
            dead = [path for path in self.markers.iterdir() if path != self.marker and seized(path, held)]
            yield dead
            for path in dead:
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_nlink == 1:
                        remove_file(path)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """One program at a time in this block; the system lets the next one in when it dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def seized(marker: Path, held: contextlib.ExitStack) -> bool:
    """True when nobody held this marker; now we do, until the stack unwinds."""
    try:
        if marker.name.startswith(".") and time.time() - marker.stat().st_mtime < STARTING_SECONDS:
            return False  # its owner is just about to lock it
        descriptor = os.open(marker, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.fstat(descriptor).st_ino == marker.stat().st_ino
    except OSError:
        return False


def inodes_of(markers: Iterable[Path]) -> set[int]:
    """By what their hard links are known; a marker that has just gone has none."""
    found = set()
    for marker in markers:
        with contextlib.suppress(FileNotFoundError):
            found.add(marker.stat().st_ino)
    return found
