# SPDX-License-Identifier: Apache-2.0
"""What may be published, and what was: the repository as whoever publishes sees it.

Promises of every implementation:

* what is read of a site is one state of the database;
* ``intend`` and ``settle`` are durable when they return, and all or nothing;
* RepositoryUnavailableError: the same may be tried again. RepositoryError and CredentialError: not before somebody
  has done something.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ssm.ports.repository import Row


@dataclass(frozen=True, slots=True)
class Window:
    """From when to when."""

    first_month: int = 0
    """YYYYMM."""
    last_month: int = 999_912
    begin: int | None = None
    """Individual records that ended from then on, seconds since 1970; None: of these months."""
    end: int | None = None
    """And before then."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A record that went out, or may have gone out."""

    kind: str
    """Type of the record."""
    site: str
    month: int
    digest: bytes
    """Of what a receiver tells it from others by."""
    submit_host: str | None
    count: int | None
    """Jobs or machines in it; None while it is not certain that it went out."""
    record: str
    """What it is told from others by, as JSON."""


class Publications(Protocol):
    """A database that is open for publishing."""

    def sites(self, table: str, window: Window) -> Sequence[str]:
        """Sites that have something in a table, in order."""

    def rows(self, table: str, site: str, window: Window) -> Iterator[Sequence[Row]]:
        """Of a table, some at a time, in the order of their keys; columns as they are declared."""

    def published(self, target: str, kinds: Sequence[str], site: str, window: Window) -> Sequence[Publication]:
        """What went out, or may have."""

    def published_sites(self, target: str, kinds: Sequence[str], window: Window) -> Sequence[str]:
        """Of which sites."""

    def heard(self) -> Mapping[str, int]:
        """When the signers who speak for a site last sent a sync record, by site, seconds since 1970."""

    def intend(self, target: str, publications: Sequence[Publication]) -> None:
        """These may go out from now on; those that are known keep their counts."""

    def settle(self, target: str, sent: Sequence[Publication], gone: Sequence[Publication]) -> None:
        """These went out, with their counts; and those were taken back."""
