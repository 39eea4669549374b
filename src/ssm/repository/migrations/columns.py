# SPDX-License-Identifier: Apache-2.0
"""Words in which migrations are written. What they mean never changes: old migrations say it, too."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.sql.schema import SchemaItem

COLLATION = "utf8mb4_nopad_bin"
OPTIONS = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"), ("collate", COLLATION))
}


def make(name: str, *items: SchemaItem, divided_by: str = "") -> None:
    """A table, divided by a column on databases that can."""
    divided = {"postgresql_partition_by": f"LIST ({divided_by})"} if divided_by else {}
    op.create_table(name, *items, if_not_exists=True, **OPTIONS, **divided)


def text(name: str, length: int, *, null: bool = True) -> "sa.Column[str]":
    """A text of at most so many characters."""
    return sa.Column(name, sa.String(length), nullable=null)


def long_text(name: str) -> "sa.Column[str]":
    """A text of any length."""
    return sa.Column(name, sa.Text())


def small(name: str, *, null: bool = True) -> "sa.Column[int]":
    """A whole number of 32 bits."""
    return sa.Column(name, sa.Integer(), nullable=null, autoincrement=False)


def whole(name: str, *, null: bool = True) -> "sa.Column[int]":
    """A whole number of 64 bits."""
    return sa.Column(name, sa.BigInteger(), nullable=null, autoincrement=False)


def number(name: str) -> "sa.Column[float]":
    """A number with a fraction."""
    return sa.Column(name, sa.Double())


def digest(name: str, octets: int, *, null: bool = True) -> "sa.Column[bytes]":
    """A fixed number of octets."""
    kind = sa.LargeBinary(octets).with_variant(mysql.BINARY(octets), "mysql", "mariadb")
    return sa.Column(name, kind, nullable=null)


def add(table: str, column: "sa.Column[int]") -> None:
    """A further column, unless an upgrade that was cut off has added it."""
    if column.name not in {one["name"] for one in sa.inspect(op.get_bind()).get_columns(table)}:
        op.add_column(table, column)
