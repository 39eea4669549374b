# SPDX-License-Identifier: Apache-2.0
"""The incoming box for loaders: several at a time, each element for one of them.

A claim is a second name of the loader's marker, so that a dead one is known (docs/adr/0011), and then dirq's own lock,
so that other programs see it. Rejected elements are written in a folder of our own beside the receiver's staging,
whose owners the receiver judges by markers that loaders do not have.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ssm.errors import SpoolError
from ssm.ports.filing import Box
from ssm.ports.incoming import IncomingElement
from ssm.spool.dirq import DirqQueue
from ssm.spool.durable import FILE_MODE, disk_errors, make_folder, remove_file, remove_folder, sync_path
from ssm.spool.element_names import ELEMENT, FOLDER
from ssm.spool.instance import Instance, inodes_of
from ssm.spool.refused import MARK

ESCAPED = "surrogateescape"
STAGING = ".staging-of-loaders"
MARKERS, CLAIMS, DEADLY = "loaders", "loading", "deadly"
CLAIM = re.compile(f"{FOLDER.pattern}-{ELEMENT.pattern}")
NOTE = re.compile(rf"{CLAIM.pattern}\.[0-9]{{1,3}}")


class DirqIncoming:
    """Implements ``ssm.ports.incoming.IncomingSpool`` over dirq queues below ``path``."""

    def __init__(self, path: Path, state: Path) -> None:
        self.path = path
        with disk_errors(path):
            self.incoming = DirqQueue(path / Box.INCOMING.value)
            self.rejected = DirqQueue(path / Box.REJECTED.value)
            self.claims = state / CLAIMS
            self.deadly = state / DEADLY
            make_folder(self.claims)
            make_folder(self.deadly)
            make_folder(self.rejected.path / STAGING)
            self.instance = Instance(state / MARKERS)
        self.staging = self.rejected.path / STAGING / self.instance.id
        self.hollow: set[str] = set()

    def ready(self) -> Sequence[str]:
        """With those that others have claimed: to try costs no more than to look."""
        with disk_errors(self.incoming.path):
            return list(self.incoming.elements())

    def strays(self) -> Sequence[str]:
        """Plain files, folders with other names, and elements that we have seen to have no body."""
        with disk_errors(self.incoming.path):
            hollow = (name for name in self.hollow if (self.incoming.path / name).exists())
            return sorted({*self.incoming.strays(), *hollow})

    def claim(self, name: str) -> IncomingElement | None:
        """Among us, then among all."""
        with disk_errors(self.incoming.path / name), self.given_back_on_error(name):
            try:
                os.link(self.instance.marker, self.claim_of(name))
            except FileExistsError:
                return None
            except FileNotFoundError:
                raise SpoolError(
                    f"{self.instance.marker} has gone", hint="leave the state folder of the spool alone"
                ) from None
            if not self.incoming.lock(name):
                remove_file(self.claim_of(name))
                return None
            fields = self.incoming.read(name)
            if fields is None:
                if (self.incoming.path / name).exists():
                    self.hollow.add(name)
                self.release(name)
                return None
        return IncomingElement(name, fields["body"], text_of(fields, "signer"), text_of(fields, "empaid"))

    @contextlib.contextmanager
    def given_back_on_error(self, name: str) -> Iterator[None]:
        """An element that the disk does not let us read stays for another time."""
        try:
            yield
        except OSError:
            with contextlib.suppress(OSError):
                self.incoming.unlock(name)
                remove_file(self.claim_of(name))
            raise

    def deaths(self) -> Mapping[str, int]:
        """As recovery has noted them."""
        with disk_errors(self.deadly):
            noted = [path for path in self.deadly.iterdir() if NOTE.fullmatch(path.name)]
        return {name_of(path.stem): int(path.suffix[1:]) for path in noted}

    def note_death(self, name: str) -> None:
        """One more loader died with this element in its hands."""
        count = self.deaths().get(name, 0)
        if count:
            self.note_of(name, count).rename(self.note_of(name, count + 1))
        else:
            self.note_of(name, 1).touch(FILE_MODE)

    def note_of(self, name: str, count: int) -> Path:
        """The file whose name is the note."""
        return self.deadly / f"{name.replace('/', '-')}.{count}"

    def forget(self, name: str) -> None:
        """A loader has survived this element: the claim goes, and what was noted about it."""
        for path in self.deadly.glob(f"{name.replace('/', '-')}.*"):
            remove_file(path)
        remove_file(self.claim_of(name))

    def claim_of(self, name: str) -> Path:
        """Where the claim on an element stands."""
        return self.claims / name.replace("/", "-")

    def release(self, name: str) -> None:
        """Unlock, then forget."""
        with disk_errors(self.incoming.path / name):
            self.incoming.unlock(name)
            remove_file(self.claim_of(name))

    def finish(self, name: str) -> None:
        """Out of sight with one rename; the claim goes last."""
        with disk_errors(self.incoming.path / name):
            self.incoming.remove(name)
            self.forget(name)

    def refuse(self, name: str, error: str) -> str:
        """Write, sync, rename, sync the folder; then out of incoming."""
        with disk_errors(self.rejected.path):
            fields = self.incoming.read(name)
            place = name if fields is None else self.place(name, fields | {"error": error.encode("utf-8", ESCAPED)})
        self.finish(name)
        return place

    def place(self, name: str, fields: dict[str, bytes]) -> str:
        """Under its own name; under another where a different one has it."""
        staged = self.staging / name.replace("/", "-")
        remove_folder(staged)
        self.rejected.stage(staged, fields | {MARK: b""}, sync=True)
        make_folder((self.rejected.path / name).parent)
        while not self.rejected.publish(staged, name):
            there = self.rejected.read(name)
            if there is not None and there["body"] == fields["body"]:
                remove_folder(staged)
                return name
            name = self.rejected.next_element()
        sync_path((self.rejected.path / name).parent)
        sync_path(self.rejected.path)
        return name

    def recover(self) -> int:
        """Unlock what is claimed under the markers of the dead, and clear away what they were removing."""
        count = 0
        with disk_errors(self.path), self.instance.dead_ones() as dead:
            inodes = inodes_of(dead)
            with os.scandir(self.claims) as entries:
                claims = [one for one in entries if CLAIM.fullmatch(one.name) and one.inode() in inodes]
            for claim in claims:
                self.note_death(name_of(claim.name))
                count += self.incoming.unlock(name_of(claim.name))
                remove_file(claim.path)
            for marker in dead:
                remove_folder(self.rejected.path / STAGING / marker.name)
            for removed in (self.incoming.path / "obsolete").iterdir():
                remove_folder(removed)
        return count

    def close(self) -> None:
        """Nothing is claimed any more."""
        remove_folder(self.staging)
        self.instance.close()


def name_of(claim: str) -> str:
    """The element that a claim, or a note, is about."""
    return claim.replace("-", "/")


def text_of(fields: dict[str, bytes], name: str) -> str | None:
    """A field that is text; octets that are not survive the way to the rejected ones."""
    return fields[name].decode("utf-8", ESCAPED) if name in fields else None
