# SPDX-License-Identifier: Apache-2.0
"""A plain directory of messages, under the name and with the methods that the accounting client knows.

Messages written here are complete: they appear under their names only when they are on disk.
"""

import uuid
from collections.abc import Iterator
from pathlib import Path

from ssm.spool.durable import disk_errors, remove_file, sync_path, write_file


class MessageDirectory:
    """For producers; sending is ``ssm.spool.directory``."""

    def __init__(self, path: str | Path) -> None:
        self.directory_path = str(path)
        self.path = Path(path)

    def add(self, data: str | bytes) -> str:
        """Leave one message; returns its name. SpoolError or SpoolUnavailableError when it could not be written."""
        name = str(uuid.uuid4())
        temporary = self.path / f".{name}"
        content = data if isinstance(data, bytes) else data.encode("utf-8")
        with disk_errors(self.path):
            write_file(temporary, content, sync=True)
            temporary.rename(self.path / name)
            sync_path(self.path)
        return name

    def count(self) -> int:
        """How many there are."""
        return len(self.names())

    def get(self, name: str) -> str:
        """The content of one."""
        return (self.path / name).read_text(encoding="utf-8")

    def lock(self, name: str) -> bool:  # noqa: ARG002 - the interface of dirq
        """Always: nothing is locked here."""
        return True

    def purge(self) -> None:
        """Nothing to tidy."""

    def remove(self, name: str) -> None:
        """Take one away."""
        with disk_errors(self.path):
            remove_file(self.path / name)

    def names(self) -> list[str]:
        """Names, oldest first; sub-directories and names with a leading dot are not messages."""
        with disk_errors(self.path):
            files = [(file.stat().st_mtime_ns, file.name) for file in self.path.iterdir() if is_message(file)]
        return [name for _, name in sorted(files)]

    def __iter__(self) -> Iterator[str]:
        """Names, oldest first."""
        return iter(self.names())


def is_message(file: Path) -> bool:
    """A plain file that is not hidden."""
    return not file.name.startswith(".") and file.is_file()
