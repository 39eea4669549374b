# SPDX-License-Identifier: Apache-2.0
"""Load accepted messages from incoming into the database, each counted once.

Messages that cannot be loaded go to reject, with all their faults beside them. While the database is away, nothing
leaves incoming. Several loaders may work on one spool, and on one database.

  ssm load -c /etc/apel/loader.cfg
  ssm load --watch -c /etc/apel/loader.cfg

Without [database] url the records go to accounting.sqlite in the spool's folder.

Exit status: 0 nothing is left, or SIGTERM; 74 the spool is damaged; 75 the database was away for too long;
78 configuration, login, or tables of another version.
"""

import argparse

from ssm.cli.sources import add_sources, loader_settings, open_log, telling_errors
from ssm.programs.load import help_loading, load

DEFAULT = "/etc/apel/loader.cfg"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_sources(parser, DEFAULT)
    parser.add_argument("--watch", action="store_true", help="wait for further messages, until told to stop")
    parser.add_argument("--helps", type=int, default=None, help=argparse.SUPPRESS)


def run(arguments: argparse.Namespace) -> int:
    """``ssm load``."""
    settings, found = loader_settings(arguments)
    tell = open_log(settings.logging, "loader", found, for_long=arguments.watch)
    with telling_errors(tell):
        if arguments.helps is not None:
            help_loading(settings, tell, arguments.helps, watch=arguments.watch)
        else:
            load(settings, tell, helper_words(arguments), watch=arguments.watch)
    return 0


def helper_words(arguments: argparse.Namespace) -> list[str]:
    """How a helper is started: with the same configuration."""
    words = ["load", "-c", str(arguments.config), *(["--watch"] if arguments.watch else [])]
    for one in arguments.set:
        words += ["--set", one]
    return words
