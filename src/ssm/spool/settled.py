# SPDX-License-Identifier: Apache-2.0
"""Reading a file that somebody may still be writing."""

import logging
import os
import stat
import time
from pathlib import Path

logger = logging.getLogger(__name__)


def read_settled(path: Path, settle_seconds: float) -> bytes | None:
    """The whole content, or None when it is gone, too young, changed while it was read, or not ours to read."""
    try:
        # Not blocking: a named pipe in the spool must not stop the line.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except PermissionError:
        logger.warning("%s cannot be read by this user, and stays where it is", path)
        return None
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - a descriptor
        before = os.fstat(descriptor)
        # A clock that ran ahead when the file was written must not hold it back for ever.
        young = settle_seconds > 0 and 0 <= time.time() - before.st_mtime < settle_seconds
        if young or not stat.S_ISREG(before.st_mode):
            return None
        content = file.read()
        after = os.fstat(descriptor)
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return content if same and len(content) == after.st_size else None
