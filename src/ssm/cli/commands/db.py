# SPDX-License-Identifier: Apache-2.0
"""The database: which version its tables have, bring them up to date, forget what is older than retention_months.

  ssm db status -c /etc/apel/loader.cfg
  ssm db upgrade -c /etc/apel/loader.cfg
  ssm db purge -c /etc/apel/loader.cfg

purge forgets individual records only, no summaries; months that wait for being summarised stay.

Exit status: 0 done, or up to date; 1 status: there is something to do; 75 the database is away; 78 configuration,
login, no database, or tables of a newer version.
"""

import argparse
import time

from ssm.cli.sources import add_sources, loader_settings
from ssm.errors import ConfigError
from ssm.settings.database import LoaderSettings

ACTIONS = ("status", "upgrade", "purge")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    add_sources(parser, "/etc/apel/loader.cfg")


def run(arguments: argparse.Namespace) -> int:
    """``ssm db``."""
    settings, _ = loader_settings(arguments)
    match arguments.action:
        case "status":
            return status(settings)
        case "upgrade":
            return upgrade(settings)
        case _:
            return purge(settings)


def status(settings: LoaderSettings) -> int:
    """Which version, of which."""
    from ssm.repository.versions import HEAD, REVISIONS, UPGRADE, require_current
    from ssm.wiring.accounting import existing_database

    database = existing_database(settings)
    found = database.revision()
    print(f"{database.dialect.title}: tables {'none' if found is None else found}, this program {HEAD}")
    if found == HEAD:
        return 0
    if found is not None and found not in REVISIONS:
        require_current(found)
    print(UPGRADE)
    return 1


def upgrade(settings: LoaderSettings) -> int:
    """Bring it up to date."""
    from ssm.repository.versions import HEAD
    from ssm.wiring.accounting import open_database

    database = open_database(settings)
    before = database.upgrade()
    done = "were up to date" if before == HEAD else "are up to date now"
    print(f"{database.dialect.title}: tables {done}, at {HEAD}")
    return 0


def purge(settings: LoaderSettings) -> int:
    """Forget what is old."""
    from ssm.accounting.batches import oldest_month
    from ssm.repository.retention import forget
    from ssm.wiring.accounting import open_tables

    months = settings.database.retention_months
    if not months:
        raise ConfigError("[database] retention_months is 0: everything is kept")
    with open_tables(settings) as database:
        forgotten = forget(database, oldest_month(int(time.time()), months))
    for table, count in forgotten.rows.items():
        print(f"{table}: {count} rows forgotten")
    for month in forgotten.waiting:
        print(f"{month}: kept, it waits for being summarised")
    return 0
