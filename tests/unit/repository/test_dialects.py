# SPDX-License-Identifier: Apache-2.0
"""What an error of a driver means, and which database a URL names."""

import sqlite3
import sys
from pathlib import Path

import psycopg
import pymysql
import pytest

from ssm.errors import CredentialError, RepositoryError, RepositoryUnavailableError, SsmError, UnstorableError
from ssm.repository.database import Database
from ssm.repository.dialects import DIALECTS, dialect_of
from ssm.repository.session import Access
from ssm.repository.versions import HEAD, REVISIONS, require_current

PG = psycopg.errors


def disk_error(name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("dialect", "error", "meaning"),
    [
        ("sqlite", disk_error("SQLITE_FULL"), RepositoryUnavailableError),
        ("sqlite", disk_error("SQLITE_BUSY"), RepositoryUnavailableError),
        ("sqlite", disk_error("SQLITE_READONLY"), RepositoryError),
        ("sqlite", disk_error("SQLITE_CORRUPT_INDEX"), RepositoryError),
        ("sqlite", sqlite3.DataError("too big"), UnstorableError),
        ("sqlite", sqlite3.ProgrammingError("no such column"), RepositoryError),
        ("sqlite", OSError(28, "No space left on device", "x"), RepositoryUnavailableError),
        ("postgresql", PG.DeadlockDetected(), RepositoryUnavailableError),
        ("postgresql", PG.DiskFull(), RepositoryUnavailableError),
        ("postgresql", PG.TooManyConnections(), RepositoryUnavailableError),
        ("postgresql", PG.AdminShutdown(), RepositoryUnavailableError),
        ("postgresql", PG.UniqueViolation(), RepositoryUnavailableError),
        ("postgresql", PG.CheckViolation("no partition of relation found"), RepositoryUnavailableError),
        ("postgresql", PG.CheckViolation("new row violates"), UnstorableError),
        ("postgresql", PG.NotNullViolation(), UnstorableError),
        ("postgresql", PG.CharacterNotInRepertoire(), UnstorableError),
        ("postgresql", PG.InvalidPassword(), CredentialError),
        ("postgresql", PG.InsufficientPrivilege(), RepositoryError),
        ("postgresql", PG.UndefinedColumn(), RepositoryError),
        ("postgresql", psycopg.OperationalError("server closed the connection"), RepositoryUnavailableError),
        ("postgresql", psycopg.OperationalError('FATAL:  no pg_hba.conf entry for host "::1"'), CredentialError),
        ("postgresql", psycopg.OperationalError('FATAL:  database "x" does not exist'), RepositoryError),
        ("mariadb", pymysql.OperationalError(1049, "Unknown database 'x'"), RepositoryError),
        ("mariadb", pymysql.OperationalError(2006, "server has gone away"), RepositoryUnavailableError),
        ("mariadb", pymysql.OperationalError(1213, "deadlock"), RepositoryUnavailableError),
        ("mariadb", pymysql.OperationalError(1021, "disk full"), RepositoryUnavailableError),
        ("mariadb", pymysql.OperationalError(1045, "access denied"), CredentialError),
        ("mariadb", pymysql.IntegrityError(1062, "duplicate"), RepositoryUnavailableError),
        ("mariadb", pymysql.IntegrityError(1048, "null"), UnstorableError),
        ("mariadb", pymysql.DataError(1406, "too long"), UnstorableError),
        ("mariadb", pymysql.ProgrammingError(1146, "no such table"), RepositoryError),
        ("mariadb", pymysql.InterfaceError(0, ""), RepositoryUnavailableError),
        ("mariadb", ConnectionResetError(104, "reset"), RepositoryUnavailableError),
    ],
)
def test_errors_of_drivers_mean_what_is_to_be_done(dialect: str, error: Exception, meaning: type[SsmError]) -> None:
    assert isinstance(error, DIALECTS[dialect].errors())
    found = DIALECTS[dialect].trouble(error)
    assert type(found) is meaning
    assert str(found)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("sqlite:////x", "sqlite"),
        ("postgresql://u@h/d", "postgresql"),
        ("postgres://u@h/d", "postgresql"),
        ("postgresql+psycopg://u@h/d", "postgresql"),
        ("mariadb://u@h/d", "mariadb"),
        ("mysql://u@h/d", "mariadb"),
    ],
)
def test_a_url_names_its_database(url: str, name: str) -> None:
    assert dialect_of(url).name == name


@pytest.mark.parametrize("url", ["", "x", "oracle://h/d", "://"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(RepositoryError):
        dialect_of(url)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_sqlite_needs_a_file(url: str) -> None:
    with pytest.raises(RepositoryError, match="must name a file"):
        Database(Access(url))


def test_a_password_is_never_shown() -> None:
    access = Access("postgresql://u@h/d", "s3cret")
    database = Database(access)
    assert "s3cret" not in f"{access!r}{access}{database.engine!r}{database.engine.url}"


def test_a_file_is_made_for_us_only(tmp_path: Path) -> None:
    database = Database(Access(f"sqlite:///{tmp_path}/deep/er/a.sqlite"))
    assert not (tmp_path / "deep").exists()
    database.open().close()
    database.close()
    for path in (tmp_path / "deep").rglob("*"):
        assert path.stat().st_mode & 0o007 == 0


@pytest.mark.parametrize(
    ("found", "said"), [(None, "no tables"), (REVISIONS[0], "older"), ("zz" * 100, "does not know")]
)
def test_other_versions_are_refused_in_words(found: str | None, said: str) -> None:
    with pytest.raises(RepositoryError, match=said) as caught:
        require_current(found)
    assert len(str(caught.value)) < 200
    require_current(HEAD)


@pytest.mark.parametrize(("driver", "url"), [("psycopg", "postgresql://u@h/d"), ("pymysql", "mariadb://u@h/d")])
def test_a_driver_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, driver: str, url: str) -> None:
    """As in an installation without the extra."""
    monkeypatch.setitem(sys.modules, driver, None)
    with pytest.raises(RepositoryError, match="not installed") as caught:
        Database(Access(url))
    assert "pip install" in caught.value.hint
