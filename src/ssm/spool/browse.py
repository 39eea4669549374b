# SPDX-License-Identifier: Apache-2.0
"""Looking into spools, and the few things a person may do with what is there."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ssm.errors import SpoolError
from ssm.spool.directory import claim_name, claims_folder
from ssm.spool.dirq import LOCKED, DirqQueue
from ssm.spool.dirq_simple import LOCK, entries_of, folders
from ssm.spool.durable import disk_errors, remove_file
from ssm.spool.element_names import ELEMENT, FOLDER


@dataclass(frozen=True, slots=True)
class Item:
    """One element, as a list shows it."""

    name: str
    size: int
    modified: float
    """Seconds since the epoch."""
    is_locked: bool
    signer: str = ""
    message_id: str = ""
    error: str = ""


class Shelf(Protocol):
    """A place with elements."""

    def could_hold(self, name: str) -> bool:
        """True for the name of an element."""

    def items(self) -> Iterator[Item]:
        """What is there, oldest first."""

    def read(self, name: str) -> bytes | None:
        """The body of one; None when it is gone."""

    def unlock(self, name: str) -> bool:
        """Take a lock away, whoever holds it; False when there is none."""

    def remove(self, name: str) -> bool:
        """Take one away for good; False when it is gone."""


class QueueShelf:
    """incoming, reject or deferred."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise SpoolError(f"there is no folder {path}", hint="has the receiver run with this configuration?")
        with disk_errors(path):
            self.queue = DirqQueue(path)

    def could_hold(self, name: str) -> bool:
        """Folder and element."""
        return is_element(name)

    def items(self) -> Iterator[Item]:
        """Elements with their texts."""
        with disk_errors(self.queue.path):
            for name in self.queue.elements():
                item = self.item(name)
                if item is not None:
                    yield item

    def item(self, name: str) -> Item | None:
        """One element; None when it is gone."""
        folder = self.queue.path / name
        try:
            found = (folder / "body").stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        texts = {}
        for field in ("signer", "empaid", "error"):
            file = folder / field
            texts[field] = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        is_locked = (folder / LOCKED).exists()
        return Item(name, found.st_size, found.st_mtime, is_locked, texts["signer"], texts["empaid"], texts["error"])

    def read(self, name: str) -> bytes | None:
        """Its body."""
        with disk_errors(self.queue.path):
            fields = self.queue.read(name)
        return None if fields is None else fields["body"]

    def unlock(self, name: str) -> bool:
        """Whoever locked it."""
        with disk_errors(self.queue.path):
            return self.queue.unlock(name)

    def remove(self, name: str) -> bool:
        """Lock it first, so that nobody is reading it."""
        with disk_errors(self.queue.path):
            if not is_element(name) or not self.queue.lock(name):
                return False
            self.queue.remove(name)
        return True


class SimpleShelf:
    """An outgoing spool in dirq's simple layout."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def could_hold(self, name: str) -> bool:
        """Folder and element."""
        return is_element(name)

    def items(self) -> Iterator[Item]:
        """Elements and their locks."""
        with disk_errors(self.path):
            for folder in folders(self.path):
                entries = {entry.name: entry for entry in entries_of(self.path / folder)}
                for name in sorted(filter(ELEMENT.fullmatch, entries)):
                    with contextlib.suppress(FileNotFoundError):  # sent in the meantime
                        found = entries[name].stat()
                        yield Item(f"{folder}/{name}", found.st_size, found.st_mtime, name + LOCK in entries)

    def read(self, name: str) -> bytes | None:
        """Its content."""
        return read_file(self.path / name)

    def unlock(self, name: str) -> bool:
        """Whoever locked it."""
        with disk_errors(self.path):
            return remove_file(f"{self.path / name}{LOCK}")

    def remove(self, name: str) -> bool:
        """For good."""
        with disk_errors(self.path):
            return remove_file(self.path / name)


class DirectoryShelf:
    """An outgoing spool that is a plain directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def could_hold(self, name: str) -> bool:
        """A plain file name."""
        return "/" not in name and not name.startswith(".")

    def items(self) -> Iterator[Item]:
        """Files, oldest first."""
        with disk_errors(self.path):
            files = [file for file in self.path.iterdir() if not file.name.startswith(".") and file.is_file()]
            found = []
            for file in files:
                with contextlib.suppress(FileNotFoundError):  # sent in the meantime
                    found.append((file.stat(), file.name))
            for state, name in sorted(found, key=lambda one: one[0].st_mtime):
                yield Item(name, state.st_size, state.st_mtime, self.claim(name).exists())

    def claim(self, name: str) -> Path:
        """Where a claim on it stands."""
        return claims_folder(self.path) / claim_name(name)

    def read(self, name: str) -> bytes | None:
        """Its content."""
        return read_file(self.path / name)

    def unlock(self, name: str) -> bool:
        """Whoever claimed it."""
        with disk_errors(self.path):
            return remove_file(self.claim(name))

    def remove(self, name: str) -> bool:
        """For good."""
        with disk_errors(self.path):
            return remove_file(self.path / name)


def is_element(name: str) -> bool:
    """True for ``<8 hex>/<14 hex>``."""
    folder, _, element = name.partition("/")
    return bool(FOLDER.fullmatch(folder) and ELEMENT.fullmatch(element))


def read_file(path: Path) -> bytes | None:
    """A file's content; None when it is gone."""
    with disk_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
