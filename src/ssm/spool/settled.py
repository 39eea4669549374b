# SPDX-License-Identifier: Apache-2.0
"""Reading a file that somebody may still be writing."""

import errno
import logging
import os
import stat
import time
from pathlib import Path

logger = logging.getLogger(__name__)

CLOCK_SECONDS = 60.0
EMPTY_SECONDS = 60.0
EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}  # no fault of the file: all would be passed over


def read_settled(path: Path, settle_seconds: float) -> bytes | None:
    """The whole content, or None when it is gone, too young, changed while it was read, or not ours to read."""
    try:
        # Not blocking, for a named pipe must not stop the line; and not through a link, for what it leads to may be
        # a file that only we can read, and that nobody means to send.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in EXHAUSTED:
            raise
        logger.warning("%s cannot be read (%s), and stays where it is", path, error.strerror)
        return None
    try:
        return read_descriptor(descriptor, settle_seconds)
    except OSError as error:
        logger.warning("%s cannot be read (%s), and stays where it is", path, error.strerror)
        return None
    finally:
        os.close(descriptor)


def read_descriptor(descriptor: int, settle_seconds: float) -> bytes | None:
    """As above, of an open file."""
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode) or is_young(before, settle_seconds):
        return None
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        content = file.read()
    after = os.fstat(descriptor)
    same = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
    return content if same and len(content) == after.st_size else None


def is_young(found: os.stat_result, settle_seconds: float) -> bool:
    """True while a file may still be being written.

    A clock that ran ahead by a little is allowed for, one that ran ahead by more must not hold a file back for ever.
    An empty file may belong to a producer that has not written yet, and waits longer.
    """
    if not settle_seconds:
        return False
    age = time.time() - found.st_mtime
    return -CLOCK_SECONDS < age < (settle_seconds if found.st_size else max(settle_seconds, EMPTY_SECONDS))
