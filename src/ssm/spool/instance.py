# SPDX-License-Identifier: Apache-2.0
"""Which programs are alive: each holds a lock on a marker file of its own, which the system drops when it dies.

No pid is compared, so that containers and recycled numbers do not matter.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ssm.spool.durable import FILE_MODE, make_folder, remove_file


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
        """Markers of programs that have died, locked by us meanwhile; they are removed when the block ends well."""
        with contextlib.ExitStack() as held:
            dead = [path for path in self.markers.iterdir() if path != self.marker and seized(path, held)]
            yield dead
            for path in dead:
                remove_file(path)


def seized(marker: Path, held: contextlib.ExitStack) -> bool:
    """True when nobody held this marker; now we do, until the stack unwinds."""
    try:
        descriptor = os.open(marker, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
