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
from ssm.settings.found import Sources
from ssm.settings.ini import read_sender
from ssm.settings.options import read_level
from ssm.settings.sections import Broker, Logging, read_hosts

STOMP = "STOMP"
AMS = "AMS"
Brokers = list[tuple[str, int]] | list[str]
"""Host and port of each STOMP broker, or the host of AMS."""


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
    """STOMP or AMS, or the end of the program with a plain word."""
    section = "sender" if cp.has_section("sender") else "receiver"
    protocol = cp.get(section, "protocol", fallback=None)
    if protocol is None:
        log.warning("No option set for 'protocol'. Defaulting to %s.", STOMP)
        return STOMP
    if protocol not in {STOMP, AMS}:
        give_up(log, ConfigError(f"protocol {protocol} is not known to the accounting client; set STOMP or AMS"))
    return protocol


def get_ssm_args(
    protocol: str,
    cp: configparser.ConfigParser,
    log: logging.Logger,
) -> tuple[Brokers, str | None, str]:
    """Brokers, and the project and token of AMS."""
    if protocol == AMS:
        return get_ams_args(cp, log)
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


def get_ams_args(cp: configparser.ConfigParser, log: logging.Logger) -> tuple[list[str], str, str]:
    """The host, the project, and a token or nothing."""
    host, project = (cp.get(*place, fallback="") for place in (("broker", "host"), ("messaging", "ams_project")))
    if not host or not project:
        give_up(log, ConfigError("[broker] host and [messaging] ams_project must be set for AMS"))
    return [host], project, cp.get("messaging", "token", fallback="")


def look_up(cp: configparser.ConfigParser, log: logging.Logger) -> Brokers:
    """What bdii and network lead to."""
    from ssm.wiring.brokers import brokers_now

    try:
        settings, _ = read_sender(Sources(Path("configuration"), parser=cp))
        return brokers_now(settings, LogTeller(log))
    except SsmError as error:
        give_up(log, error)


def run_sender(  # noqa: PLR0917 - the incumbent's signature
    protocol: str,
    brokers: Brokers,
    project: str | None,
    token: str,
    cp: configparser.ConfigParser,
    log: logging.Logger,
) -> None:
    """Send what is in the outgoing spool to these brokers, once."""
    from ssm.programs.send import send

    overrides = [f"broker.host={','.join(map(host_and_port, brokers))}", f"sender.protocol={protocol}"]
    if protocol == AMS:
        overrides += [f"messaging.ams_project={project or ''}", f"messaging.token={token}"]
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


def host_and_port(broker: str | tuple[str, int]) -> str:
    """One broker, as the configuration names it."""
    if isinstance(broker, str):
        return broker
    host, port = broker
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def give_up(log: logging.Logger, error: SsmError) -> NoReturn:
    """Say why, in the log and on the terminal, and end."""
    log.error("SSM failed to complete successfully: %s", error)
    for fault in error.faults if isinstance(error, ConfigError) else ():
        log.error("%s", fault)
    print("SSM failed to complete successfully.  See log file for details.", file=sys.stderr)
    sys.exit(1)
