# SPDX-License-Identifier: Apache-2.0
"""The signer list: one DN a line, read again when it changes; a broken new one never replaces a good old one."""

import logging
import re
import time
from dataclasses import dataclass
from pathlib import Path

from ssm.credentials.ca_directory import stamp_of
from ssm.errors import CredentialError
from ssm.names import DistinguishedName, components

logger = logging.getLogger(__name__)

MAX_FILE_OCTETS = 32 * 1024 * 1024
LOOK_EVERY_SECONDS = 1.0

# Spellings of the same attribute that other tools write.
SPELLINGS = (
    (re.compile(r"/(?:Email|E)="), "/emailAddress="),
    (re.compile(r"/USERID="), "/UID="),
)
ESCAPED_SLASH = "\\/"
STAND_IN = "\ue000"  # for an escaped slash, which begins no component


@dataclass(frozen=True, slots=True)
class ReadList:
    """What a list file says."""

    names: frozenset[str]
    warnings: tuple[str, ...]


def read_list(text: str) -> ReadList:
    """The DNs of a list; lines that are none are warnings with their number."""
    names: set[str] = set()
    warnings: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        try:
            respelt = standard_spelling(entry)
            names.add(str(DistinguishedName.parse(respelt)))
        except ValueError as error:
            warnings.append(f"line {number}: DN in incorrect format: {entry[:200]!r} ({error})")
            continue
        if respelt != entry:
            warnings.append(f"line {number}: read as {respelt[:200]}")
    return ReadList(frozenset(names), tuple(warnings))


def standard_spelling(entry: str) -> str:
    """The form that is compared; ValueError when an escaped slash would begin a component once it is unescaped."""
    hidden = entry.replace(ESCAPED_SLASH, STAND_IN)
    for pattern, standard in SPELLINGS:
        hidden = pattern.sub(standard, hidden)
    respelt = hidden.replace(STAND_IN, "/")
    if len(components(hidden)) != len(components(respelt)):
        raise ValueError("an escaped slash makes it ambiguous")
    return respelt


class DnFile:
    """Implements ``ssm.ports.signers.SignerList``. CredentialError at the start when there is no DN in the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stamp = self.seen = stamp_of(str(path))
        self.next_look = time.monotonic() + LOOK_EVERY_SECONDS
        self.names = self.read()
        logger.info("Fetching valid DNs. The signer list %s holds %d.", path, len(self.names))

    def permits(self, signer: DistinguishedName) -> bool:
        """Exactly, letter for letter."""
        self.refresh()
        return signer.text in self.names

    def refresh(self) -> None:
        """Look at most once a second whether the file has changed."""
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + LOOK_EVERY_SECONDS
        stamp = stamp_of(str(self.path))
        seen, self.seen = self.seen, stamp
        # Taken over once it has not changed between two looks: somebody may still be writing it.
        if stamp == self.stamp or stamp != seen:
            return
        self.stamp = stamp
        try:
            self.names = self.read()
        except CredentialError as error:
            logger.error("The signer list was not taken over, the old one stays in force: %s", error)  # noqa: TRY400
        else:
            logger.info("Fetching valid DNs. The signer list has changed: %d DNs.", len(self.names))

    def read(self) -> frozenset[str]:
        """The file as it is now; CredentialError when no DN comes out of it."""
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_FILE_OCTETS + 1)
        except OSError as error:
            raise CredentialError(
                f"the signer list {self.path} cannot be read: {error.strerror}", hint="name it with --dn-file FILE"
            ) from error
        if len(content) > MAX_FILE_OCTETS:
            raise CredentialError(f"the signer list {self.path} has more than {MAX_FILE_OCTETS} octets")
        try:
            found = read_list(content.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise CredentialError(f"the signer list {self.path} is not UTF-8 text") from error
        for warning in found.warnings:
            logger.warning("%s: %s", self.path, warning)
        if not found.names:
            raise CredentialError(
                f"No valid DNs found in {self.path}.  SSM will not start",
                hint="write one DN a line, such as /C=UK/O=eScience/CN=host.example.org",
            )
        return found.names
