# SPDX-License-Identifier: Apache-2.0
"""What the chosen protocol needs to be told, held against what was found."""

from ssm.settings.found import Found
from ssm.settings.protocols import PROTOCOLS

MOST_SHOWN = 200


def check_options(found: Found) -> None:
    """Note what is missing, what cannot be, and what has no effect."""
    needs = PROTOCOLS[found.protocol]
    for place in needs.required:
        if not found.values.get(place) and place not in found.broken:
            found.fault(*place, f"must be set for {found.protocol}")
    for place, pattern in needs.names.items():
        value = found.values.get(place)
        if value and pattern.fullmatch(value) is None:
            found.fault(*place, needs.names_are, value=value[:MOST_SHOWN])
    for place, (harmless, why) in needs.no_effect.items():
        value = found.values.get(place)
        if value and value.lower() not in harmless:
            section, name = place
            found.warnings.append(f"[{section}] {name} has no effect: {why}")
