# SPDX-License-Identifier: Apache-2.0
"""Show what a configuration means, and check what it names. Starts nothing, sends nothing, changes nothing.

  ssm config -c /etc/apel/sender.cfg
  ssm config -c /etc/apel/receiver.cfg -d /etc/apel/dns
  ssm config -c /etc/apel/loader.cfg

Prints every option with its value and where that came from, then one line for each check that a start would make.
Exit status: 0 it would start; 78 it would not.
"""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ssm.cli.console import table
from ssm.cli.sources import add_sources, loader_settings, sources
from ssm.errors import EX_CONFIG, SsmError
from ssm.settings.found import Found
from ssm.settings.ini import SECTIONS, read_receiver, read_sender, role_of
from ssm.settings.options import declared

if TYPE_CHECKING:
    from ssm.settings.database import LoaderSettings
    from ssm.settings.sections import ReceiverSettings, SenderSettings

Check = tuple[str, Callable[[], str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    add_sources(parser, "/etc/apel/sender.cfg")
    parser.add_argument("--role", choices=tuple(SECTIONS), help="default: what the file is for")
    parser.add_argument("-d", "--dn-file", type=Path, metavar="FILE", help="check this signer list, too")


def run(arguments: argparse.Namespace) -> int:
    """``ssm config``."""
    role = arguments.role or role_of(arguments.config)
    if role == "sender":
        sender, found = read_sender(sources(arguments))
        show("sender", sender, found)
        checks = sender_checks(sender)
    elif role == "loader":
        loader, found = loader_settings(arguments)
        show("loader", loader, found)
        checks = loader_checks(loader)
    else:
        receiver, found = read_receiver(sources(arguments))
        show("receiver", receiver, found)
        checks = receiver_checks(receiver, arguments.dn_file or found.dn_file)
    for warning in found.warnings:
        print(f"note: {warning}")
    results = [outcome(*check) for check in checks]
    return 0 if all(results) else EX_CONFIG


def show(role: str, settings: "SenderSettings | ReceiverSettings | LoaderSettings", found: Found) -> None:
    """Every option, and where its value came from."""
    rows = []
    for section, kind in SECTIONS[role].items():
        part = getattr(settings, section)
        for one in declared(kind):
            value = "…" if one.option.is_secret and getattr(part, one.name) else text(getattr(part, one.name))
            rows.append((f"[{section}] {one.name}", value, found.origins.get((section, one.name), "default")))
    for overlay in found.listeners if role == "receiver" else ():
        rows.append((f"[receiver.{overlay.name}] protocol", overlay.found.protocol, "the file"))
        for where, name in overlay.own.items():
            value = "…" if name == "passcode" else overlay.found.values[where]
            rows.append((f"[receiver.{overlay.name}] {name}", value, overlay.found.origins[where]))
    table(("option", "value", "from"), rows)
    print()


def text(value: object) -> str:
    """A value for people."""
    if value is None or value == ():
        return "-"
    if isinstance(value, tuple):
        return ", ".join(address(host, port) for host, port in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def address(host: str, port: int | None) -> str:
    """A host with its port, if it has one of its own."""
    if port is None:
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def outcome(what: str, check: Callable[[], str]) -> bool:
    """One line."""
    try:
        print(f"ok    {what}: {check()}")
    except SsmError as error:
        print(f"FAULT {what}: {error}" + (f" → {error.hint}" if error.hint else ""))
        return False
    return True


def sender_checks(settings: "SenderSettings") -> Iterator[Check]:
    """What a sender's start would look at."""
    from ssm.wiring import messaging, transports

    certificates = settings.certificates
    yield "certificate and key", lambda: messaging.describe_signer(certificates.certificate, certificates.key)
    yield "server_cert", lambda: transports.describe_encryption(settings)
    yield "broker", lambda: describe_broker(settings)
    yield "spool", lambda: describe_spool(settings.messaging.path)


def receiver_checks(settings: "ReceiverSettings", dn_file: Path | None) -> Iterator[Check]:
    """What a receiver's start would look at."""
    from ssm.wiring import messaging

    certificates = settings.certificates
    yield "certificate and key", lambda: messaging.describe_signer(certificates.certificate, certificates.key)
    yield "CA directory", lambda: messaging.describe_ca_directory(certificates.capath)
    if dn_file is not None:
        yield "signer list", lambda: messaging.describe_signer_list(dn_file)
    for one in settings.listeners:
        what = f"broker of {one.name}, {one.protocol}" if one.name else "broker"
        yield what, partial(describe_broker, one)
    yield "spool", lambda: describe_spool(settings.messaging.path)


def loader_checks(settings: "LoaderSettings") -> Iterator[Check]:
    """What a loader's start would look at."""
    from ssm.wiring import accounting

    yield "database", lambda: f"{accounting.describe_database(settings)} (not tried)"
    rules = settings.database.publisher_rules_file
    if rules is not None:
        yield "publisher rules", lambda: accounting.describe_rules(rules)
    yield "spool", lambda: describe_spool(settings.messaging.path)


def describe_broker(settings: "SenderSettings | ReceiverSettings") -> str:
    """Where it goes."""
    from ssm.wiring import transports

    return f"{transports.describe(settings)} (not tried)"


def describe_spool(path: Path) -> str:
    """Whether it is there."""
    return f"{path}" if path.is_dir() else f"{path} is not there yet"
