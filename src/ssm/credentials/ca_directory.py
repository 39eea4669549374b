# SPDX-License-Identifier: Apache-2.0
"""The hashed CA directory as files: stamps to notice changes by, and bounded reading."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ssm.errors import CannotJudgeError

HASHED_AUTHORITY = re.compile(r"[0-9a-f]{8}\.[0-9]")


class CaDirectory:
    """Implements ``ssm.envelope.path.CaFiles`` over a folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder

    @property
    def folder(self) -> str:
        """Its path."""
        return str(self.path)

    def holds_authorities(self) -> bool:
        """True when there is at least one file named as OpenSSL looks for CAs."""
        try:
            with os.scandir(self.path) as entries:
                return any(HASHED_AUTHORITY.fullmatch(entry.name) for entry in entries)
        except OSError as error:
            raise self.trouble(error) from error

    def stamp(self, names: Sequence[str]) -> tuple[tuple[int, int, int] | None, ...]:
        """Inode, size and mtime_ns of each, links followed; None for one that cannot be seen."""
        return tuple(stamp_of(f"{self.path}/{name}") for name in names)

    def read(self, name: str, limit: int) -> bytes | None:
        """A file's content, or None when it is not there."""
        try:
            with (self.path / name).open("rb") as file:
                content = file.read(limit + 1)
        except FileNotFoundError as error:
            if (self.path / name).is_symlink():
                raise self.trouble(error) from error
            return None
        except OSError as error:
            raise self.trouble(error) from error
        if len(content) > limit:
            raise CannotJudgeError(f"{self.path / name} has more than {limit} octets")
        return content

    def trouble(self, error: OSError) -> CannotJudgeError:
        """The directory or a file in it cannot be read."""
        return CannotJudgeError(
            f"{error.filename or self.path} cannot be read: {error.strerror}",
            hint="the CA directory must be readable by the user who runs this program",
        )


def stamp_of(path: str) -> tuple[int, int, int] | None:
    """What changes when a file changes."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a hot path: 20 files for each message
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
