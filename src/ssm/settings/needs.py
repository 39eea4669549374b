# SPDX-License-Identifier: Apache-2.0
"""What the chosen protocol needs to be told, held against what was found."""

from collections.abc import Iterator, Sequence
from itertools import combinations

from ssm.settings.found import Found, Overlay
from ssm.settings.listeners import BEGINNING
from ssm.settings.protocols import PROTOCOLS, Place
from ssm.settings.sections import Broker, ReceiverSettings

MOST_SHOWN = 200


def check_needs(found: Found, role: str) -> None:
    """Note what is missing, what cannot be, and what has no effect."""
    if role == "sender":
        check_sender(found)
    check_special(found)
    for (section, name), why in without_effect(found):
        found.warnings.append(f"[{section}] {name} has no effect: {why}")


def check_listener(overlay: Overlay, found: Found) -> None:
    """The same of one listener among several, which is told of under its own name."""
    section = f"{BEGINNING}{overlay.name}"
    own = Found(values=overlay.found.values, broken=overlay.found.broken, protocol=overlay.found.protocol)
    check_special(own)
    for fault in own.faults:
        found.fault(section, fault.option, fault.problem, value=fault.value)
    for place, why in without_effect(own):
        if place in overlay.own:
            found.warnings.append(f"[{section}] {place[1]} has no effect: {why}")


def check_apart(listeners: Sequence[ReceiverSettings], found: Found) -> None:
    """Note who takes from where another protocol is spoken: each would be handed messages of the other."""
    for one, other in combinations(listeners, 2):
        is_same_place = one.messaging.destination == other.messaging.destination and meet(one.broker, other.broker)
        if is_same_place and one.protocol != other.protocol:
            first = f"{BEGINNING}{one.name}".removesuffix(".")
            problem = f"is that of [{first}], which speaks {one.protocol}; each would be handed messages of the other"
            section = f"{BEGINNING}{other.name}"
            found.fault(section, "destination", problem, value=other.messaging.destination[:MOST_SHOWN])


def meet(one: Broker, other: Broker) -> bool:
    """True when both may lead to the same broker."""
    if one.host and other.host:
        places = [{(host, port or broker.port) for host, port in broker.host} for broker in (one, other)]
        return not places[0].isdisjoint(places[1])
    return not (one.host or other.host) and (one.bdii, one.network) == (other.bdii, other.network)


def check_sender(found: Found) -> None:
    """What only a sender is asked for."""
    needs = PROTOCOLS[found.protocol]
    for name in needs.of_a_sender:
        if not found.values.get(("messaging", name)):
            found.fault("messaging", name, f"must be set for {found.protocol}")
    cipher = found.values.get(("certificates", "cipher"))
    owners = [name for name, one in PROTOCOLS.items() if cipher in one.ciphers]
    if cipher is not None and owners and found.protocol not in owners:
        found.fault("certificates", "cipher", f"is for {' and '.join(owners)} only", value=cipher)


def check_special(found: Found) -> None:
    """Options that other protocols do without, or take as they are."""
    needs = PROTOCOLS[found.protocol]
    for place in needs.required:
        if not found.values.get(place) and place not in found.broken:
            found.fault(*place, f"must be set for {found.protocol}")
    for place, pattern in needs.names.items():
        value = found.values.get(place)
        if value and pattern.fullmatch(value) is None:
            found.fault(*place, needs.names_are, value=value[:MOST_SHOWN])


def without_effect(found: Found) -> Iterator[tuple[Place, str]]:
    """Options that are set and do nothing, and why."""
    for place, (harmless, why) in PROTOCOLS[found.protocol].no_effect.items():
        value = found.values.get(place)
        if value and value.lower() not in harmless:
            yield place, why
