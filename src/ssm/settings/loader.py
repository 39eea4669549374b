# SPDX-License-Identifier: Apache-2.0
"""The settings of a loader, from the same sources as all others."""

from ssm.settings.database import Database, LoaderMessaging, LoaderSettings
from ssm.settings.found import Found, Sources
from ssm.settings.ini import finish, gather, section
from ssm.settings.sections import Logging


def read_loader(sources: Sources) -> tuple[LoaderSettings, Found]:
    """Settings of a loader; ConfigError with every fault."""
    found = gather(sources, "loader")
    messaging = section(found, "messaging", LoaderMessaging)
    database = section(found, "database", Database)
    logging = section(found, "logging", Logging)
    if database is not None and database.publisher_rules != "off" and database.publisher_rules_file is None:
        found.fault(
            "database", "publisher_rules_file", f"must be set, as publisher_rules is {database.publisher_rules}"
        )
    finish(sources, found, "loader")
    assert messaging and database and logging
    return LoaderSettings(messaging=messaging, database=database, logging=logging), found
