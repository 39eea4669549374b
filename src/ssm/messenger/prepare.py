# SPDX-License-Identifier: Apache-2.0
"""From spool to sealed copy, and out of the spool again: the blocking halves of sending.

Both run in a thread, a batch at a time, so that a batch shares its commit. The order is the promise: a
sealed message is kept before it is published, and an element leaves the spool after its receipt.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ssm.errors import RejectError, RetryError, TooLargeError, UnsendableError
from ssm.messenger.content import Bounds, ContentPorts, Portion, look, portions, settle
from ssm.messenger.events import Event, Teller
from ssm.messenger.outbox import Prepared
from ssm.ports.filing import Box, FilingCabinet, Verdict
from ssm.ports.journal import Entry, Journal, SealedCopies, SealedCopy
from ssm.ports.outgoing import OutgoingSpool

BATCH_OCTETS = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SendPorts:
    """What sending needs of the world, but for the transport."""

    spool: OutgoingSpool
    copies: SealedCopies
    journal: Journal
    aside: FilingCabinet
    """Takes the elements that no envelope can carry."""
    seal: Callable[[bytes], bytes]
    tell: Teller
    context: bytes = b""
    """Who signs, to whom it is encrypted, and how: a copy that was sealed otherwise is not sent any more."""
    content: ContentPorts | None = None
    """Who looks at payloads, and cuts what is too large; None: nobody."""


@dataclass(slots=True)
class Batch:
    """What became of some elements."""

    prepared: list[Prepared]
    set_aside: int
    taken: int
    """How many were somebody else's, gone, or not yet settled."""
    more: int
    """How many messages there are beyond one an element, because elements were cut."""
    left: list[str]
    """Names not looked at, because the batch had become large enough."""


def prepare(ports: SendPorts, names: Sequence[str], bounds: Bounds) -> Batch:
    """Claim and seal elements until the batch is large, and keep their sealed copies."""
    batch = Batch(prepared=[], set_aside=0, taken=0, more=0, left=list(reversed(names)))
    claimed: list[str] = []
    try:
        prepare_into(batch, claimed, ports, bounds)
    except BaseException:
        for name in claimed:
            ports.spool.release(name)
        raise
    batch.left.reverse()
    return batch


def prepare_into(batch: Batch, claimed: list[str], ports: SendPorts, bounds: Bounds) -> None:
    """As above; ``claimed`` says what must be given back if this fails."""
    fresh: list[SealedCopy] = []
    held = 0
    while batch.left and held < BATCH_OCTETS:
        name = batch.left.pop()
        payload = ports.spool.claim(name)
        if payload is None:
            batch.taken += 1
            continue
        claimed.append(name)
        try:
            look(ports.content, ports.tell, name, payload)
            some = portions(ports.content, ports.tell, name, payload, bounds)
            sealed = [seal_one(ports, one) for one in some]
        except RejectError as error:
            set_aside(ports, name, payload, error)
            claimed.pop()
            batch.set_aside += 1
            continue
        if not some:
            leave(ports, [name])
            claimed.pop()
        batch.more += len(some) - 1
        for item, copy in sealed:
            held += len(item.sealed)
            batch.prepared.append(item)
            fresh.extend(copy)
    ports.copies.keep(fresh)
    ports.journal.record([entry("sealed", item) for item in batch.prepared])


def seal_one(ports: SendPorts, portion: Portion) -> tuple[Prepared, list[SealedCopy]]:
    """The sealed form of one payload: the kept one if an earlier run left it, else a new one, to be kept."""
    hasher = hashlib.sha256(ports.context)
    hasher.update(portion.payload)
    payload_digest = hasher.digest()
    kept = ports.copies.find(portion.message_id, payload_digest)
    sealed = ports.seal(portion.payload) if kept is None else kept
    item = Prepared(portion.message_id, sealed, hashlib.sha256(sealed).digest(), portion.whole)
    return item, [] if kept is not None else [SealedCopy(item.name, payload_digest, sealed, item.digest)]


def set_aside(ports: SendPorts, name: str, payload: bytes, error: RejectError) -> None:
    """Move an element that can never be sent out of the way, with its reason; file first, then remove."""
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape") + b"\0" + payload).digest()
    verdict = Verdict(digest, Box.REJECTED, payload, None, name, str(error), error.reason)
    filed = ports.aside.file([verdict])  # nothing, when a run that died here had filed it
    ports.spool.remove(name)
    element = filed[0].name if filed else "reject"
    ports.tell(Event.SET_ASIDE, message_id=name, element=element, reason=str(error))


def put_aside(ports: SendPorts, item: Prepared, error: TooLargeError) -> None:
    """Set an element aside that had been sealed, and cannot be sent; without effect when somebody else took it."""
    ports.spool.release(item.element)
    payload = ports.spool.claim(item.element)
    if payload is None:
        return
    set_aside(ports, item.element, payload, UnsendableError(str(error), hint=error.hint))
    ports.copies.drop([item.name])


def finish(ports: SendPorts, confirmed: Sequence[Prepared]) -> None:
    """Take confirmed elements out of the spool, then forget their copies, then note it.

    A piece is noted as sent first; its element leaves the spool with the last of them.
    """
    pieces = [(item.name, item.whole) for item in confirmed if item.whole is not None]
    complete = settle(ports.content, pieces)
    for item in confirmed:
        if item.whole is None:
            ports.spool.remove(item.name)
    leave(ports, complete)
    ports.copies.drop([item.name for item in confirmed])
    ports.journal.record([entry("published", item) for item in confirmed])
    for item in confirmed:
        ports.tell(Event.PUBLISHED, message_id=item.name)


def leave(ports: SendPorts, complete: Sequence[str]) -> None:
    """Elements whose pieces have all been sent leave the spool, and then the memory of their pieces goes."""
    for element in complete:
        ports.spool.remove(element)
    if complete and ports.content is not None:
        ports.content.pieces.forget(complete)


def give_back(ports: SendPorts, items: Sequence[Prepared], reason: str) -> None:
    """Leave claimed elements for a later run; their copies stay, so that a resend is the same message."""
    for element in dict.fromkeys(item.element for item in items):
        ports.spool.release(element)
    try:
        ports.journal.record([entry("refused", item, reason) for item in items])
    except RetryError:
        return  # history is lost, the message is not


def entry(state: str, item: Prepared, reason: str | None = None) -> Entry:
    """One line of history about an outgoing message."""
    return Entry(state, item.digest, item.name, f"outgoing/{item.element}", None, reason)
