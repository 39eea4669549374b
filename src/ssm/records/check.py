# SPDX-License-Identifier: Apache-2.0
"""Everything that is wrong with a message: its frame, each value, each record, and the message as a whole.

A stream of faults from a stream of octets, in the order of the lines within each batch; nothing grows with the
message but what tells duplicates, and that is bounded.
"""

from collections.abc import Callable, Iterable, Iterator

from ssm.errors import FormatError
from ssm.records.checking import Check, Context
from ssm.records.checks import CHECKS
from ssm.records.fault import Fault, Level, fault_of
from ssm.records.field import RecordType
from ssm.records.formats import recognise
from ssm.records.formats.xml_names import CAR
from ssm.records.message import Batch, Message
from ssm.records.whole_message import DuplicateKeys, Sites, size_fault


def check_message(blocks: Iterable[bytes], now: int) -> Iterator[Fault]:
    """The faults of a message; ``now`` in seconds since 1970."""
    counted = Counted(blocks)
    try:
        form, again = recognise(iter(counted))
        yield from check_records(form.read(again), now)
    except FormatError as error:
        yield fault_of(error)
    too_large = size_fault(counted.octets)
    if too_large is not None:
        yield too_large


class Counted:
    """Blocks, and how many octets have gone by."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.blocks = blocks
        self.octets = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self.blocks:
            self.octets += len(block)
            yield block


def check_records(message: Message, now: int, see: Callable[[Batch], None] | None = None) -> Iterator[Fault]:
    """The faults of a message that is being read; FormatError where it cannot be read on. ``see`` sees each batch."""
    yield from message.faults
    yield from outdated(message)
    context = Context(now, message.format, message.names_version)
    checks = checks_for(message.type)
    duplicates, sites = DuplicateKeys(message.type), Sites()
    count = 0
    for batch in message.batches:
        count += len(batch)
        if see is not None:
            see(batch)
        found = [*batch.faults, *check_batch(batch, checks, context), *duplicates.look(batch)]
        found.sort(key=lambda fault: fault.line or 0)
        yield from found
        sites.look(batch)
    yield from sites.faults()
    if not count and message.type.headers and message.format == "apel-text":
        said = "the message has a header and no record; it is accepted, and says nothing"
        yield Fault(Level.WARNING, "no-records", said, message.line)


def checks_for(kind: RecordType) -> list[Check]:
    """Those that are about a type."""
    return [one for one in CHECKS if kind.record in one.types]


def check_batch(batch: Batch, checks: list[Check], context: Context) -> list[Fault]:
    """The findings about some records, but for what could not be read, and therefore seems to be missing."""
    unreadable = {(fault.line, fault.path, fault.field) for fault in batch.faults if fault.level is Level.ERROR}
    faults = []
    for one in checks:
        if one.is_clear(batch.column, context):
            continue
        look = one.look
        for index, record in enumerate(batch.records):
            answer = look(record, context)
            if answer is None:
                continue
            for finding in answer if isinstance(answer, list) else [answer]:
                place = batch.place(index, finding.attribute)
                if (place.line, place.path, place.field) not in unreadable:
                    level = one.level if finding.level is None else finding.level
                    fault = Fault(level, one.code, finding.message, suggestion=finding.suggestion)
                    faults.append(fault.at(place))
    return faults


def outdated(message: Message) -> Iterator[Fault]:
    """What is read here, but not by the servers that are deployed."""
    said = ""
    if message.format == "apel-text" and message.names_version == "v0.1" and message.type.newest != "v0.1":
        said = "APEL servers do not know the names of version v0.1; ssm convert makes a newer message of it"
        yield Fault(Level.WARNING, "old-version", said, message.line)
    elif message.format == "aur":
        said = "APEL servers do not read AUR yet; ssm convert --to apel-text makes a text message of it"
        yield Fault(Level.NOTE, "not-yet-read", said, message.line)
    elif message.format == CAR.format and message.version != "1.2":
        said = "APEL servers read CAR 1.2 only, not OGF UR; ssm convert --to car makes one of it"
        yield Fault(Level.WARNING, "old-version", said, message.line)
