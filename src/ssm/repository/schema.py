# SPDX-License-Identifier: Apache-2.0
"""The tables, for SQLAlchemy: one for each type of records, derived from its layout; messages; dirty months.

No table is made from here: ``migrations`` does, and a test compares both on every database.
"""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import TypeAlias, TypeVar, cast

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.types import TypeEngine

from ssm.accounting import layouts
from ssm.accounting.layouts import LAYOUTS, Form, Layout
from ssm.accounting.summary_tables import SUMMARY_TABLES, SummaryTable

DIGEST_OCTETS = 16
MESSAGE_DIGEST_OCTETS = 32
ELEMENT_LENGTH = 64
DN_LENGTH = 1024
KIND_LENGTH = 50
COLLATION = "utf8mb4_nopad_bin"  # texts are equal when they are the same, as in the other databases
T = TypeVar("T")
Record: TypeAlias = "Table[ReadOnlyColumnCollection[str, Column[object]]]"
metadata = MetaData()


def new_table(name: str, *items: SchemaItem, divided_by: str = "") -> Record:
    """A table with what MariaDB needs to be told; divided on databases that can."""
    return Table(
        name,
        metadata,
        *items,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mysql_collate=COLLATION,
        mariadb_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate=COLLATION,
        postgresql_partition_by=f"LIST ({divided_by})" if divided_by else None,
    )


def digest_type(octets: int) -> TypeEngine[bytes]:
    """Octets of a fixed number."""
    return LargeBinary(octets).with_variant(mysql.BINARY(octets), "mysql", "mariadb")


def sql_column(column: layouts.Column, key: Collection[str]) -> Column[object]:
    """One column, as it is held."""
    held: Mapping[Form, Callable[[], TypeEngine[object]]] = {
        Form.TEXT: lambda: anything(String(column.length)),
        Form.LONG_TEXT: lambda: anything(Text()),
        Form.SMALL: lambda: anything(Integer()),
        Form.WHOLE: lambda: anything(BigInteger()),
        Form.NUMBER: lambda: anything(Double()),
        Form.DIGEST: lambda: anything(digest_type(DIGEST_OCTETS)),
    }
    is_key = column.name in key
    return Column(
        column.name, held[column.form](), nullable=column.is_nullable, primary_key=is_key, autoincrement=False
    )


def anything(kind: TypeEngine[T]) -> TypeEngine[object]:
    """A type among others."""
    return cast("TypeEngine[object]", kind)


def table_of(layout: Layout) -> Record:
    """One table; divided by month where there is much."""
    items: list[SchemaItem] = [sql_column(one, layout.key) for one in layout.columns]
    if layout.is_added_to:
        items.append(Column(layouts.AGAIN, Integer()))
        items.append(Index(f"{layout.name}_by_message", layouts.MONTH, layouts.SITE, layouts.MESSAGE))
    else:
        items.append(Index(f"{layout.name}_by_month", layouts.MONTH, layouts.SITE))
    return new_table(
        layout.name,
        *items,
        divided_by=layouts.MONTH if layout.is_large else "",
    )


RECORDS: Mapping[str, Record] = MappingProxyType({name: table_of(one) for name, one in LAYOUTS.items()})
"""By the name of the type of records."""

MESSAGES = new_table(
    "messages",
    Column("id", BigInteger(), primary_key=True, autoincrement=False),
    Column("digest", digest_type(MESSAGE_DIGEST_OCTETS), nullable=False),
    Column("element", String(ELEMENT_LENGTH), nullable=False),
    Column("signer", String(DN_LENGTH)),
    Column("message_id", String(layouts.TEXT_LENGTH)),
    Column("received", BigInteger(), nullable=False),
    Column("loaded", BigInteger(), nullable=False),
    Column("kind", String(KIND_LENGTH), nullable=False),
    Column("records", Integer(), nullable=False),
    Index("messages_by_digest", "digest", "element", unique=True),
    Index("messages_by_message_id", "message_id"),
)
"""Each message that was loaded; the id sorts by arrival."""

DIRTY = new_table(
    "dirty",
    Column("site", String(layouts.TEXT_LENGTH), primary_key=True),
    Column("month", Integer(), primary_key=True, autoincrement=False),
    Column("kind", String(KIND_LENGTH), primary_key=True),
    Column("message", BigInteger(), primary_key=True, autoincrement=False),
    Column("records", Integer()),
)
"""Months of sites in which something has changed, with each message that may have done so and how many records it has
there: rows are only added by loaders, and only removed, by their whole key, by whoever has summarised them in the same
transaction. Where nobody says how many, the month is made anew."""


def summary_table_of(table: SummaryTable) -> Record:
    """One table of sums."""
    columns = (sql_column(one, table.key) for one in table.columns)
    return new_table(table.name, *columns, Index(f"{table.name}_by_month", layouts.MONTH, layouts.SITE))


SUMMARIES: Mapping[str, Record] = MappingProxyType(
    {name: summary_table_of(one) for name, one in SUMMARY_TABLES.items()}
)
"""Tables of sums, by their names."""
