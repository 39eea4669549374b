# SPDX-License-Identifier: Apache-2.0
"""Messages that are named on a command line: files, elements of spools, standard input."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ssm.cli.console import progress_of
from ssm.errors import FormatError, InputError

BLOCK = 256 * 1024
STANDARD_INPUT = "-"
BODY = "body"

T = TypeVar("T")


def now() -> int:
    """Seconds since 1970."""
    return int(time.time())


def label(name: str) -> str:
    """What a message is called in output."""
    return "standard input" if name == STANDARD_INPUT else name


@contextmanager
def blocks_of(name: str) -> Iterator[Iterator[bytes]]:
    """The octets of a message; InputError, here or while they are read, where there are none to be had.

    A FormatError on the way learns whose it is.
    """
    try:
        with opened(name) as blocks:
            yield blocks
    except FormatError as error:
        error.file = label(name)
        raise


@contextmanager
def opened(name: str) -> Iterator[Iterator[bytes]]:
    """As above."""
    if name == STANDARD_INPUT:
        yield read_blocks(name, sys.stdin.buffer.read)
        return
    path = Path(name)
    # An element of a receiver's spool is a folder, with the message in its body.
    file = path / BODY if path.is_dir() else path
    try:
        stream = file.open("rb", buffering=0)
    except FileNotFoundError as error:
        what = f"there is no message in the folder {name}" if path.is_dir() else f"there is no file {name}"
        raise InputError(what) from error
    except OSError as error:
        raise unreadable(name, error) from error
    with stream, progress_of(label(name), os.fstat(stream.fileno()).st_size) as advance:
        yield read_blocks(name, stream.read, advance)


def read_blocks(
    name: str, read: Callable[[int], bytes | None], advance: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """Portion by portion."""
    while True:
        try:
            block = read(BLOCK)
        except OSError as error:
            raise unreadable(name, error) from error
        if not block:
            return
        yield block
        advance(len(block))


def unreadable(name: str, error: OSError) -> InputError:
    """Why there is nothing to be had."""
    return InputError(f"{label(name)} cannot be read: {error.strerror}")
