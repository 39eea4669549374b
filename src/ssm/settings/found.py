# SPDX-License-Identifier: Apache-2.0
"""Where settings come from, what was found there, and what is wrong with it."""

import configparser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ssm.errors import ConfigFault
from ssm.settings.protocols import DEFAULT_PROTOCOL


@dataclass(frozen=True, slots=True)
class Sources:
    """Where settings come from."""

    file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    """Each ``section.option=value``."""
    parser: configparser.ConfigParser | None = None
    """A file that somebody has read already."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a further listener is told, and what of that is its own."""

    name: str
    found: "Found"
    own: dict[tuple[str, str], str]
    """From where an option stands otherwise to how it is called in the listener's section."""


@dataclass(slots=True)
class Found:
    """What the sources say, and what is wrong with it."""

    values: dict[tuple[str, str], str] = field(default_factory=dict)
    origins: dict[tuple[str, str], str] = field(default_factory=dict)
    faults: list[ConfigFault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)
    """Options that are there, but could not be read."""
    protocol: str = DEFAULT_PROTOCOL
    dn_file: Path | None = None
    """The signer list, where the file names one (``ssm.cfg``)."""
    listeners: "list[Overlay]" = field(default_factory=list)
    """Of a receiver, the further ones."""

    def put(self, section: str, name: str, value: str, origin: str) -> None:
        """A later source wins."""
        self.values[section, name] = value.strip()
        self.origins[section, name] = origin

    def without_faults(self) -> "Found":
        """The same values, for whoever's faults are not to be told."""
        return Found(self.values, self.origins)

    def fault(self, section: str, name: str, problem: str, *, value: str = "", suggestion: str = "") -> None:
        """One more fault."""
        self.faults.append(ConfigFault(section, name, value, problem, suggestion))
