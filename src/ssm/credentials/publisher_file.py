# SPDX-License-Identifier: Apache-2.0
"""The rules who may publish what, in a file: one section for each DN, ``[*]`` for everybody.

::

    [/C=UK/O=eScience/CN=apel.example.org]
    sites: UKI-EXAMPLE-*, EXAMPLE-T2
    types: job, summary, sync
"""

import configparser
import logging
import re
from collections.abc import Collection
from pathlib import Path

from ssm.accounting.publishers import ANYBODY, Rule, Rules
from ssm.credentials.ca_directory import stamp_of
from ssm.credentials.dn_file import standard_spelling
from ssm.errors import CredentialError
from ssm.names import DistinguishedName

logger = logging.getLogger(__name__)

MAX_FILE_OCTETS = 8 * 1024 * 1024
KEYS = {"sites", "types"}


class PublisherFile:
    """Implements ``ssm.accounting.publishers.Publishers``. CredentialError at the start when the file has a fault."""

    def __init__(self, path: Path, types: Collection[str]) -> None:
        self.path = path
        self.types = types
        self.stamp = stamp_of(str(path))
        self.current = self.read()

    def rules(self) -> Rules:
        """Read again when the file has changed."""
        stamp = stamp_of(str(self.path))
        if stamp != self.stamp:
            self.stamp = stamp
            try:
                self.current = self.read()
            except CredentialError as error:
                logger.error("The publisher rules were not taken over, the old ones stay in force: %s", error)  # noqa: TRY400
        return self.current

    def read(self) -> Rules:
        """The file as it is now."""
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_FILE_OCTETS + 1)
        except OSError as error:
            said = f"the publisher rules {self.path} cannot be read: {error.strerror}"
            raise CredentialError(said, hint="see [database] publisher_rules_file") from error
        if len(content) > MAX_FILE_OCTETS:
            raise CredentialError(f"the publisher rules {self.path} have more than {MAX_FILE_OCTETS} octets")
        try:
            return read_rules(content.decode("utf-8-sig"), self.types)
        except (ValueError, configparser.Error) as error:
            said = str(error).replace("\n", " ")
            raise CredentialError(f"the publisher rules {self.path} have a fault: {said}") from error


def read_rules(text: str, types: Collection[str]) -> Rules:
    """What a file says; ValueError or configparser.Error where it says nothing sensible."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=(":",), default_section="")
    parser.read_string(text)
    rules: dict[str, tuple[Rule, ...]] = {}
    for name in parser.sections():
        signer = name if name == ANYBODY else str(DistinguishedName.parse(standard_spelling(name)))
        rules[signer] = (rule_of(dict(parser.items(name)), types, name),)
    if not rules:
        raise ValueError("there is no rule in it; nobody could publish anything")
    return Rules(rules)


def rule_of(said: dict[str, str], types: Collection[str], name: str) -> Rule:
    """One section."""
    unknown = said.keys() - KEYS
    if unknown:
        raise ValueError(f"[{name}] has no option {min(unknown)}; there are sites and types")
    sites = tuple(words(said.get("sites", "")))
    if not sites:
        raise ValueError(f"[{name}] must name sites")
    chosen = frozenset(words(said.get("types", "")))
    if not chosen <= set(types):
        raise ValueError(f"[{name}] types: there is no {min(chosen - set(types))}; known are {', '.join(types)}")
    return Rule(sites, chosen)


def words(text: str) -> list[str]:
    """Separated by commas or blanks."""
    return [word for word in re.split(r"[,\s]+", text) if word]
