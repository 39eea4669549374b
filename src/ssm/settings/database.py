# SPDX-License-Identifier: Apache-2.0
"""The options of a loader and of whoever else opens the database."""

import re
from dataclasses import dataclass
from pathlib import Path

from ssm.settings.options import (
    OPTIONAL_PATH,
    OPTIONAL_TEXT,
    PATH,
    Reader,
    choice,
    integer,
    option,
    read_text,
    seconds,
)
from ssm.settings.sections import Logging

DATABASE_FILE = "accounting.sqlite"
WITH_PASSWORD = re.compile(r"[a-z+]+://[^/@]*:[^@]*@")


def read_url(text: str) -> str:
    """A database; the password stands elsewhere, so that the URL may be shown."""
    if "://" not in read_text(text):
        raise ValueError("must be a URL, such as postgresql://user@host/database")
    if WITH_PASSWORD.match(text) or "password=" in text:
        raise ValueError("must not hold the password; set password besides")
    return text


URL = Reader("sqlite:////PATH, postgresql://USER@HOST/NAME or mariadb://USER@HOST/NAME", read_url)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderMessaging:
    """[messaging] of a loader: as of the receiver, whose boxes it empties."""

    path: Path = option(PATH, "The spool's folder; incoming and reject are below it.")
    state: Path | None = option(
        OPTIONAL_PATH, "Folder for markers and claims instead of .ssm in the spool, as the receiver has it.", None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """[database]: where records go, and which."""

    url: str | None = option(
        URL,
        f"The database; without it {DATABASE_FILE} in the spool's folder, which needs no set-up.",
        None,
        secret=True,
    )
    password: str | None = option(OPTIONAL_TEXT, "Password of the user in url.", None, secret=True)
    connect_timeout_seconds: float = option(seconds(1, 600), "Longest wait for a connection.", 10.0)
    retry_seconds: float = option(
        seconds(0, 86400), "How long a loader that runs once goes on without a database before it gives up.", 60.0
    )
    loaders: int = option(integer(1, 64), "Processes that share the work of one loader, where there is much.", 2)
    batch_rows: int = option(integer(1, 1_000_000), "Rows that share a transaction; messages are not divided.", 5000)
    poll_seconds: float = option(seconds(0.05, 3600), "How often a loader that watches looks for messages.", 1.0)
    retention_months: int = option(
        integer(0, 1200), "How many months individual records are kept, and older ones taken; 0: for ever.", 0
    )
    publisher_rules: str = option(
        choice("off", "report", "enforce"), "What becomes of records that publisher_rules_file does not permit.", "off"
    )
    publisher_rules_file: Path | None = option(
        OPTIONAL_PATH, "Which signer may publish what, for which sites: a section for each DN.", None
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoaderSettings:
    """Everything a loader is told."""

    messaging: LoaderMessaging
    database: Database
    logging: Logging

    @property
    def url(self) -> str:
        """Of the database."""
        return self.database.url or f"sqlite:///{self.messaging.path / DATABASE_FILE}"
