# SPDX-License-Identifier: Apache-2.0
"""Files that a command writes: whole or not there, for somebody may be watching, or the machine may go down.

Each is written under a name that nobody can guess, which is made for it and never followed elsewhere, is synced, and
only then gets its own name. So neither a link that somebody has planted in the folder, nor what a run that was killed
has left there, nor a second run at the same time changes what is written, or where to.
"""

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ssm.errors import ConfigError, InputError
from ssm.names import printable
from ssm.spool.durable import remove_file, sync_path

MODE = 0o666
"""Less the umask, as any command's output."""
MOST_OF_NAME = 200
"""Octets of a name that are kept in the temporary one: file systems have 255."""


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """To be written to; it takes the place of an older one, with its mode. ConfigError where it cannot be written."""
    try:
        mode = mode_of(path)
    except OSError as error:
        raise unwritable(path, error) from error
    with unnamed(path, Path.replace, mode) as stream:
        yield stream


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """The same for a file that must not be there yet: InputError, at once or at the end, where there is one."""
    if os.path.lexists(path):
        raise there_already(path)
    with unnamed(path, give_name, None) as stream:
        yield stream


@contextmanager
def unnamed(path: Path, name: Callable[[Path, Path], object], mode: int | None) -> Iterator[BinaryIO]:
    """A file that gets its name by ``name`` when the block ends well, and is gone when it does not."""
    part = path.with_name(f".{os.fsdecode(os.fsencode(path.name)[:MOST_OF_NAME])}.{secrets.token_hex(8)}.part")
    try:
        stream = os.fdopen(create(part, mode), "wb")
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        with stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        name(part, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            remove_file(part)
    with suppress(OSError):  # a folder that may not be read, or a file system that syncs none: the file is there
        sync_path(path.parent)


def create(path: Path, mode: int | None) -> int:
    """A new file, open; OSError where anything is there, be it a link that leads nowhere."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, MODE if mode is None else mode)
    try:
        if mode is not None:
            os.fchmod(descriptor, mode)
    except BaseException:
        os.close(descriptor)
        path.unlink()
        raise
    return descriptor


def mode_of(path: Path) -> int | None:
    """Of the file that is replaced, if any. ConfigError for what is no file: a device would be gone for everybody."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    leads_to_a_device = stat.S_ISLNK(found.st_mode) and str(path.readlink()).startswith("/proc/")
    if leads_to_a_device or not (stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)):
        raise ConfigError(f"{printable(str(path))} cannot be written: it is no plain file", hint="name another one")
    # What somebody else has put there does not say who may read or write ours.
    is_ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
    return stat.S_IMODE(found.st_mode) & 0o777 if is_ours else None


def give_name(part: Path, path: Path) -> None:
    """Where nothing has it; InputError otherwise."""
    try:
        path.hardlink_to(part)
    except FileExistsError as error:
        raise there_already(path) from error
    except OSError:  # a file system without hard links
        take_name(part, path)


def take_name(part: Path, path: Path) -> None:
    """First an empty file, which nobody else has made; InputError where there is something."""
    try:
        os.close(create(path, None))
    except FileExistsError as error:
        raise there_already(path) from error
    try:
        part.replace(path)
    except BaseException:
        path.unlink()
        raise


def there_already(path: Path) -> InputError:
    """In words."""
    return InputError(f"{path} is there already, and is not written over")


def unwritable(path: Path, error: OSError) -> ConfigError:
    """In words."""
    return ConfigError(f"{printable(str(path))} cannot be written: {error.strerror}")
