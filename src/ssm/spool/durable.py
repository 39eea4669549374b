# SPDX-License-Identifier: Apache-2.0
"""What makes a file survive: write, sync, rename, sync the folder. And what a disk's complaints mean."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from ssm.errors import SpoolError, SpoolUnavailableError

FILE_MODE = 0o640
FOLDER_MODE = 0o750

# The disk is in the way, and may not be for ever.
PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE}


@contextlib.contextmanager
def disk_errors(path: str | Path) -> Iterator[None]:
    """Turn OSError into SpoolUnavailableError (wait) or SpoolError (stop), naming the path."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or path}: {error.strerror}"
        if error.errno in PASSING:
            raise SpoolUnavailableError(message, hint="free some space, or mend the disk") from error
        raise SpoolError(message, hint="the spool must belong to the user who runs this program") from error


def make_folder(path: Path) -> None:
    """A folder and those above it, with our mode, whatever the umask; nothing where it is there already."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with contextlib.suppress(FileExistsError):
        path.mkdir(FOLDER_MODE)
        path.chmod(FOLDER_MODE)
        sync_path(path.parent)  # a synced file in a folder that is not is gone with it


def write_new(path: str | Path, content: bytes) -> int:
    """Write a new file and return its open descriptor, not yet synced; the caller closes it.

    What could be written only in part, as the disk is full, is gone again: nobody would ever tidy it away.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
    except BaseException:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            remove_file(path)
        raise
    return descriptor


def write_file(path: str | Path, content: bytes, *, sync: bool) -> None:
    """Write a new file, synced or not."""
    descriptor = write_new(path, content)
    try:
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_path(path: str | Path) -> None:
    """Sync a file or a folder; nothing when it is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_file(path: str | Path) -> bool:
    """Remove a file; False when it was gone."""
    try:
        os.unlink(path)  # noqa: PTH108 - a hot path
    except FileNotFoundError:
        return False
    return True


def remove_folder(path: Path) -> None:
    """Remove a folder of plain files; nothing when it is gone."""
    with contextlib.suppress(FileNotFoundError):
        for child in path.iterdir():
            if child.is_dir() and not child.is_symlink():
                remove_folder(child)
            else:
                remove_file(child)
        path.rmdir()
