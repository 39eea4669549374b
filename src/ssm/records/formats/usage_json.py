# SPDX-License-Identifier: Apache-2.0
"""JSON usage records: ``{"Type": …, "Version": …, "UsageRecords": [{…}, …]}``, as producers of cloud records emit them.

A message holds at most 1000 records, so it is read as a whole, within a bound (APEL JSON messages, drafts).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ssm.errors import FormatError, RecordError
from ssm.records.fault import Fault, Level, Place, nearest, quoted
from ssm.records.field import Need, Record, RecordType, WireField
from ssm.records.formats.json_document import Document, Members, parsed, whole
from ssm.records.gathering import Gathering
from ssm.records.message import BATCH_RECORDS, Batch, Cut, Message
from ssm.records.types.accelerator import ACCELERATOR
from ssm.records.types.public_ip import PUBLIC_IP

FORMAT = "json"
MOST_RECORDS = 1000
MEMBERS = ("Type", "Version", "UsageRecords")
TYPES: dict[str, tuple[RecordType, tuple[str, ...]]] = {
    "APEL Public IP message": (PUBLIC_IP, ("v0.2", "0.2")),
    "APEL-accelerator-message": (ACCELERATOR, ("0.1", "v0.1")),
}
"""By the word in Type: the type, and how its version is written; we write the first."""
ALIASES = {PUBLIC_IP.name: {}, ACCELERATOR.name: {"AccUUID": "AssociatedRecord", "benchmark_value": "Benchmark"}}
"""Other names that producers use."""


def read(blocks: Iterator[bytes]) -> Message:
    """A JSON message; FormatError where it says not what it is."""
    document = Document(whole(blocks))
    found = parsed(document.data)
    word, version, records = (found.get(name) for name in MEMBERS)
    if not isinstance(word, str) or word not in TYPES:
        raise unknown_type(found)
    kind, versions = TYPES[word]
    faults = [*frame_faults(found), *version_faults(found, versions)]
    if not isinstance(records, list) or not records:
        raise FormatError("UsageRecords must be a list with records in it", code="no-records", path="UsageRecords")
    if len(records) > MOST_RECORDS:
        said = f"there are {len(records)} records; a message may have {MOST_RECORDS}"
        faults.append(Fault(Level.ERROR, "too-many", said, None, "UsageRecords", "UsageRecords"))
    return Message(FORMAT, kind, spelled(version), kind.newest, batches(kind, records, document), faults)


def unknown_type(found: Members) -> FormatError:
    """Why it cannot even be begun."""
    if "Type" not in found:
        said = "Type is missing, which says what the records of a JSON message are"
        return FormatError(said, code="unknown-header", path="Type")
    word = spelled(found["Type"])
    guess = nearest(word, TYPES)
    said = f"Type {quoted(word)} is not a type of message that we know"
    if not guess:
        said += "; it must be " + " or ".join(TYPES)
    return FormatError(said, code="unknown-header", path="Type", suggestion=guess)


def frame_faults(found: Members) -> Iterator[Fault]:
    """What is wrong with the members of the message itself."""
    for name in found:
        if name not in MEMBERS:
            said = "is no member of a message"
            yield Fault(Level.WARNING, "unknown-field", said, None, name, name, nearest(name, MEMBERS))
    for name in found.twice:
        yield Fault(Level.ERROR, "field-twice", "stands twice, and only the last is read", None, name, name)


def version_faults(found: Members, versions: tuple[str, ...]) -> Iterator[Fault]:
    """What is wrong with its version."""
    version = found.get("Version")
    right = versions[0]
    if "Version" not in found:
        yield Fault(Level.ERROR, "missing-field", f"is missing, and must be {right}", None, "Version", "Version")
    elif version not in versions:
        said = f"{quoted(spelled(version))} must be {right}"
        yield Fault(Level.ERROR, "unknown-version", said, None, "Version", "Version", right)
    elif version != right:
        said = f"{quoted(spelled(version))} is written {right} in the schema"
        yield Fault(Level.NOTE, "version-spelling", said, None, "Version", "Version", right)


def spelled(value: object) -> str:
    """A value as JSON spells it, but for what is in an object or a list, which may be large, or deep."""
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    return value if isinstance(value, str) else json.dumps(value)


def batches(kind: RecordType, records: list[object], document: "Document") -> Iterator[Batch]:
    """The records."""
    for start in range(0, len(records), BATCH_RECORDS):
        faults: list[Fault] = []
        some = [
            read_one(kind, one, Place(document.line(start + index), f"UsageRecords[{start + index + 1}]"), faults)
            for index, one in enumerate(records[start : start + BATCH_RECORDS])
        ]
        yield Batch(some, faults, Finder(kind, start, document).place)


def read_one(kind: RecordType, said: object, place: Place, faults: list[Fault]) -> Record:
    """One record, with everything that is wrong in it."""
    found = Gathering(kind, faults)
    if not isinstance(said, Members):
        found.fault(Level.ERROR, "wrong-value", "must be an object", place)
        return found.record()
    wire = {one.name: one for one in kind.wire(kind.newest)}
    for name in said.twice:
        found.fault(Level.WARNING, "field-twice", "stands twice; the last is taken", inside(place, name))
    for name, value in said.items():
        read_member(found, wire, inside(place, name), value)
    for one in wire.values():
        found.missing(one.field, one.name, place)
    return found.record()


def read_member(found: Gathering, wire: Mapping[str, WireField], place: Place, value: object) -> None:
    """One member of a record."""
    one = wire.get(ALIASES[found.kind.name].get(place.field, place.field))
    if one is None:
        if place.field in found.kind.ignored:
            found.fault(Level.NOTE, "ignored-field", "is not kept by repositories", place)
            return
        said = f"is no field of {found.kind.title.lower()} records"
        found.fault(Level.ERROR, "unknown-field", said, place, nearest(place.field, wire))
    elif value is None or (isinstance(value, str) and not value.strip()):
        found.null(one.field, "null" if value is None else quoted(""), place)
    else:
        found.take(one.field, spelled(value), place, lambda doubts: one.kind.from_json(value, doubts))


def inside(place: Place, name: str) -> Place:
    """A member's place."""
    return Place(place.line, f"{place.path}/{name}", name)


