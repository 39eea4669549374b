# SPDX-License-Identifier: Apache-2.0
"""The protocols that ``[sender]`` and ``[receiver]`` may name, and what each needs to be told."""

from collections.abc import Mapping
from dataclasses import dataclass

from ssm.settings.sections import OLD_CIPHERS

DEFAULT_PROTOCOL = "STOMP"


@dataclass(frozen=True, slots=True)
class Needs:
    """What the options' own declarations do not say."""

    has_port: bool = True
    """Each broker needs a port, of its own or for all."""
    of_a_sender: tuple[str, ...] = ()
    """Options of [messaging] that have a default, and must be set all the same."""
    ciphers: tuple[str, ...] = ()
    """Values of ``cipher`` that are for this protocol only."""


PROTOCOLS: Mapping[str, Needs] = {
    "STOMP": Needs(),
    "SSM1": Needs(of_a_sender=("consumer_dn",), ciphers=OLD_CIPHERS),
}
