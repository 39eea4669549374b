# SPDX-License-Identifier: Apache-2.0
"""A database: which version its tables have, bringing them up to date, and opening it for loading or reading."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from ssm.errors import RepositoryError, RepositoryUnavailableError
from ssm.repository.dialects import dialect_of
from ssm.repository.session import Access, Dialect
from ssm.repository.store import SqlRepository
from ssm.repository.versions import HEAD, REVISIONS, require_current, revision_of

MIGRATIONS = Path(__file__).parent / "migrations"


class Database:
    """One database. Nothing is connected before it is asked for."""

    def __init__(self, access: Access) -> None:
        self.dialect: Dialect = dialect_of(access.url)
        self.engine: Engine = self.dialect.open_engine(access)

    @contextlib.contextmanager
    def connect(self) -> Iterator[Connection]:
        """For SQLAlchemy; whatever its driver raises becomes one of our errors."""
        with self.errors(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """What the driver raises becomes one of our errors."""
        try:
            yield
        except DBAPIError as error:
            if isinstance(error.orig, Exception):
                raise self.dialect.trouble(error.orig) from error
            raise RepositoryUnavailableError(str(error)) from error
        except self.dialect.errors() as error:
            raise self.dialect.trouble(error) from error

    def revision(self) -> str | None:
        """Of the tables; None where there are none."""
        with self.connect() as connection:
            return revision_of(connection)

    def upgrade(self) -> str | None:
        """Bring the tables up to date, alone; the version they had. RepositoryError where they are newer than us."""
        with self.connect() as connection:
            self.dialect.begin_upgrade(connection)
            before = revision_of(connection)
            if before is not None and before not in REVISIONS:
                require_current(before)
            if before != HEAD:
                migrate(connection, HEAD)
            connection.commit()
            return before

    def require_tables(self) -> None:
        """RepositoryError where there is no database, or its tables are not those of this program."""
        require_current(self.revision())

    def open(self) -> SqlRepository:
        """For loading; RepositoryError where the tables are not those of this program."""
        found = self.revision()
        if found is None and not self.dialect.is_served:
            self.upgrade()
            found = self.revision()
        require_current(found)
        return SqlRepository(self.engine, self.dialect)

    def close(self) -> None:
        """Nothing is connected any more."""
        self.engine.dispose()


def migrate(connection: Connection, revision: str) -> None:
    """Run the migrations up to one of them, over a connection whose transaction is begun."""
    try:
        from alembic import command
        from alembic.config import Config
    except ImportError as error:
        raise RepositoryError(
            "Alembic is not installed", hint="pip install 'secure-stomp-messenger[accounting]'"
        ) from error
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
