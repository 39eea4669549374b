# SPDX-License-Identifier: Apache-2.0
"""Receive messages, verify them, and file them below the spool's folder, until told to stop.

Runs in the foreground; SIGTERM finishes what is in hand. Tells systemd when it is ready (Type=notify).
Accepted messages go to incoming, those that can never pass to reject with their reason, and those that cannot be
judged for a reason on our side to deferred, from where they are judged again by themselves.

  ssm receive -c /etc/apel/receiver.cfg -d /etc/apel/dns

Exit status: 0 after SIGTERM; 74 the spool is damaged; 78 configuration or credentials.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from ssm.cli.sources import add_sources, open_log, sources, telling_errors
from ssm.errors import ConfigError
from ssm.logs import LINE
from ssm.messenger.events import Event
from ssm.programs.receive import daemonise, pidfile_written, receive
from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver

DEFAULT = "/etc/apel/receiver.cfg"
DEFAULT_DN_FILE = "/etc/apel/dns"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_sources(parser, DEFAULT)
    parser.add_argument(
        "-d",
        "--dn-file",
        "--dn_file",
        type=Path,
        metavar="FILE",
        help=f"the signer list, one DN a line (default: valid-dns of an ssm.cfg, else {DEFAULT_DN_FILE})",
    )


def run(arguments: argparse.Namespace) -> int:
    """``ssm receive``."""
    settings, found = read_receiver(sources(arguments))
    tell = open_log(settings.logging, "receiver", found)
    with telling_errors(tell):
        receive(settings, arguments.dn_file or found.dn_file or Path(DEFAULT_DN_FILE), tell)
    return 0


def run_incumbent(config: Path, dn_file: Path | None) -> int:
    """``ssmreceive``: in the background, with a pid file."""
    settings, found = read_receiver(Sources(config, os.environ))
    dn_file = (dn_file or found.dn_file or Path(DEFAULT_DN_FILE)).absolute()
    pidfile = settings.daemon.pidfile
    if pidfile is None:
        raise ConfigError("[daemon] pidfile must be set for ssmreceive", hint="or use: ssm receive, in the foreground")
    if settings.logging.logfile is None:
        hint = "in the background a log without a file goes nowhere; or use: ssm receive, in the foreground"
        raise ConfigError("[logging] logfile must be set for ssmreceive", hint=hint)
    if os.path.lexists(pidfile):  # also a link that leads nowhere yet
        raise ConfigError(
            f"A pidfile {pidfile} already exists.",
            hint="another receiver may be running; if none is, remove the file",
        )
    from ssm.wiring.messaging import open_signer, open_signer_list

    # What is certainly wrong is said on the terminal, before we leave it.
    open_signer(settings.certificates.certificate, settings.certificates.key)
    open_signer_list(dn_file)
    tell = open_log(settings.logging, "receiver", found)
    sys.stderr.flush()
    if not daemonise():
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # until the receiver listens itself
    tell.logger.info(LINE)
    tell.logger.info("Starting receiving SSM.")
    try:
        with pidfile_written(pidfile, tell):
            receive(settings, dn_file, tell)
    except BaseException:
        tell.logger.exception("The receiver ends.")
        raise
    finally:
        tell(Event.SHUT_DOWN)
        tell.logger.info(LINE)
    return 1  # stopped by a signal, as ever
