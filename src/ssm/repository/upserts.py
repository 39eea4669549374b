# SPDX-License-Identifier: Apache-2.0
"""Statements that dialects share, written once for each table."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter

from ssm.accounting.layouts import AGAIN, MESSAGE, Layout
from ssm.ports.repository import Row
from ssm.repository.session import Touched

SITE_AT, MONTH_AT = 0, 1
"""Where they stand in every row."""


def quoted(names: Iterable[str], quote: str = '"') -> str:
    """Names of columns; some are words of SQL."""
    return ", ".join(f"{quote}{name}{quote}" for name in names)


def on_conflict(layout: Layout) -> str:
    """As SQLite and PostgreSQL write it: the later message stays, and only where a value differs."""
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in (*layout.values, MESSAGE))
    changes += said_again(layout)
    return f'ON CONFLICT ({quoted(layout.key)}) DO UPDATE SET {changes} WHERE excluded."{MESSAGE}" >= kept."{MESSAGE}"'


def said_again(layout: Layout) -> str:
    """A further assignment, to a row that was there: it is not what one message has added."""
    return f", {AGAIN} = 1" if layout.is_added_to else ""


def by_month(rows: Sequence[Row]) -> Iterator[tuple[Touched, list[Row]]]:
    """Rows in order of their keys, by site and month."""
    for (site, month), group in groupby(rows, key=itemgetter(SITE_AT, MONTH_AT)):
        assert isinstance(site, str) and isinstance(month, int), "the key begins with them"
        yield Touched(site, month), list(group)
