# SPDX-License-Identifier: Apache-2.0
"""What the repository needs of a dialect: one open connection of its driver, without SQLAlchemy in between."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection, Engine

from ssm.accounting.layouts import Layout
from ssm.errors import SsmError
from ssm.ports.repository import Row

NO_DATABASE = "make it and let our user own it, or mend [database] url"


@dataclass(frozen=True, slots=True)
class Access:
    """Which database, and how."""

    url: str
    """As SQLAlchemy writes them: ``sqlite:////var/lib/ssm/accounting.sqlite``, ``postgresql://user@host/database``."""
    password: str | None = None
    connect_timeout_seconds: float = 10.0
    makes_file: bool = True
    """Whether a database that is a file is made where there is none; who only reads makes nothing."""

    def __repr__(self) -> str:
        return f"Access({self.url!r})"


@dataclass(frozen=True, slots=True)
class Touched:
    """A month of a site in which rows were added or changed."""

    site: str
    month: int


@dataclass(frozen=True, slots=True)
class Upserted:
    """What an upsert did."""

    changed: int
    touched: Sequence[Touched]


class Session(Protocol):
    """One connection. Raises what its driver raises; ``Dialect.trouble`` says what that means."""

    def begin(self) -> None:
        """Begin a transaction that writes."""

    def commit(self) -> None:
        """Make it durable."""

    def rollback(self) -> None:
        """Undo it; also when there is none."""

    def prepare(self, layout: Layout, months: Collection[int]) -> None:
        """Before the transaction: whatever rows of these months need."""

    def upsert(self, layout: Layout, rows: Sequence[Row]) -> Upserted:
        """Rows with different keys, in order: added, or put in the place of what arrived earlier and differs.

        What arrived earlier and is equal becomes that of the later message; it does not count as changed.
        """

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """New rows."""

    def select(self, statement: str, values: Sequence[object]) -> Sequence[tuple[object, ...]]:
        """What a query finds; ``{}`` in the statement stands for each value."""

    def close(self) -> None:
        """Release the connection; never raises."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database."""

    name: str
    title: str
    open_engine: Callable[[Access], Engine]
    """For SQLAlchemy: definitions and reading. RepositoryError when a driver is missing, or the URL is not one."""
    open_session: Callable[[Engine], Session]
    errors: Callable[[], tuple[type[Exception], ...]]
    """What its driver raises."""
    trouble: Callable[[Exception], SsmError]
    """What an error of the driver means for us."""
    begin_upgrade: Callable[[Connection], None]
    """Begin, as the only one to make tables; ends with the connection."""
    is_served: bool = True
    """Whether there is a server, which works while we decode, and somebody who keeps it.

    Where there is none, an empty database is filled with tables without being asked, and transactions are kept short:
    nothing is decoded meanwhile.
    """
