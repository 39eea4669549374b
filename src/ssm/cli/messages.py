# SPDX-License-Identifier: Apache-2.0
"""Messages that are named on a command line: files, elements of spools, standard input."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TypeVar

from ssm.cli.console import progress_of
from ssm.errors import InputError

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
    """The octets of a message; InputError where there are none to be had."""
    if name == STANDARD_INPUT:
        yield read_blocks(sys.stdin.buffer.read)
        return
    path = Path(name)
    try:
        # An element of a receiver's spool is a folder, with the message in its body.
        file = path / BODY if path.is_dir() else path
        with file.open("rb", buffering=0) as stream, progress_of(label(name), file.stat().st_size) as advance:
            yield read_blocks(stream.read, advance)
    except FileNotFoundError as error:
        what = f"there is no message in the folder {name}" if path.is_dir() else f"there is no file {name}"
        raise InputError(what) from error
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from error


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file that is made; InputError where there is one already. Where an error ends it, it is removed again."""
    try:
        output = path.open("xb")
    except FileExistsError as error:
        raise InputError(f"{path} is there already, and is not written over") from error
    try:
        with output:
            yield output
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read_blocks(
    read: Callable[[int], bytes | None], advance: Callable[[int], None] = lambda _: None
) -> Iterator[bytes]:
    """Portion by portion."""
    while block := read(BLOCK):
        yield block
        advance(len(block))
