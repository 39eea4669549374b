# SPDX-License-Identifier: Apache-2.0
"""The protocols that ``[sender]`` and ``[receiver]`` may name, and what each needs to be told."""

from collections.abc import Mapping
from dataclasses import dataclass

DEFAULT_PROTOCOL = "STOMP"


@dataclass(frozen=True, slots=True)
class Needs:
    """What the options' own declarations do not say."""

    has_port: bool = True
    """Each broker needs a port, of its own or for all."""


PROTOCOLS: Mapping[str, Needs] = {
    "STOMP": Needs(),
}
