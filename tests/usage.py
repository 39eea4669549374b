# SPDX-License-Identifier: Apache-2.0
"""A database with sums in it, as ssm summarise leaves them, for tests of what is made from sums."""

from collections.abc import Iterable, Mapping

from sqlalchemy import insert

from ssm.repository.database import Database
from ssm.repository.schema import SUMMARIES
from ssm.repository.session import Access

JOBS, STORAGE, CLOUDS, SOURCES = "super_summaries", "storage_super_summaries", "cloud_super_summaries", "sources"
Row = dict[str, object]


def jobs_row(number: int, site: str, month: int, **values: object) -> Row:
    """One row of jobs: ten of them on eight cores, with a benchmark of ten."""
    given = {
        "site": site, "month": month, "number": number, "source": "job",
        "global_user_name": "/DC=org/DC=example/CN=A User",
        "vo": "demo", "vo_group": "/demo", "vo_role": None, "submit_host": f"ce1.{site.lower()}.example.org",
        "infrastructure": "grid", "service_level_type": "HEPscore23", "service_level": 10.0, "node_count": 1,
        "processors": 8,
        "wall_duration": 36_000, "cpu_duration": 230_400, "core_wall_duration": 288_000,
        "normalised_wall_duration": 360_000, "normalised_cpu_duration": 2_304_000,
        "normalised_core_wall_duration": 2_880_000, "number_of_jobs": 10,
    } | values  # fmt: skip
    return filled(JOBS, given)


def space_row(number: int, site: str, month: int, **values: object) -> Row:
    """One row of storage: a terabyte on disk."""
    given = {
        "site": site, "month": month, "number": number, "storage_system": "se.example.org", "storage_media": "disk",
        "group": "demo", "measured_seconds": 86_400, "resource_capacity_used": 10**12,
        "logical_capacity_used": 9 * 10**11,
        "resource_capacity_allocated": 2 * 10**12, "file_count": 1000, "number_of_records": 1,
    } | values  # fmt: skip
    return filled(STORAGE, given)


def machines_row(number: int, site: str, month: int, **values: object) -> Row:
    """One row of clouds: three machines, for an hour each."""
    given = {
        "site": site, "month": month, "number": number, "source": "cloud", "vo": "demo", "number_of_vms": 3,
        "wall_duration": 10_800, "cpu_duration": 21_600,
    } | values  # fmt: skip
    return filled(CLOUDS, given)


def source_row(site: str, month: int, **values: object) -> Row:
    """Summaries of jobs that came as jobs, too."""
    given = {
        "site": site, "month": month, "number": 0, "usage": "job", "part": "ce1", "infrastructure": "grid",
        "source": "summary", "count": 12, "is_counted": 0,
    } | values  # fmt: skip
    return filled(SOURCES, given)


def filled(table: str, values: Row) -> Row:
    """Every column, None where nothing is said."""
    names = {column.name for column in SUMMARIES[table].columns}
    assert set(values) <= names | {"number"}, set(values) - names
    return {name: values.get(name) for name in names}


def fill(access: Access, rows: Mapping[str, Iterable[Row]]) -> None:
    """Make the tables, and put rows in."""
    database = Database(access)
    database.upgrade()
    with database.connect() as connection:
        for table, some in rows.items():
            connection.execute(insert(SUMMARIES[table]), [dict(one) for one in some])
        connection.commit()
    database.close()
