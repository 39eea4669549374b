# SPDX-License-Identifier: Apache-2.0
"""Looking at payloads before they are sealed, and cutting those that are too large: both by somebody else's word."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ssm.errors import BadContentError, UnsendableError
from ssm.messenger.events import Event, Teller
from ssm.messenger.outbox import Whole
from ssm.ports.content import CutPayload, Inspect, Pieces

MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class ContentPorts:
    """Who understands payloads."""

    inspect: Inspect | None
    """None: nobody looks."""
    refuse_errors: bool
    """Set aside what the other side would refuse."""
    cut: CutPayload
    pieces: Pieces


@dataclass(frozen=True, slots=True)
class Portion:
    """What becomes one sealed message."""

    message_id: str
    payload: bytes
    whole: Whole | None = None
    """Where it is a piece of an element."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a payload may be."""

    most_octets: int
    """A larger one is never sent in one message."""
    cut_octets: int
    """A larger one is cut where it can be; never more than the bound above."""


def look(content: ContentPorts | None, tell: Teller, name: str, payload: bytes) -> None:
    """Tell what is wrong with a payload; BadContentError where it must not be sent for that."""
    if content is None or content.inspect is None:
        return
    remarks = content.inspect(payload)
    if not remarks:
        return
    worst = [remark.text for remark in remarks]
    if content.refuse_errors and any(remark.is_error for remark in remarks):
        raise BadContentError("; ".join(worst))
    shown = "; ".join(worst[:MOST_TOLD]) + ("; …" if len(worst) > MOST_TOLD else "")
    tell(Event.FAULTY, message_id=name, count=len(worst), faults=shown)


def portions(content: ContentPorts | None, tell: Teller, name: str, payload: bytes, bounds: Bounds) -> list[Portion]:
    """The payload itself, or the pieces of it that have not been sent; UnsendableError where it is too large.

    None are left when a run died between the last receipt and the removal of the element.
    """
    if len(payload) <= bounds.cut_octets:
        return [Portion(name, payload)]
    pieces = None if content is None else content.cut(payload, bounds.cut_octets)
    if content is None or pieces is None:
        if len(payload) <= bounds.most_octets:
            return [Portion(name, payload)]
        most = bounds.most_octets
        raise UnsendableError(
            f"the payload has {len(payload)} octets, more than max_message_size allows ({most}), and is not cut",
            hint="raise [messaging] max_message_size here and at the receiver, or have it written in parts",
        )
    digest = hashlib.sha256(b"%d\0" % bounds.cut_octets + payload).digest()
    names = [f"{name}-{number}" for number in range(1, len(pieces) + 1)]
    sent = content.pieces.sent(name, digest)
    if sent is None:
        content.pieces.begin(name, digest, names)
        tell(Event.CUT, message_id=name, octets=len(payload), pieces=len(pieces), names=f"{names[0]} to {names[-1]}")
    waiting = [(one, piece) for one, piece in zip(names, pieces, strict=True) if one not in (sent or ())]
    whole = Whole(name, {one for one, _ in waiting})
    return [Portion(one, piece, whole) for one, piece in waiting]


def settle(content: ContentPorts | None, pieces: Sequence[tuple[str, Whole]]) -> list[str]:
    """Note that pieces have been sent; gives the elements that have been sent completely now."""
    if content is None or not pieces:
        return []
    content.pieces.confirm([message_id for message_id, _ in pieces])
    complete = []
    for message_id, whole in pieces:
        whole.waiting.discard(message_id)
        if not whole.waiting:
            complete.append(whole.element)
    return complete
