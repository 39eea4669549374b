# SPDX-License-Identifier: Apache-2.0
"""One queue in the layout of dirq's Queue: an element is a folder with a file for each field.

``<queue>/<8 hex>/<14 hex>/{body,signer,empaid,error}``; a lock is the sub-folder ``locked``. Elements are written in
``.staging/<instance>/`` of the same queue, so that the rename into place stays on one file system, and so that nobody
who tidies ``temporary`` by age can take one away.
"""

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ssm.spool.durable import FOLDER_MODE, make_folder, remove_folder, sync_path, write_file
from ssm.spool.element_names import ELEMENT, FOLDER, NameMaker

MAX_ELEMENTS = 16_000
LOCKED = "locked"
STAGING = ".staging"
FIELDS = ("body", "signer", "empaid", "error")
TAKEN = {errno.EEXIST, errno.ENOTEMPTY}
OWN = ("temporary", "obsolete", "lost+found")

NAMES = NameMaker()


class DirqQueue:
    """One queue on disk. Raises OSError; who uses it says what that means."""

    def __init__(self, path: Path, names: NameMaker = NAMES) -> None:
        self.path = path
        self.names = names
        for folder in (path, path / "temporary", path / "obsolete", path / STAGING):
            make_folder(folder)
        self.folder = ""
        self.room = 0

    # Adding.

    def next_element(self) -> str:
        """A name for a new element: the newest folder that has room, and a name of its own."""
        if self.room <= 0:
            self.find_room()
        self.room -= 1
        return f"{self.folder}/{self.names.next_name()}"

    def find_room(self) -> None:
        """Choose the newest folder, or begin the next one when it is full."""
        last = max(self.folders(), default="00000000")
        make_folder(self.path / last)
        held = len(os.listdir(self.path / last))  # noqa: PTH208 - a count
        if held >= MAX_ELEMENTS:
            last = f"{int(last, 16) + 1:08x}"
            make_folder(self.path / last)
            held = 0
        self.folder = last
        # Looked at again after a while, since others add as well, and tidy away what is empty.
        self.room = min(MAX_ELEMENTS - held, 1000)

    def stage(self, staged: Path, fields: Mapping[str, bytes], *, sync: bool) -> None:
        """Write an element where nobody looks yet, synced or not."""
        make_folder(staged.parent)
        os.mkdir(staged, FOLDER_MODE)  # noqa: PTH102 - a hot path
        os.chmod(staged, FOLDER_MODE)  # noqa: PTH101 - the same; the umask may have taken some of it
        for name, content in fields.items():
            write_file(f"{staged}/{name}", content, sync=sync)
        if sync:
            sync_path(staged)
            sync_path(staged.parent)

    def publish(self, staged: Path, element: str) -> bool:
        """Move a staged element into place; False when it was there already."""
        target = self.path / element
        try:
            os.rename(staged, target)  # noqa: PTH104 - a hot path
        except FileNotFoundError:
            if not staged.exists():
                raise
            make_folder(target.parent)  # tidied away while it was empty
            os.rename(staged, target)  # noqa: PTH104
        except OSError as error:
            if error.errno in TAKEN:
                return False
            raise
        return True

    # Looking.

    def folders(self) -> list[str]:
        """Names of the intermediate folders, oldest first."""
        with os.scandir(self.path) as entries:
            return sorted(entry.name for entry in entries if FOLDER.fullmatch(entry.name) and entry.is_dir())

    def elements(self) -> Iterator[str]:
        """Names of the elements, oldest first."""
        for folder in self.folders():
            try:
                found = sorted(filter(ELEMENT.fullmatch, os.listdir(self.path / folder)))  # noqa: PTH208
            except FileNotFoundError:
                continue
            yield from (f"{folder}/{name}" for name in found)

    def strays(self) -> Iterator[str]:
        """What somebody has put here that is neither an element nor a folder of some; what is hidden does not count."""
        folders = set(self.folders())
        yield from (name for name, _ in visible(self.path) if name not in {*folders, *OWN})
        for folder in sorted(folders):
            for name, is_folder in visible(self.path / folder):
                if not (is_folder and ELEMENT.fullmatch(name)):
                    yield f"{folder}/{name}"

    def read(self, element: str) -> dict[str, bytes] | None:
        """The fields of an element; None when it is gone."""
        return self.fields_of(self.path / element)

    @staticmethod
    def fields_of(folder: Path) -> dict[str, bytes] | None:
        """The fields of an element, wherever its folder is."""
        fields = {}
        for name in FIELDS:
            try:
                fields[name] = (folder / name).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                continue
        return fields if "body" in fields else None

    # Taking.

    def lock(self, element: str) -> bool:
        """Take an element; False when it is taken or gone."""
        try:
            (self.path / element / LOCKED).mkdir(0o750)
        except (FileExistsError, FileNotFoundError, NotADirectoryError):
            return False
        return True

    def unlock(self, element: str) -> bool:
        """Give it back; False when it was not taken."""
        try:
            (self.path / element / LOCKED).rmdir()
        except FileNotFoundError:
            return False
        return True

    def remove(self, element: str) -> None:
        """Take a locked element out: first out of sight, then away."""
        while True:
            obsolete = self.path / "obsolete" / self.names.next_name()
            try:
                (self.path / element).rename(obsolete)
            except FileNotFoundError:
                if (self.path / element).exists():
                    raise
                return
            except OSError as error:
                if error.errno in TAKEN:
                    continue  # another program made the same name in the same microsecond
                raise
            break
        remove_folder(obsolete)


def visible(folder: Path) -> list[tuple[str, bool]]:
    """Names that are not hidden, in order, and whether they are folders; none where it has just been tidied away."""
    try:
        with os.scandir(folder) as entries:
            return sorted((entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith("."))
    except FileNotFoundError:
        return []
