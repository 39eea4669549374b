# SPDX-License-Identifier: Apache-2.0
"""Names that the accounting client imports: a thin shim over our own programs, with the incumbent's conventions.

Each takes a ``ConfigParser`` that the caller has read, and ends the program with status 1 when it cannot go on.
"""

import configparser
import logging
import sys
from pathlib import Path
from typing import NoReturn

from ssm.errors import ConfigError, SsmError
from ssm.logs import LINE, LogTeller, set_up
from ssm.settings.ini import Sources, read_sender
from ssm.settings.options import read_level
from ssm.settings.sections import Broker, Logging, read_hosts

STOMP = "STOMP"
Brokers = list[tuple[str, int]]


def logging_helper(cp: configparser.ConfigParser, log_manual_path: str = "") -> None:  # noqa: ARG001 - has no effect any more
    """Set the root logger up after [logging]."""
    try:
        settings = Logging(
            logfile=Path(cp.get("logging", "logfile")),
            level=read_level(cp.get("logging", "level")),
            console=cp.getboolean("logging", "console"),
        )
        set_up(settings, "sender")
    except (configparser.Error, ValueError, OSError) as error:
        print(f"Error configuring logging: {error}\nThe system will exit.", file=sys.stderr)
        sys.exit(1)


def get_protocol(cp: configparser.ConfigParser, log: logging.Logger) -> str:
    """STOMP, or the end of the program with a plain word."""
    section = "sender" if cp.has_section("sender") else "receiver"
    protocol = cp.get(section, "protocol", fallback=None)
    if protocol is None:
        log.warning("No option set for 'protocol'. Defaulting to %s.", STOMP)
        return STOMP
    if protocol != STOMP:
        give_up(log, ConfigError(f"protocol {protocol} is not spoken by this version; set STOMP and a STOMP broker"))
    return protocol


def get_ssm_args(
    protocol: str,  # noqa: ARG001 - STOMP is all there is
    cp: configparser.ConfigParser,
    log: logging.Logger,
) -> tuple[Brokers, None, str]:
    """Brokers, and an empty project and token."""
    if not cp.get("broker", "host", fallback=""):
        return look_up(cp, log), None, ""
    try:
        port = cp.getint("broker", "port", fallback=None)
        broker = Broker(host=read_hosts(cp.get("broker", "host", fallback="")), port=port)
    except ValueError as error:
        give_up(log, ConfigError(f"[broker] host {error}"))
    if any(own is None for _, own in broker.host) and broker.port is None:
        give_up(log, ConfigError("[broker] port must be set"))
    return list(broker.addresses()), None, ""


def look_up(cp: configparser.ConfigParser, log: logging.Logger) -> Brokers:
    """What bdii and network lead to."""
    from ssm.broker_sources import brokers_now

    try:
        settings, _ = read_sender(Sources(Path("configuration"), parser=cp))
        return brokers_now(settings, LogTeller(log))
    except SsmError as error:
        give_up(log, error)


def run_sender(  # noqa: PLR0917 - the incumbent's signature
    protocol: str,
    brokers: Brokers,
    project: None,  # noqa: ARG001 - of AMS
    token: str,  # noqa: ARG001 - of AMS
    cp: configparser.ConfigParser,
    log: logging.Logger,
) -> None:
    """Send what is in the outgoing spool to these brokers, once."""
    from ssm.programs.send import send

    hosts = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in brokers)
    overrides = (f"broker.host={hosts}", f"sender.protocol={protocol}")
    try:
        settings, found = read_sender(Sources(Path("configuration"), overrides=overrides, parser=cp))
        for warning in found.warnings:
            log.warning("%s", warning)
        report = send(settings, LogTeller(log), watch=False)
    except SsmError as error:
        give_up(log, error)
    finally:
        log.info("SSM has shut down.")
        log.info(LINE)
    if report is not None and (report.refused or report.set_aside):
        sys.exit(1)


def give_up(log: logging.Logger, error: SsmError) -> NoReturn:
    """Say why, in the log and on the terminal, and end."""
    log.error("SSM failed to complete successfully: %s", error)
    for fault in error.faults if isinstance(error, ConfigError) else ():
        log.error("%s", fault)
    print("SSM failed to complete successfully.  See log file for details.", file=sys.stderr)
    sys.exit(1)
