# SPDX-License-Identifier: Apache-2.0
"""From an INI file, the environment and the command line to settings, or to every fault at once.

Later sources win: file, then ``SSM_SET_SECTION_OPTION`` in the environment, then ``--set section.option=value``.
"""

import configparser
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ssm.errors import ConfigError, ConfigFault
from ssm.settings import legacy
from ssm.settings.database import Database, LoaderMessaging
from ssm.settings.options import Declared, declared
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

S = TypeVar("S")

ROLES = ("sender", "receiver")
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


@dataclass(frozen=True, slots=True)
class Sources:
    """Where settings come from."""

    file: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    overrides: Sequence[str] = ()
    """Each ``section.option=value``."""
    parser: configparser.ConfigParser | None = None
    """A file that somebody has read already."""


@dataclass(slots=True)
class Found:
    """What the sources say, and what is wrong with it."""

    values: dict[tuple[str, str], str] = field(default_factory=dict)
    origins: dict[tuple[str, str], str] = field(default_factory=dict)
    faults: list[ConfigFault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    broken: set[tuple[str, str]] = field(default_factory=set)
    """Options that are there, but could not be read."""

    def put(self, section: str, name: str, value: str, origin: str) -> None:
        """A later source wins."""
        self.values[section, name] = value.strip()
        self.origins[section, name] = origin

    def fault(self, section: str, name: str, problem: str, *, value: str = "", suggestion: str = "") -> None:
        """One more fault."""
        self.faults.append(ConfigFault(section, name, value, problem, suggestion))


def read_sender(sources: Sources) -> tuple[SenderSettings, Found]:
    """Settings of a sender; ConfigError with every fault."""
    found = gather(sources, "sender")
    broker = section(found, "broker", Broker)
    certificates = section(found, "certificates", SenderCertificates)
    messaging = section(found, "messaging", SenderMessaging)
    logging = section(found, "logging", Logging)
    finish(sources, found, "sender")
    assert broker and certificates and messaging and logging
    return SenderSettings(broker=broker, certificates=certificates, messaging=messaging, logging=logging), found


def read_receiver(sources: Sources) -> tuple[ReceiverSettings, Found]:
    """Settings of a receiver; ConfigError with every fault."""
    found = gather(sources, "receiver")
    broker = section(found, "broker", Broker)
    certificates = section(found, "certificates", Certificates)
    messaging = section(found, "messaging", ReceiverMessaging)
    logging = section(found, "logging", Logging)
    daemon = section(found, "daemon", Daemon)
    finish(sources, found, "receiver")
    assert broker and certificates and messaging and logging and daemon
    settings = ReceiverSettings(
        broker=broker, certificates=certificates, messaging=messaging, logging=logging, daemon=daemon
    )
    return settings, found


def role_of(file: Path) -> str:
    """Which role a file is for: [sender] wins where both stand, as it always did."""
    parser = parse(file, Found())
    if parser.has_section("receiver") and not parser.has_section("sender"):
        return "receiver"
    if not parser.has_section("sender") and parser.has_section("daemon"):
        return "receiver"
    return "sender"


def gather(sources: Sources, role: str) -> Found:
    """Everything that is said, known names only."""
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
        section_name, dot, key = path.partition(".")
        if equals and dot:
            found.put(section_name.strip(), key.strip(), value, "--set")
        else:
            found.fault("", "--set", "must be section.option=value", value=override)
    modernise(found)
    if role in ROLES:
        check_protocol(found, role)
    check_names(found)
    return found


def parse(file: Path, found: Found) -> configparser.ConfigParser:
    """The file, as configparser reads it."""
    parser = configparser.ConfigParser()
    try:
        with file.open(encoding="utf-8-sig") as stream:
            parser.read_file(stream)
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {file}", hint="name the configuration with -c FILE") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
    except (configparser.Error, UnicodeDecodeError) as error:
        # Not its own words: they may quote a line that holds a secret.
        found.fault("", "", trouble(error))
        raise ConfigError(f"{file} is not a configuration file", faults=found.faults) from None
    return parser


def trouble(error: configparser.Error | UnicodeDecodeError) -> str:
    """Where a file is broken, without quoting it."""
    match error:
        case configparser.MissingSectionHeaderError():
            return f"line {error.lineno} stands before the first [section]"
        case configparser.ParsingError():
            return f"line {error.errors[0][0]} is neither a [section] nor an option: value"
        case configparser.DuplicateOptionError():
            return f"line {error.lineno}: [{error.section}] {error.option} stands twice"
        case configparser.DuplicateSectionError():
            return f"line {error.lineno}: [{error.section}] stands twice"
        case UnicodeDecodeError():
            return "it is not UTF-8 text"
        case _:
            return "it cannot be read as an INI file"


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
    has_host = bool(found.values.get(("broker", "host")))
    asked = [name for name in legacy.LOOK_UP if found.values.get(name)]
    if asked and not has_host:
        found.fault(
            "broker",
            asked[0][1],
            "this version does not look brokers up; name one with host and port",
            value=found.values[asked[0]],
        )
        found.values["broker", "host"] = "look-up.invalid:1"  # the one fault is enough
    for (section_name, old), why in legacy.IGNORED.items():
        if found.values.pop((section_name, old), None) is not None and why:
            found.warnings.append(f"[{section_name}] {old} has no effect: {why}")


def check_protocol(found: Found, role: str) -> None:
    """STOMP, or a plain word about what else is asked for. A file may name it under the other role only."""
    said = {name: found.values.pop((name, "protocol"), None) for name in ROLES}
    name = role if said[role] is not None else next((one for one in ROLES if said[one] is not None), role)
    protocol = said[name]
    if protocol is None:
        found.warnings.append(f"no [{role}] protocol is set; assuming STOMP")
    elif protocol == "AMS":
        problem = "this version speaks STOMP only; set STOMP, and a STOMP broker in host and port"
        found.fault(name, "protocol", problem, value="AMS")
    elif protocol != "STOMP":
        found.fault(name, "protocol", "must be STOMP", value=protocol, suggestion="STOMP")


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
            nearest = next(iter(difflib.get_close_matches(section_name, known, 1)), "")
            found.fault(section_name, key, "there is no such section", suggestion=nearest)
        elif key not in known[section_name]:
            nearest = next(iter(difflib.get_close_matches(key, sorted(known[section_name]), 1)), "")
            found.fault(section_name, key, "there is no such option", suggestion=nearest)


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
    return "…" if one.option.is_secret else text[:200]


def finish(sources: Sources, found: Found, role: str) -> None:
    """What no single option shows; then raise if there is any fault."""
    hosts = found.values.get(("broker", "host"), "")
    if hosts and not found.values.get(("broker", "port")) and not any(one.section == "broker" for one in found.faults):
        broker = section(found, "broker", Broker)
        if broker is not None and any(port is None for _, port in broker.host):
            found.fault("broker", "port", "must be set, or stand behind each host")
    if found.faults:
        count = len(found.faults)
        message = f"{sources.file} has {count} fault{'s' if count > 1 else ''} for a {role}"
        raise ConfigError(message, faults=found.faults)
