# SPDX-License-Identifier: Apache-2.0
"""Whose work it was: VO, group and role in an FQAN, and the two spellings of a DN.

Rule: the text before the first semicolon counts; without a leading slash it is the VO itself; the group ends
where a component begins with ``role=``, in any case (APEL messages, derivation of VO from FQAN).
"""

import re
from dataclasses import dataclass

from ssm.names import components

ESCAPED = re.compile(r"\\(.)")
# One part of an RFC 4514 name: type, value with escapes, then a comma or the end.
RDN = re.compile(r"\s*([A-Za-z][A-Za-z0-9.\-]*|[0-9]+(?:\.[0-9]+)+)=((?:[^,\\]|\\.)*)(?:,|$)")
NEEDS_ESCAPE = re.compile(r'([,\\"+<>;])')


@dataclass(frozen=True, slots=True)
class Membership:
    """VO, group within it, and role; each None where it is not said."""

    vo: str | None = None
    group: str | None = None
    role: str | None = None


def membership(fqan: str) -> Membership:
    """The parts of an FQAN."""
    first = fqan.split(";", 1)[0]
    if not first.startswith("/"):
        return Membership(first or None)
    parts = first.split("/")[1:]
    at_role = next((index for index, part in enumerate(parts) if part[:5].lower() == "role="), None)
    role = None if at_role is None else parts[at_role]
    return Membership(parts[0] or None, "/" + "/".join(parts[:at_role]), role)


def slash_form(name: str) -> str | None:
    """An RFC 4514 name (``CN=a,DC=b``) in slash form (``/DC=b/CN=a``); None where it is not one."""
    pairs = []
    position = 0
    while position < len(name):
        match = RDN.match(name, position)
        if match is None:
            return None
        pairs.append((match[1], ESCAPED.sub(r"\1", match[2]).strip()))
        position = match.end()
    text = "".join(f"/{kind}={value}" for kind, value in reversed(pairs))
    try:
        return text if components(text) == pairs[::-1] else None
    except ValueError:
        return None


def comma_form(name: str) -> str | None:
    """A slash-form DN as RFC 4514 writes it; None where it is not a DN."""
    try:
        pairs = components(name)
    except ValueError:
        return None
    return ",".join(kind + "=" + NEEDS_ESCAPE.sub(r"\\\1", value) for kind, value in reversed(pairs))
