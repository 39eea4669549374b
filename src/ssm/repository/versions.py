# SPDX-License-Identifier: Apache-2.0
"""Which version the tables must have, without loading what makes them: a test compares this with the migrations."""

from sqlalchemy import Connection, inspect, text

from ssm.errors import RepositoryError

REVISIONS = ("0001", "0002", "0003", "0004")
"""Oldest first."""
HEAD = REVISIONS[-1]
TABLE = "alembic_version"
UPGRADE = "run: ssm db upgrade"


def revision_of(connection: Connection) -> str | None:
    """Of the tables that are there; None where there are none."""
    if not inspect(connection).has_table(TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {TABLE}")).scalar()  # noqa: S608 - a constant


def require_current(found: str | None) -> None:
    """RepositoryError, in words, where the tables are not those of this program."""
    if found == HEAD:
        return
    if found is None:
        raise RepositoryError("the database has no tables of ours", hint=UPGRADE)
    if found in REVISIONS:
        raise RepositoryError(f"the tables have the older version {found}; this program needs {HEAD}", hint=UPGRADE)
    raise RepositoryError(
        f"the tables have version {found[:40]!r}, which this program, at {HEAD}, does not know",
        hint="a newer program has upgraded them: use that one",
    )
