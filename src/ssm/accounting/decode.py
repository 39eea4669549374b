# SPDX-License-Identifier: Apache-2.0
"""From a payload to rows, or to everything that is wrong with it. Pure: runs beside the database.

One bad record refuses the whole message, with all its faults: a site must not have to send it again and again to
learn of them one by one (APEL messages, a message is loaded in one transaction).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from ssm.accounting.layouts import LAYOUTS, Layout
from ssm.accounting.months import month_of_time
from ssm.accounting.shaping import Misfit, shape
from ssm.errors import FormatError, RejectError
from ssm.ports.repository import Row
from ssm.records.check import check_batch, checks_for
from ssm.records.checking import Check, Context
from ssm.records.fault import Fault, Level, fault_of
from ssm.records.formats import recognise
from ssm.records.message import Batch, Message

MOST_FAULTS = 10_000
BLOCK_OCTETS = 256 * 1024
TWO_DAYS = 2 * 86_400
SITE_AT, MONTH_AT = 0, 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What may be loaded at this moment."""

    now: int
    """Seconds since 1970."""
    oldest_month: int = 0
    """YYYYMM: individual records from before it are refused; 0: all are taken."""


@dataclass(slots=True)
class Decoded:
    """A message, understood."""

    kind: str = ""
    """Name of the type of its records; empty where that cannot be told."""
    records: int = 0
    rows: dict[Row, Row] = field(default_factory=dict)
    """By their keys; a later record of the message takes the place of an earlier one."""
    faults: list[Fault] = field(default_factory=list)
    """Why it is refused: errors, in the order of the message. Empty: it can be loaded."""
    more_faults: int = 0
    """Beyond those that are kept."""
    cut: int = 0
    """Texts that were cut to the length of their column."""

    def refuse(self, fault: Fault) -> None:
        """One more reason."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(fault)
        else:
            self.more_faults += 1


def decode(payload: bytes, message: int, terms: Terms) -> Decoded:
    """The rows of a message; ``message`` is what they are marked with."""
    decoded = Decoded()
    try:
        form, again = recognise(blocks_of(payload))
        read_all(form.read(again), message, terms, decoded)
    except FormatError as error:
        decoded.refuse(fault_of(error))
    except RejectError as error:
        decoded.refuse(Fault(Level.ERROR, error.reason, str(error)))
    if decoded.faults:
        decoded.rows = {}
    return decoded


def blocks_of(payload: bytes) -> Iterator[bytes]:
    """In portions, so that reading needs little memory beside the payload."""
    view = memoryview(payload)
    return (bytes(view[begin : begin + BLOCK_OCTETS]) for begin in range(0, len(payload), BLOCK_OCTETS))


def read_all(message: Message, number: int, terms: Terms, decoded: Decoded) -> None:
    """Batch by batch; once there is a fault, only further faults are looked for."""
    layout = LAYOUTS[message.type.name]
    decoded.kind = message.type.name
    context = Context(terms.now, message.format, message.names_version)
    checks = [one for one in checks_for(message.type) if one.level is Level.ERROR]
    refuse_errors(message.faults, decoded)
    for batch in message.batches:
        decoded.records += len(batch)
        before = len(decoded.faults)
        refuse_errors(faults_of(batch, checks, context), decoded)
        if len(decoded.faults) == before:
            take(batch, layout, number, terms, decoded)


def faults_of(batch: Batch, checks: list[Check], context: Context) -> list[Fault]:
    """Of reading and of checking, in the order of the lines."""
    faults = [*batch.faults, *check_batch(batch, checks, context)]
    return sorted(faults, key=lambda one: one.line or 0)


def refuse_errors(faults: Sequence[Fault], decoded: Decoded) -> None:
    """Warnings and notes refuse nothing."""
    for fault in faults:
        if fault.level is Level.ERROR:
            decoded.refuse(fault)


def take(batch: Batch, layout: Layout, number: int, terms: Terms, decoded: Decoded) -> None:
    """A batch without faults of its own."""
    shaped = shape(layout, batch, number)
    decoded.cut += shaped.cut
    misfits = shaped.misfits or outside(shaped.rows, layout, terms)
    for one in misfits:
        fault = Fault(Level.ERROR, one.code, one.message)
        decoded.refuse(fault.at(batch.place(one.index, one.attribute)))
    if not decoded.faults:
        keys = map(itemgetter(slice(len(layout.key))), shaped.rows)
        decoded.rows.update(zip(keys, shaped.rows, strict=True))


def outside(rows: Sequence[Row], layout: Layout, terms: Terms) -> list[Misfit]:
    """Records of months that have not come, or that are not kept any more."""
    newest = month_of_time(terms.now + TWO_DAYS)
    oldest = terms.oldest_month if layout.is_large else 0
    months = {month for month in set(map(itemgetter(MONTH_AT), rows)) if not oldest <= int(str(month)) <= newest}
    if not months:
        return []
    early = f"belongs to a month before {oldest}, the oldest that is kept"
    found = []
    for index, row in enumerate(rows):
        if row[MONTH_AT] in months:
            is_late = int(str(row[MONTH_AT])) > newest
            code, said = ("in-future", "belongs to a month that has not come") if is_late else ("too-old", early)
            found.append(Misfit(index, "", code, said))
    return found