@dataclass(slots=True)
class Finder:
    """Where the values of a batch stand."""

    kind: RecordType
    start: int
    document: "Document"

    def place(self, index: int, attribute: str) -> Place:
        """The line of the record; the path of the member."""
        number = self.start + index
        place = Place(self.document.line(number), f"UsageRecords[{number + 1}]")
        name = next((one.name for one in self.kind.wire(self.kind.newest) if one.attribute == attribute), "")
        return inside(place, name) if name else place


def write(kind: RecordType, version: str, records: Iterable[Record]) -> Iterator[bytes]:
    """A JSON message, one record a line; RecordError where a record cannot be said."""
    del version
    word, versions = next((word, one[1]) for word, one in TYPES.items() if one[0] is kind)
    yield f'{{"Type": {json.dumps(word)}, "Version": {json.dumps(versions[0])}, "UsageRecords": [\n'.encode()
    separator = b""
    for record in records:
        yield separator + json.dumps(to_json(kind, record), ensure_ascii=False).encode()
        separator = b",\n"
    yield b"\n]}\n"


def to_json(kind: RecordType, record: Record) -> dict[str, object]:
    """One record; what is not said is left out."""
    found: dict[str, object] = {}
    for one in kind.wire(kind.newest):
        value: object = getattr(record, one.attribute)
        if value is None:
            if one.field.need is Need.REQUIRED:
                raise RecordError(one.name, "must be said, and is not")
            continue
        is_text = isinstance(value, str)
        if (
            not isinstance(value, one.kind.holds)
            or isinstance(value, bool)
            or not (is_text or one.kind.is_sound(value))
        ):
            raise RecordError(one.name, f"cannot be {quoted(str(value))} in JSON")
        if isinstance(value, str) and (value != value.strip() or not value or has_surrogates(value)):
            raise RecordError(one.name, f"cannot be {quoted(value)} in JSON")
        found[one.name] = one.kind.to_json(value)
    return found


def has_surrogates(text: str) -> bool:
    """Whether it is no text that UTF-8 can hold."""
    return any("\ud800" <= one <= "\udfff" for one in text)


def cut(blocks: Iterator[bytes]) -> Cut:
    """The records of a message as they stand; FormatError where it is none."""
    data = whole(blocks)
    parsed(data)
    document = Document(data)
    if not document.spans:
        raise FormatError("UsageRecords must be a list with records in it", code="no-records", path="UsageRecords")
    records = (data[begin:end] for begin, end in document.spans)
    return Cut(data[: document.spans[0][0]], records, b",\n", data[document.spans[-1][1] :])
