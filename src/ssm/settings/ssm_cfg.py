# SPDX-License-Identifier: Apache-2.0
"""``ssm.cfg``, the configuration file of SSM 1, read as what it means today (SSM 1, configuration)."""

import re
from collections.abc import Callable
from pathlib import Path

from ssm.settings.found import Found

MARK = "messagedb"
ROLE_SECTIONS = {"sender": "producer", "receiver": "consumer"}
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
STORE = "the messages that SSM 1 keeps there stay as they are, ours are filed in its folder dirq"

Value = Callable[[str], str]


def unless_false(text: str) -> str:
    """A switch that is on whatever is said, but for one word."""
    return "false" if text.strip().lower() == "false" else "true"


def as_it_is(text: str) -> str:
    """The same."""
    return text


# (section, option) -> where it stands today, and how its value is written there. By role where they differ.
SHARED: dict[tuple[str, str], tuple[str, str, Value]] = {
    ("broker", "use-ssl"): ("broker", "use_ssl", unless_false),
    ("broker", "bdii-url"): ("broker", "bdii", as_it_is),
    ("broker", "broker-network"): ("broker", "network", as_it_is),
    ("broker", "username"): ("broker", "login", as_it_is),
    ("broker", "password"): ("broker", "passcode", as_it_is),
    ("certificates", "cadir"): ("certificates", "capath", as_it_is),
    ("certificates", "check-crls"): ("certificates", "check_crls", unless_false),
}
OF_ROLE: dict[str, dict[tuple[str, str], tuple[str, str, Value]]] = {
    "sender": {
        ("messagedb", "path"): ("messaging", "path", lambda path: f"{path}/outgoing"),
        ("producer", "topic"): ("messaging", "destination", as_it_is),
        ("producer", "consumer-dn"): ("messaging", "consumer_dn", as_it_is),
        ("producer", "ack"): ("messaging", "reply_to", as_it_is),
    },
    "receiver": {
        ("messagedb", "path"): ("messaging", "path", lambda path: f"{path}/dirq"),
        ("consumer", "topic"): ("messaging", "destination", as_it_is),
        ("pidfile", "pidfile"): ("daemon", "pidfile", as_it_is),
    },
}
# What has no meaning any more, with a word where there is something to say.
PASSED_OVER = {
    ("broker", "use-pwd"): "",
    ("messagedb", "test"): "",
    ("logging", "log-conf-file"): "[logging] log-conf-file has no effect: see [logging] of this version",
    ("consumer", "read-valid-dns"): "",
    ("producer", "msg-check-time"): "",
    ("pidfile", "pidfile"): "",
}
PATHS = (("messagedb", "path"), ("certificates", "certificate"), ("certificates", "key"), ("certificates", "cadir"))
DEFAULTS = {
    "sender": {("messaging", "path_type"): "ssm1", ("certificates", "check_crls"): "true"},
    "receiver": {},
}


def is_ssm_cfg(found: Found) -> bool:
    """True for a file of SSM 1."""
    return any(section == MARK for section, _ in found.values)


def translate(found: Found, role: str, environment: Callable[[str], str | None]) -> None:
    """Put everything where it stands today; what is left over is unknown, and becomes a fault like any other."""
    expand_paths(found, environment)
    needed = ROLE_SECTIONS[role]
    if not any(section == needed for section, _ in found.values):
        found.fault(needed, "", f"there is no such section, so that this file is for no {role}")
    if unless_false(found.values.get(("broker", "use-pwd"), "false")) == "false":
        for name in ("username", "password"):
            found.values.pop(("broker", name), None)
    signers = found.values.pop(("consumer", "valid-dns"), None)
    found.dn_file = Path(signers).expanduser().absolute() if signers else None
    for (section, name), (new_section, new_name, value) in {**SHARED, **OF_ROLE[role]}.items():
        text = found.values.pop((section, name), None)
        if text is not None:
            found.put(new_section, new_name, value(text), found.origins[section, name])
    drop(found, role)
    for where, text in DEFAULTS[role].items():
        found.values.setdefault(where, text)
    found.values[role, "protocol"] = "SSM1"
    if role == "receiver":
        found.warnings.append(f"[messagedb] path: {STORE}")


def drop(found: Found, role: str) -> None:
    """What means nothing any more, and what is for the other role."""
    for where, warning in PASSED_OVER.items():
        if found.values.pop(where, None) is not None and warning:
            found.warnings.append(warning)
    (other,) = (name for name in OF_ROLE if name != role)
    for where in OF_ROLE[other]:
        found.values.pop(where, None)


def expand_paths(found: Found, environment: Callable[[str], str | None]) -> None:
    """Environment variables in paths, as ever."""
    for where in (*PATHS, ("consumer", "valid-dns"), ("pidfile", "pidfile")):
        if where in found.values:
            missing = [name for name in names_in(found.values[where]) if environment(name) is None]
            if missing:
                found.fault(*where, f"${missing[0]} is not set in the environment", value=found.values[where])
            found.values[where] = VARIABLE.sub(
                lambda match: environment(match[1] or match[2]) or match[0], found.values[where]
            )


def names_in(text: str) -> list[str]:
    """The variables that a text names."""
    return [braced or plain for braced, plain in VARIABLE.findall(text)]
