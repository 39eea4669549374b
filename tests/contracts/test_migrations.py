# SPDX-License-Identifier: Apache-2.0
"""Declarations and migrations agree, on each database; an upgrade may be cut off or run twice at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from ssm.errors import RepositoryError
from ssm.repository.database import MIGRATIONS, Database, migrate
from ssm.repository.schema import RECORDS, metadata
from ssm.repository.session import Access
from ssm.repository.versions import HEAD, REVISIONS
from tests.accounting import MAY_2024, jobs
from tests.books import Books

OPTIONS = {"compare_type": True, "compare_server_default": True, "target_metadata": metadata}


def test_the_versions_that_are_known_are_those_of_the_migrations() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    assert [one.revision for one in scripts.walk_revisions()][::-1] == list(REVISIONS)
    assert scripts.get_current_head() == HEAD


def test_migrations_make_exactly_what_is_declared(access: Access) -> None:
    database = Database(access)
    assert database.upgrade() is None
    with database.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), metadata)
        assert differences == []
        found = inspect(connection)
        for table in metadata.tables.values():
            assert found.get_pk_constraint(table.name)["constrained_columns"] == list(table.primary_key.columns.keys())
    assert database.revision() == HEAD
    database.close()


def test_a_declaration_without_its_migration_is_noticed(access: Access) -> None:
    database = Database(access)
    database.upgrade()
    with database.connect() as connection:
        connection.execute(text("ALTER TABLE sync_records DROP COLUMN number_of_jobs"))
        connection.execute(text("DROP INDEX sync_records_by_month" + on(access, "sync_records")))
        connection.commit()
        differences = compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), metadata)
    database.close()
    assert sorted(str(one[0]) for one in differences) == ["add_column", "add_index"]


def on(access: Access, table: str) -> str:
    """MariaDB's indexes belong to tables."""
    return f" ON {table}" if access.url.startswith("mariadb") else ""


def test_an_upgrade_from_each_older_version_ends_at_the_newest(access: Access) -> None:
    database = Database(access)
    for revision in REVISIONS[:-1]:
        with database.connect() as connection:
            database.dialect.begin_upgrade(connection)
            migrate(connection, revision)
            connection.commit()
        assert database.revision() == revision
        with pytest.raises(RepositoryError, match="older version") as caught:
            database.open()
        assert "ssm db upgrade" in caught.value.hint
    assert database.upgrade() == REVISIONS[-2]
    assert database.revision() == HEAD
    database.close()


JOB_OF_BEFORE = (
    "INSERT INTO job_records (site, month, local_job_id, end_time, infrastructure, wall_duration, cpu_duration, "
    f"message) VALUES ('EXAMPLE-T2', 202405, 'before', {MAY_2024}, 'grid', 3600, 3600, 7)"
)
MARK_OF_BEFORE = "INSERT INTO dirty (site, month, kind, message) VALUES ('EXAMPLE-T2', 202405, 'job', 7)"


def test_what_was_stored_and_marked_before_an_upgrade_is_added_up_after_it(access: Access) -> None:
    database = Database(access)
    with database.connect() as connection:
        database.dialect.begin_upgrade(connection)
        migrate(connection, "0003")
        connection.commit()
    with database.connect() as connection:
        if access.url.startswith("postgresql"):
            connection.execute(text("CREATE TABLE job_records_202405 PARTITION OF job_records FOR VALUES IN (202405)"))
        for statement in (JOB_OF_BEFORE, MARK_OF_BEFORE):
            connection.execute(text(statement))
        connection.commit()
    database.close()
    books = Books(access)
    books.put(jobs([1]))
    books.summarise()
    books.put(jobs([2]))
    books.summarise()
    assert books.sums("number_of_jobs") == [(3,)]
    assert books.job_sums() == books.job_sums_made_anew()
    books.close()


def test_many_may_upgrade_at_once(access: Access) -> None:
    def upgrade(_: int) -> None:
        database = Database(access)
        database.upgrade()
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, range(4)))
    database = Database(access)
    assert database.revision() == HEAD
    database.close()


def test_an_upgrade_that_was_cut_off_is_begun_again(access: Access) -> None:
    database = Database(access)
    with database.connect() as connection:
        database.dialect.begin_upgrade(connection)
        RECORDS["job"].create(connection)  # as a database leaves it whose definitions commit one by one
        connection.commit()
    database.upgrade()
    with database.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), metadata)
    database.close()
    assert differences == []


def test_tables_of_a_newer_program_are_refused_and_left_alone(access: Access) -> None:
    database = Database(access)
    database.upgrade()
    with database.connect() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()
    for attempt in (database.open, database.upgrade):
        with pytest.raises(RepositoryError, match="9999"):
            attempt()
    assert database.revision() == "9999"
    database.close()
