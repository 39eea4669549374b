# SPDX-License-Identifier: Apache-2.0
"""Forgetting individual records of old months. Summaries stay, and what they were made from is not missed.

A month that waits for being summarised stays as well: forgotten first, its summary would shrink.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, inspect, select, text

from ssm.accounting.layouts import LAYOUTS
from ssm.records.types.cloud import CLOUD
from ssm.repository.database import Database
from ssm.repository.dialects.postgresql import POSTGRESQL
from ssm.repository.schema import DIRTY, RECORDS


@dataclass(slots=True)
class Forgotten:
    """What was done."""

    rows: dict[str, int] = field(default_factory=dict)
    """By table."""
    waiting: list[int] = field(default_factory=list)
    """Months that were left."""


def forget(database: Database, oldest: int) -> Forgotten:
    """Forget what is of a month before this one (YYYYMM); a transaction for each month."""
    done = Forgotten()
    with database.connect() as connection:
        for kind, layout in LAYOUTS.items():
            if layout.is_large:
                forget_kind(connection, kind, oldest, done)
        connection.commit()
    done.waiting = sorted(set(done.waiting))
    return done


def forget_kind(connection: Connection, kind: str, oldest: int, done: Forgotten) -> None:
    """One table."""
    table = RECORDS[kind]
    if kind == CLOUD.name:  # what a machine used in a month is what came to its record of the month before
        oldest = month_before(oldest)
    months = connection.scalars(select(table.c.month).where(table.c.month < oldest).distinct()).all()
    for month in sorted(int(str(month)) for month in months):
        removed = forget_month(connection, kind, month)
        connection.commit()
        if removed:
            done.rows[table.name] = done.rows.get(table.name, 0) + removed
        else:
            done.waiting.append(month)


def forget_month(connection: Connection, kind: str, month: int) -> int:
    """One month of one table, unless it waits; how many rows."""
    table, name = RECORDS[kind], f"{LAYOUTS[kind].name}_{month:06d}"
    is_divided = connection.dialect.name == POSTGRESQL.name and inspect(connection).has_table(name)
    if is_divided:  # nobody adds a row, with its mark, between our look and our end
        connection.execute(text(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"))
    is_marked = select(DIRTY.c.month).where(DIRTY.c.kind == kind, DIRTY.c.month == month).exists()
    removed = connection.execute(delete(table).where(table.c.month == month, ~is_marked)).rowcount
    if is_divided and removed:
        connection.execute(text(f"DROP TABLE {name}"))  # a loader that needs it again makes it again
    return removed


def month_before(month: int) -> int:
    """YYYYMM."""
    return month - 1 if month % 100 > 1 else month - 89
