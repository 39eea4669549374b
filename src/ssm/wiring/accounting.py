# SPDX-License-Identifier: Apache-2.0
"""From settings to ready objects for accounting, apart from all others so that a messenger loads no database."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import URL

from ssm.accounting.batches import Intake, LoadLimits
from ssm.accounting.events import Teller
from ssm.accounting.load import LoadRun
from ssm.accounting.publishers import Mode
from ssm.credentials.publisher_file import PublisherFile
from ssm.records.types import RECORD_TYPES
from ssm.repository.database import Database
from ssm.repository.session import Access
from ssm.repository.store import OpenedWhenNeeded
from ssm.settings.database import LoaderSettings
from ssm.spool.incoming import DirqIncoming
from ssm.spool.state import state_folder


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


def open_database(settings: LoaderSettings) -> Database:
    """Which database; nothing is connected yet."""
    database = settings.database
    return Database(Access(settings.url, database.password, database.connect_timeout_seconds))


def existing_database(settings: LoaderSettings) -> Database:
    """The same for who makes none; nothing is connected yet, and then RepositoryError where there is none."""
    database = settings.database
    return Database(Access(settings.url, database.password, database.connect_timeout_seconds, makes_file=False))


@contextmanager
def open_loader(
    settings: LoaderSettings, tell: Teller, *, watch: bool, is_wanted: Callable[[], bool]
) -> Iterator[LoadRun]:
    """What loading needs; the database is first asked for when there is something to store."""
    options = settings.database
    database = open_database(settings)
    limits = LoadLimits(
        batch_rows=options.batch_rows,
        retention_months=options.retention_months,
        patience_seconds=None if watch else options.retry_seconds,
        reads_ahead=database.dialect.is_served,
        follow=watch,
        poll_seconds=options.poll_seconds,
    )
    rules = options.publisher_rules_file
    publishers = None if rules is None else PublisherFile(rules, RECORD_TYPES)
    repository = OpenedWhenNeeded(database.open)
    spool = DirqIncoming(settings.messaging.path, state_folder(settings.messaging.path, settings.messaging.state))
    try:
        intake = Intake(spool, tell, limits, now, Mode(options.publisher_rules), publishers)
        yield LoadRun(intake, repository, tell, limits, is_wanted=is_wanted)
    finally:
        spool.close()
        repository.close()
        database.close()


@contextmanager
def open_tables(settings: LoaderSettings) -> Iterator[Database]:
    """A database whose tables are those of this program; RepositoryError where they are not, or where there is none."""
    database = existing_database(settings)
    try:
        database.require_tables()
        yield database
    finally:
        database.close()


# What `ssm config` says.


def describe_database(settings: LoaderSettings) -> str:
    """Which one, and where, without connecting; RepositoryError where the URL or the driver is not to be used."""
    database = open_database(settings)
    url = database.engine.url
    place = URL.create(database.dialect.name, host=url.host, port=url.port, database=url.database)
    return f"{database.dialect.title}, {place}"


def describe_rules(path: Path) -> str:
    """How many are in it; CredentialError where it has a fault."""
    return f"{path}, {len(PublisherFile(path, RECORD_TYPES).current.by_signer)} signers"
