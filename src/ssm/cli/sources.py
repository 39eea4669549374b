# SPDX-License-Identifier: Apache-2.0
"""Options that commands with a configuration file share."""

import argparse
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from ssm.errors import ConfigError, SsmError
from ssm.logs import LogTeller, set_up
from ssm.settings.database import LoaderSettings
from ssm.settings.found import Found, Sources
from ssm.settings.loader import read_loader
from ssm.settings.sections import Logging


def add_sources(parser: argparse.ArgumentParser, default: str) -> None:
    """Where settings come from."""
    parser.add_argument(
        "-c", "--config", type=Path, default=Path(default), metavar="FILE", help=f"configuration (default: {default})"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="SECTION.OPTION=VALUE", help="set one option besides the file"
    )


def sources(arguments: argparse.Namespace) -> Sources:
    """File, environment, command line."""
    return Sources(arguments.config, os.environ, tuple(arguments.set))


def loader_settings(arguments: argparse.Namespace) -> tuple[LoaderSettings, Found]:
    """Of a command that opens the database; ConfigError where what opens it is not installed, or with every fault."""
    for name in ("sqlalchemy", "alembic"):
        if find_spec(name) is None:
            message = f"a database needs the package {name}, which is not installed"
            raise ConfigError(message, hint="pip install 'secure-stomp-messenger[accounting]'")
    return read_loader(sources(arguments))


@contextmanager
def telling_errors(tell: LogTeller) -> Iterator[None]:
    """What ends a program is in its log, too."""
    try:
        yield
    except SsmError as error:
        hint = f" ({error.hint})" if error.hint else ""
        tell.logger.error("SSM failed to complete successfully: %s%s", error, hint)  # noqa: TRY400 - expected, no trace
        raise
    except Exception:
        tell.logger.exception("SSM failed to complete successfully: this is a bug, please report it.")
        raise


def open_log(settings: Logging, role: str, found: Found, *, for_long: bool = True) -> LogTeller:
    """Set logging up, and say what the configuration made us wonder about."""
    try:
        teller = set_up(settings, role, for_long=for_long)
    except OSError as error:
        raise ConfigError(
            f"the log file {settings.logfile} cannot be written: {error.strerror}", hint="see [logging] logfile"
        ) from error
    for warning in found.warnings:
        logging.getLogger("ssm.settings").warning("%s", warning)
    return teller
