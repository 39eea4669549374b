# SPDX-License-Identifier: Apache-2.0
"""Which signer may publish what, for which sites: rules by DN, with patterns.

A signature says who speaks, not for whom. Rules are tried out before they bite: ``report`` tells what ``enforce``
would refuse.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol

ANYBODY = "*"


class Mode(StrEnum):
    """What becomes of records that no rule permits."""

    OFF = "off"
    REPORT = "report"
    """They are loaded, and it is told."""
    ENFORCE = "enforce"
    """Their message is refused."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one signer may publish."""

    sites: tuple[str, ...]
    """Patterns as of a shell: ``UKI-*``."""
    types: frozenset[str]
    """Names of types of records; empty: all."""

    def permits(self, site: str, kind: str) -> bool:
        """Letter for letter, as names of sites are compared everywhere."""
        return (not self.types or kind in self.types) and any(fnmatchcase(site, one) for one in self.sites)


@dataclass(frozen=True, slots=True)
class Rules:
    """By DN; those of anybody count for everybody."""

    by_signer: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)

    def permits(self, signer: str | None, site: str, kind: str) -> bool:
        """Whether any rule does."""
        rules = (*self.by_signer.get(signer or "", ()), *self.by_signer.get(ANYBODY, ()))
        return any(one.permits(site, kind) for one in rules)

    def forbidden(self, signer: str | None, sites: Collection[str], kind: str) -> list[str]:
        """The sites for which this signer may not publish."""
        return sorted(site for site in sites if not self.permits(signer, site, kind))


class Publishers(Protocol):
    """The rules as they are now."""

    def rules(self) -> Rules:
        """Read again when they change; a broken new file never replaces a good old one."""
        ...
