# SPDX-License-Identifier: Apache-2.0
"""Several listeners in one receiver: ``[receiver.NAME]`` says by what one differs from ``[receiver]``.

It may hold ``protocol``, which it must, and any option of [broker] and [messaging] that is about a way in; those about
the spool, which all listeners share, stay where they are.
"""

from collections.abc import Iterator

from ssm.settings.found import Found, Overlay
from ssm.settings.nearest import nearest
from ssm.settings.options import declared
from ssm.settings.protocols import MUST_BE, PROTOCOLS, nearest_protocol
from ssm.settings.sections import Broker, ReceiverMessaging

BEGINNING = "receiver."
OF_THE_SPOOL = ("path", "state", "retention_days", "batch", "deferred_retry_seconds")
OF_A_SENDER = ("retry_seconds",)


def options() -> dict[str, str]:
    """The section in which each option of a listener stands otherwise."""
    found = {}
    for section, kind in (("broker", Broker), ("messaging", ReceiverMessaging)):
        for one in declared(kind):
            if one.name not in OF_THE_SPOOL and one.name not in OF_A_SENDER:
                found[one.name] = section
    return found


def take_overlays(found: Found) -> Iterator[Overlay]:
    """Every listener, in the order of the file; its options are taken out of what was found."""
    where = options()
    names = dict.fromkeys(section for section, _ in found.values if section.startswith(BEGINNING))
    for section in names:
        overlay = Overlay(section.removeprefix(BEGINNING), Found(), {})
        own = {key: value for (name, key), value in found.values.items() if name == section}
        for key in own:
            del found.values[section, key]
        protocol = own.pop("protocol", "")
        if protocol in PROTOCOLS:
            overlay.found.protocol = protocol
        else:
            meant = nearest_protocol(protocol) if protocol else ""
            found.fault(section, "protocol", MUST_BE, value=protocol, suggestion=meant)
        for key, value in own.items():
            if key in where:
                overlay.found.put(where[key], key, value, found.origins[section, key])
                overlay.own[where[key], key] = key
            else:
                fault_of(found, section, key)
        yield overlay


def fault_of(found: Found, section: str, key: str) -> None:
    """An option that a listener does not have."""
    if key in OF_THE_SPOOL:
        found.fault(section, key, "is about the spool that all listeners share; set it in [messaging]")
        return
    meant = nearest(key, ["protocol", *options()])
    found.fault(section, key, "there is no such option of a listener", suggestion=meant)


def complete(overlay: Overlay, found: Found) -> None:
    """What a listener does not say, it shares."""
    for where, value in found.values.items():
        if where not in overlay.found.values:
            overlay.found.values[where] = value
    overlay.found.broken |= found.broken


def hand_over(overlay: Overlay, found: Found) -> None:
    """Faults of a listener's own, under its own name; the others are told of already."""
    for fault in overlay.found.faults:
        key = overlay.own.get((fault.section, fault.option))
        if key is not None:
            found.fault(f"{BEGINNING}{overlay.name}", key, fault.problem, value=fault.value)
        elif not fault.value and (fault.section, fault.option) == ("broker", "port"):
            found.fault(f"{BEGINNING}{overlay.name}", "port", fault.problem)
