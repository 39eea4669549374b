# SPDX-License-Identifier: Apache-2.0
"""The catalogue of log events of accounting, as that of ``ssm.messenger.events``."""

import logging
from enum import Enum
from typing import Protocol

from ssm.ports.telling import Kind


class LoadEvent(Enum):
    """Every event there is."""

    LOADED = Kind(
        "loaded",
        logging.INFO,
        "Loaded message {message_id} of {signer}: {records} {kind} records, from {element}.",
        "Its records are in the database, and it has left incoming.",
    )
    LOADED_BEFORE = Kind(
        "loaded-before",
        logging.INFO,
        "Message {message_id} in {element} had been loaded before; only taken out of incoming.",
        "A loader or the machine ended between the database and the spool.",
    )
    STORED = Kind(
        "stored",
        logging.INFO,
        "Stored {messages} messages in one transaction: {rows} rows, {changed} of them new or changed.",
        "A transaction is durable.",
    )
    NOT_LOADED = Kind(
        "not-loaded",
        logging.WARNING,
        "Message {message_id} of {signer} refused: {reason}. It is in reject as {element}, with all its faults.",
        "Its records cannot be taken as they are; nothing of it is in the database.",
    )
    TEXTS_CUT = Kind(
        "texts-cut",
        logging.WARNING,
        "Message {message_id}: {count} texts were longer than their columns, and were cut.",
        "What tells records apart is never cut: such a message is refused.",
    )
    FOREIGN_SITE = Kind(
        "foreign-site",
        logging.WARNING,
        "{signer} publishes {kind} records of site {site}, which no rule permits; publisher_rules {mode} them.",
        "Said once a run for each signer, site and type of records.",
    )
    DATABASE_UNAVAILABLE = Kind(
        "database-unavailable",
        logging.ERROR,
        "The database is in the way: {cause}. Nothing leaves incoming meanwhile; trying again in {retry_in} s.",
        "Down, full or busy; goes on by itself when it can.",
    )
    SPOOL_IN_THE_WAY = Kind(
        "spool-in-the-way",
        logging.ERROR,
        "The spool is in the way: {cause}. Trying again in {retry_in} s.",
        "Disk full or broken; goes on by itself when it can.",
    )
    GIVEN_BACK = Kind(
        "given-back",
        logging.WARNING,
        "Gave back {count} elements that a dead loader had claimed.",
        "They are loaded again, each alone: who ends the loader three times is refused.",
    )
    NO_MESSAGE = Kind(
        "no-message",
        logging.WARNING,
        "Incoming has {count} files or folders that are no messages, as {element}; they are left there. A message is a "
        "folder with the file body, under a name as dirq gives it: make each one, or take it away.",
        "Said once a run, and again where there are more. See how to load records that came another way.",
    )
    HELPER_GONE = Kind(
        "helper-gone",
        logging.WARNING,
        "A helper is gone: {cause}. Another one takes its place in {retry_in} s.",
        "What it had in hand is given back and loaded. The pause grows while helpers do not live long.",
    )
    LOAD_FINISHED = Kind(
        "load-finished",
        logging.INFO,
        "Loading has finished: {loaded} messages loaded with {records} records, {refused} refused.",
        "A loader has done what it could.",
    )


class Teller(Protocol):
    """How a workflow tells an event; never raises."""

    def __call__(self, event: LoadEvent, *, message_id: str | None = None, **facts: str | float | None) -> None:
        """One line, with the message's id first."""
        ...
