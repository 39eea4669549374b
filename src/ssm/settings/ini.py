# SPDX-License-Identifier: Apache-2.0
"""From an INI file, the environment and the command line to settings, or to every fault at once.

Later sources win: file, then ``SSM_SET_SECTION_OPTION`` in the environment, then ``--set section.option=value``.
"""

import configparser
import re
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ssm.errors import ConfigError
from ssm.settings import legacy
from ssm.settings.database import Database, LoaderMessaging
from ssm.settings.file import parse
from ssm.settings.found import Found, Overlay, Sources
from ssm.settings.listeners import complete, hand_over, take_overlays
from ssm.settings.nearest import nearest
from ssm.settings.needs import check_apart, check_listener, check_needs
from ssm.settings.options import Declared, declared
from ssm.settings.protocols import DEFAULT_PROTOCOL, MUST_BE, PROTOCOLS, nearest_protocol
from ssm.settings.sections import (
    Broker,
    Certificates,
    Daemon,
    Logging,
    ReceiverMessaging,
    ReceiverSettings,
    SenderCertificates,
    SenderMessaging,
    SenderSettings,
)
from ssm.settings.ssm_cfg import is_ssm_cfg, translate

S = TypeVar("S")

ROLES = ("sender", "receiver")
OF_MESSENGERS = {*ROLES, "producer", "consumer", "daemon", "broker", "certificates"}
OF_LOADERS = {"loader", "database", "messaging"}
SECTIONS: dict[str, dict[str, type]] = {
    "sender": {
        "broker": Broker,
        "certificates": SenderCertificates,
        "messaging": SenderMessaging,
        "logging": Logging,
    },
    "receiver": {
        "broker": Broker,
        "certificates": Certificates,
        "messaging": ReceiverMessaging,
        "logging": Logging,
        "daemon": Daemon,
    },
    "loader": {
        "messaging": LoaderMessaging,
        "database": Database,
        "logging": Logging,
    },
}
PREFIX = "SSM_SET_"


def read_sender(sources: Sources) -> tuple[SenderSettings, Found]:
    """Settings of a sender; ConfigError with every fault."""
    found = gather(sources, "sender")
    broker = section(found, "broker", Broker)
    certificates = section(found, "certificates", SenderCertificates)
    messaging = section(found, "messaging", SenderMessaging)
    logging = section(found, "logging", Logging)
    finish(sources, found, "sender")
    assert broker and certificates and messaging and logging
    settings = SenderSettings(
        protocol=found.protocol, broker=broker, certificates=certificates, messaging=messaging, logging=logging
    )
    return settings, found


def read_receiver(sources: Sources) -> tuple[ReceiverSettings, Found]:
    """Settings of a receiver and of its further listeners; ConfigError with every fault."""
    found = gather(sources, "receiver")
    overlays = found.listeners
    main = receiver_of(found)
    others = tuple(one for one in [listener_of(overlay, found) for overlay in overlays] if one is not None)
    check_apart([*([] if main is None else [main]), *others], found)
    finish(sources, found, "receiver")
    assert main is not None
    return replace(main, others=others), found


def listener_of(overlay: Overlay, found: Found) -> ReceiverSettings | None:
    """One listener; its faults are noted."""
    complete(overlay, found)
    settings = receiver_of(overlay.found)
    check_brokers(overlay.found)
    hand_over(overlay, found)
    check_listener(overlay, found)
    return None if settings is None else replace(settings, name=overlay.name)


def receiver_of(found: Found) -> ReceiverSettings | None:
    """Every section; None where one has faults."""
    broker = section(found, "broker", Broker)
    certificates = section(found, "certificates", Certificates)
    messaging = section(found, "messaging", ReceiverMessaging)
    logging = section(found, "logging", Logging)
    daemon = section(found, "daemon", Daemon)
    if not (broker and certificates and messaging and logging and daemon):
        return None
    return ReceiverSettings(
        protocol=found.protocol,
        broker=broker,
        certificates=certificates,
        messaging=messaging,
        logging=logging,
        daemon=daemon,
    )


def role_of(file: Path) -> str:
    """Which role a file is for: [sender] wins where both stand, as it always did."""
    parser = parse(file, Found())
    if not OF_MESSENGERS & {*parser.sections()} and OF_LOADERS & {*parser.sections()}:
        return "loader"
    if parser.has_section("consumer") and not parser.has_section("producer"):
        return "receiver"
    if parser.has_section("receiver") and not parser.has_section("sender"):
        return "receiver"
    if not parser.has_section("sender") and parser.has_section("daemon"):
        return "receiver"
    return "sender"


def gather(sources: Sources, role: str) -> Found:
    """Everything that is said, known names only."""
    found = collect(sources)
    if is_ssm_cfg(found):
        translate(found, role, sources.environment.get)
    modernise(found)
    overlays = list(take_overlays(found if role == "receiver" else found.without_faults()))
    found.listeners = overlays if role == "receiver" else []
    if role in ROLES:
        check_protocol(found, role)
    check_names(found)
    return found


def collect(sources: Sources) -> Found:
    """What stands in each source; later ones win."""
    found = Found()
    parser = sources.parser or parse(sources.file, found)
    for name in parser.sections():
        for key, value in items(parser, name, found):
            found.put(name, key, value, str(sources.file))
    for variable, value in sources.environment.items():
        section_name, _, key = variable.removeprefix(PREFIX).lower().partition("_")
        if variable.startswith(PREFIX):
            found.put(section_name, key, value, f"environment {variable}")
    for override in sources.overrides:
        path, equals, value = override.partition("=")
        section_name, dot, key = path.rpartition(".")
        if equals and dot:
            found.put(section_name.strip(), key.strip(), value, "--set")
        else:
            found.fault("", "--set", "must be section.option=value", value=override)
    return found


