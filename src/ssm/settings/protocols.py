# SPDX-License-Identifier: Apache-2.0
"""The protocols that ``[sender]`` and ``[receiver]`` may name, and what each needs to be told."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ssm.settings.nearest import nearest
from ssm.settings.sections import OLD_CIPHERS

DEFAULT_PROTOCOL = "STOMP"
AMS_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
SLASH_DN = re.compile(r"/[^/=]+=.+")
Place = tuple[str, str]
"""Section and option."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What the options' own declarations do not say."""

    has_port: bool = True
    """Each broker needs a port, of its own or for all."""
    has_look_up: bool = True
    """Its brokers may be looked up."""
    required: Sequence[Place] = ()
    """Options that must be set although other protocols do without."""
    names: Mapping[Place, "re.Pattern[str]"] = field(default_factory=dict)
    """Options whose values must look like this."""
    names_are: str = ""
    """What such a value must be, in words."""
    no_effect: Mapping[Place, tuple[Sequence[str], str]] = field(default_factory=dict)
    """Options that do nothing: values that deserve no word, and the word that others get."""
    of_a_sender: tuple[str, ...] = ()
    """Options of [messaging] that have a default, and must be set all the same."""
    ciphers: tuple[str, ...] = ()
    """Values of ``cipher`` that are for this protocol only."""


TRUE = ("true", "yes", "on", "1")
FALSE = ("false", "no", "off", "0")
PROTOCOLS: Mapping[str, Needs] = {
    "STOMP": Needs(),
    "AMS": Needs(
        has_port=False,
        has_look_up=False,
        required=[("messaging", "ams_project")],
        names={("messaging", "ams_project"): AMS_NAME, ("messaging", "destination"): AMS_NAME},
        names_are="must be the short name of something of AMS: letters, digits, _ and -",
        no_effect={
            ("broker", "port"): (("443",), "the port of AMS is 443, or stands behind its host"),
            ("broker", "use_ssl"): (TRUE, "AMS is always over TLS"),
            ("broker", "verify_broker"): (TRUE, "with AMS the certificate is always verified, see ams_trust"),
            ("broker", "login"): ((), "AMS knows us by certificate or token"),
            ("broker", "passcode"): ((), "AMS knows us by certificate or token"),
        },
    ),
    "SSM1": Needs(
        of_a_sender=("consumer_dn",),
        names={("messaging", "consumer_dn"): SLASH_DN},
        names_are="must be a DN in slash form, such as /C=UK/O=eScience/CN=host.example.org",
        ciphers=OLD_CIPHERS,
        no_effect={
            ("certificates", "server_cert"): (
                (),
                "the certificate of consumer_dn comes over the wire",
            ),
            ("certificates", "verify_server_cert"): (TRUE, "with SSM 1 the consumer's certificate is always verified"),
            ("certificates", "oaep"): (FALSE, "consumers of SSM 1 do not read it"),
            ("messaging", "window"): (("1",), "SSM 1 sends one message after the other"),
        },
    ),
}
MUST_BE = f"must be {' or '.join(PROTOCOLS)}"


def nearest_protocol(name: str) -> str:
    """The one that may have been meant; the usual one where the name is like none."""
    return nearest(name.upper(), PROTOCOLS, DEFAULT_PROTOCOL)
