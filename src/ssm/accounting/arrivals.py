# SPDX-License-Identifier: Apache-2.0
"""When a message came, as one number that sorts: microseconds since 1970, then ten bits that keep neighbours apart.

The time is that in the element's name, which the receiver made when it filed the message (dirq, names of elements);
never the time that the sender, or a record, claims. A name from the future, by a clock that was wrong, counts as now:
it must not outdo every correction until then.
"""

import hashlib

from ssm.names import printable
from ssm.ports.incoming import IncomingElement
from ssm.ports.repository import Arrival

APART_BITS = 10
MICROSECONDS = 1_000_000
SECONDS_DIGITS, MICROSECONDS_DIGITS = 8, 5
MOST_DN, MOST_ID = 1024, 255


def arrival_of(element: IncomingElement, now: int) -> Arrival:
    """Of an element in incoming; ``now`` in microseconds since 1970."""
    digest = hashlib.sha256(element.body).digest()
    moment = min(microseconds_of(element.name), now)
    apart = int.from_bytes(hashlib.sha256(digest + element.name.encode()).digest()[:2]) & ((1 << APART_BITS) - 1)
    return Arrival(
        id=moment << APART_BITS | apart,
        digest=digest,
        element=element.name,
        signer=shown(element.signer, MOST_DN),
        message_id=shown(element.message_id, MOST_ID),
        received=moment // MICROSECONDS,
    )


def microseconds_of(name: str) -> int:
    """When an element was named."""
    digits = name.rpartition("/")[2]
    seconds = int(digits[:SECONDS_DIGITS], 16)
    rest = int(digits[SECONDS_DIGITS:][:MICROSECONDS_DIGITS] or "0", 16)
    return seconds * MICROSECONDS + min(rest, MICROSECONDS - 1)


def shown(text: str | None, most: int) -> str | None:
    """A text from outside as a column holds it."""
    return None if text is None else printable(text)[:most]
