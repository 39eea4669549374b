# SPDX-License-Identifier: Apache-2.0
"""Files that a command writes: whole or not there, for somebody may be watching."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ssm.errors import ConfigError
from ssm.names import printable

TEMPORARY = ".part"


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """To be written to; it has its name when the block ends well. ConfigError where it cannot be written."""
    part = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        stream = part.open("wb")
    except OSError as error:
        raise unwritable(path, error) from error
    try:
        with stream:
            yield stream
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> ConfigError:
    """In words."""
    return ConfigError(f"{printable(str(path))} cannot be written: {error.strerror}")
