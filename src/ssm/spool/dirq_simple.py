# SPDX-License-Identifier: Apache-2.0
"""The outgoing spool in the layout of dirq's QueueSimple: ``<8 hex>/<14 hex>``, a lock is ``NAME.lck``.

Our locks are hard links to the marker of this program (docs/adr/0011), so that a lock of a dead one is known.
"""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ssm.errors import SpoolError
from ssm.spool.durable import disk_errors, make_folder, remove_file, sync_path, write_file
from ssm.spool.element_names import ELEMENT, FOLDER, NameMaker
from ssm.spool.instance import Instance, inodes_of
from ssm.spool.settled import read_settled
from ssm.spool.state import STATE

LOCK = ".lck"
TEMPORARY = ".tmp"
GRANULARITY_SECONDS = 60
MAX_LOCK_SECONDS = 600
MAX_TEMPORARY_SECONDS = 300

names = NameMaker()


class DirqSimpleSpool:
    """Implements ``ssm.ports.outgoing.OutgoingSpool``."""

    def __init__(self, path: Path, settle_seconds: float) -> None:
        self.path = path
        self.settle_seconds = settle_seconds
        self.unsettled = 0
        with disk_errors(path):
            make_folder(path)
            self.instance = Instance(path / STATE / "instances")

    def ready(self) -> Sequence[str]:
        """Names in order of time."""
        with disk_errors(self.path):
            return list(unlocked(self.path))

    def claim(self, name: str) -> bytes | None:
        """Lock and read."""
        element = self.path / name
        with disk_errors(element):
            try:
                os.link(self.instance.marker, f"{element}{LOCK}")
            except FileExistsError:
                return None
            except FileNotFoundError:
                self.require_marker()
                return None
            payload = read_settled(element, self.settle_seconds)
            if payload is None:
                self.unsettled += element.exists()
                remove_file(f"{element}{LOCK}")
            return payload

    def require_marker(self) -> None:
        """Somebody tidied our state folder away while we run: no lock of ours would be known any more."""
        if not self.instance.marker.exists():
            raise SpoolError(f"{self.instance.marker} has gone", hint="leave the folder .ssm in the spool alone")

    def release(self, name: str) -> None:
        """Unlock."""
        with disk_errors(self.path / name):
            remove_file(f"{self.path / name}{LOCK}")

    def remove(self, name: str) -> None:
        """The element first: a crash in between leaves a lock without an element, which is only tidied."""
        with disk_errors(self.path / name):
            remove_file(self.path / name)
            remove_file(f"{self.path / name}{LOCK}")

    def recover(self) -> int:
        """Unlock what dead programs of ours had locked."""
        count = 0
        with disk_errors(self.path), self.instance.dead_ones() as dead:
            inodes = inodes_of(dead)
            if inodes:
                for lock in locks(self.path):
                    if lock.inode() in inodes:
                        count += remove_file(lock.path)
        return count

    def purge(self) -> None:
        """As dirq does: old temporary files, old foreign locks, empty folders but the newest."""
        with disk_errors(self.path):
            self.instance.touch()
            purge(self.path, inodes_of(self.instance.markers.iterdir()))

    def close(self) -> None:
        """Nothing is claimed any more."""
        self.instance.close()


def folders(path: Path) -> list[str]:
    """Names of the intermediate folders, oldest first; foreign names are not ours to look at."""
    with os.scandir(path) as entries:
        return sorted(one.name for one in entries if FOLDER.fullmatch(one.name) and one.is_dir(follow_symlinks=False))


def entries_of(folder: Path) -> "list[os.DirEntry[str]]":
    """What is in a folder; nothing when another program has just tidied it away."""
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except FileNotFoundError:
        return []


def unlocked(path: Path) -> Iterator[str]:
    """Elements without a lock, in order."""
    for folder in folders(path):
        present = {entry.name for entry in entries_of(path / folder)}
        for name in sorted(filter(ELEMENT.fullmatch, present)):
            if name + LOCK not in present:
                yield f"{folder}/{name}"


def locks(path: Path) -> Iterator["os.DirEntry[str]"]:
    """Every lock in the spool."""
    for folder in folders(path):
        yield from (entry for entry in entries_of(path / folder) if entry.name.endswith(LOCK))


def purge(path: Path, markers: set[int]) -> None:
    """Tidy up after others, by age; locks of our own kind are given back by whether their owner lives."""
    now = time.time()
    ages = {LOCK: MAX_LOCK_SECONDS, TEMPORARY: MAX_TEMPORARY_SECONDS}
    for folder in folders(path):
        for entry in entries_of(path / folder):
            limit = ages.get(entry.name[-4:])
            if limit is None or entry.inode() in markers:
                continue
            if now - modified(entry, now) > limit:
                remove_file(entry.path)
    for folder in folders(path)[:-1]:
        try:
            (path / folder).rmdir()
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
                raise


def modified(entry: "os.DirEntry[str]", otherwise: float) -> float:
    """When it was last changed; ``otherwise`` when it is gone."""
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except FileNotFoundError:
        return otherwise


def leave(path: Path, payload: bytes) -> str:
    """Leave a payload in the spool, durably, as a site's program does; returns the element's name."""
    with disk_errors(path):
        while True:
            name = names.next_name()
            folder = path / f"{int(time.time()) // GRANULARITY_SECONDS * GRANULARITY_SECONDS:08x}"
            make_folder(folder)
            temporary, element = folder / (name + TEMPORARY), folder / name
            try:
                write_file(temporary, payload, sync=True)
                os.link(temporary, element)
            except FileExistsError:
                continue  # another program made the same name in the same microsecond
            except FileNotFoundError:
                continue  # somebody tidied the folder away while it was empty
            remove_file(temporary)
            sync_path(folder)
            return f"{folder.name}/{name}"