def items(parser: configparser.ConfigParser, name: str, found: Found) -> list[tuple[str, str]]:
    """Options of a section; values whose interpolation fails are faults. What [DEFAULT] lends is not an option."""
    pairs = []
    lent = parser.defaults().keys() - known_sections().get(name, set())
    for key in parser.options(name):
        if key in lent:
            continue
        try:
            pairs.append((key, parser.get(name, key)))
        except configparser.InterpolationError:
            found.fault(name, key, "its %(…)s cannot be filled in (a percent sign is written %%)")
            found.broken.add((name, key))
    return pairs


def modernise(found: Found) -> None:
    """Old names become new ones; what has no meaning any more goes, with a word about it."""
    for (section_name, old), new in legacy.RENAMED.items():
        value = found.values.pop((section_name, old), None)
        if value is not None:
            found.warnings.append(f"[{section_name}] {old} is now called {new}")
            if (section_name, new) not in found.values:
                found.put(section_name, new, value, found.origins[section_name, old])
    for (section_name, old), why in legacy.IGNORED.items():
        if found.values.pop((section_name, old), None) is not None and why:
            found.warnings.append(f"[{section_name}] {old} has no effect: {why}")


def check_protocol(found: Found, role: str) -> None:
    """One that is known, or a plain word about what else is asked for. A file may name it under the other role only."""
    if role not in ROLES:
        return
    said = {name: found.values.pop((name, "protocol"), None) for name in ROLES}
    name = role if said[role] is not None else next((one for one in ROLES if said[one] is not None), role)
    protocol = said[name]
    if protocol is None:
        found.warnings.append(f"no [{role}] protocol is set; assuming {DEFAULT_PROTOCOL}")
    elif protocol in PROTOCOLS:
        found.protocol = protocol
    else:
        found.fault(name, "protocol", MUST_BE, value=protocol, suggestion=nearest_protocol(protocol))


def known_sections() -> dict[str, set[str]]:
    """Names of all options of both roles: one file may serve both."""
    known: dict[str, set[str]] = {name: {"protocol"} for name in ROLES}
    for sections in SECTIONS.values():
        for name, kind in sections.items():
            known.setdefault(name, set()).update(one.name for one in declared(kind))
    return known


def check_names(found: Found) -> None:
    """A misspelt option is a fault, with the nearest name."""
    known = known_sections()
    for section_name, key in list(found.values):
        if section_name not in known:
            found.fault(section_name, key, "there is no such section", suggestion=nearest(section_name, known))
        elif key not in known[section_name]:
            meant = nearest(key, sorted(known[section_name]))
            found.fault(section_name, key, "there is no such option", suggestion=meant)


def section(found: Found, name: str, kind: type[S]) -> S | None:
    """One section as a value; None when it has faults, which are noted."""
    values: dict[str, object] = {}
    before = len(found.faults)
    is_whole = True
    for one in declared(kind):
        text = found.values.get((name, one.name))
        if text is None:
            if (name, one.name) in found.broken:
                is_whole = False
            elif one.is_required:
                found.fault(name, one.name, "must be set")
            continue
        if text == "" and not one.is_required:
            continue
        try:
            values[one.name] = one.option.reader.read(text)
        except ValueError as error:
            found.fault(name, one.name, str(error), value=shown(one, text))
    return kind(**values) if is_whole and len(found.faults) == before else None


def shown(one: Declared, text: str) -> str:
    """A value as people may see it."""
    return "…" if one.option.is_secret else re.sub(r"//[^/\s]*@", "//…@", text[:200])


def finish(sources: Sources, found: Found, role: str) -> None:
    """What no single option shows; then raise if there is any fault."""
    if role in ROLES:
        check_brokers(found)
        check_needs(found, role)
    if found.faults:
        count = len(found.faults)
        message = f"{sources.file} has {count} fault{'s' if count > 1 else ''} for a {role}"
        raise ConfigError(message, faults=found.faults)


def check_brokers(found: Found) -> None:
    """Brokers are named, or looked up; what is named wins."""
    names = ("host", "port", "bdii", "network")
    said = {name for name in names if found.values.get(("broker", name)) or ("broker", name) in found.broken}
    if "host" in said:
        has_faults = any(one.section == "broker" for one in found.faults)
        if PROTOCOLS[found.protocol].has_port and "port" not in said and not has_faults:
            broker = section(found, "broker", Broker)
            if broker is not None and any(port is None for _, port in broker.host):
                found.fault("broker", "port", "must be set, or stand behind each host")
        found.warnings += [
            f"[broker] {name} has no effect: brokers are not looked up, host names them"
            for name in ("bdii", "network")
            if name in said
        ]
    elif not PROTOCOLS[found.protocol].has_look_up:
        found.fault("broker", "host", "must be set")
    elif not said & {"bdii", "network"}:
        found.fault("broker", "host", "must be set; or bdii and network, to look brokers up")
    else:
        for name in ("bdii", "network"):
            if name not in said:
                found.fault("broker", name, "must be set, too, for brokers to be looked up")
