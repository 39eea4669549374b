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

    def put(self, section: str, name: str, value: str, origin: str) -> None:
        """A later source wins."""
        self.values[section, name] = value.strip()
        self.origins[section, name] = origin

    def fault(self, section: str, name: str, problem: str, *, value: str = "", suggestion: str = "") -> None:
        """One more fault."""
        self.faults.append(ConfigFault(section, name, value, problem, suggestion))
