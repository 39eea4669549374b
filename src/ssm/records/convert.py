# SPDX-License-Identifier: Apache-2.0
"""The same records in another format or version; and what would be lost on the way.

Between versions the benchmarks change their form: one type and value up to v0.3, a dictionary from v0.4 on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from ssm.errors import FormatError, RecordError
from ssm.records.benchmarks import KNOWN, Benchmarks, canonical
from ssm.records.fault import Fault, Level, quoted
from ssm.records.field import Record, RecordType, changes_kinds
from ssm.records.formats import FORMATS, TEXT, Format
from ssm.records.formats.xml_names import CAR
from ssm.records.message import Message
from ssm.records.moments import iso_time
from ssm.records.types.job import JOB, JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord

NOT_KEPT = ("not-kept", "ignored-field", "unknown-element", "stray-text")
INCIDENTAL = ("record_id", "create_time")
"""About the record itself, not about usage: no loss."""
COMPLETED = ("status", "completed")
"""What CAR requires every job to be."""
NO_LEVEL = "is not said, which repositories take for custom in EMI CAR, and refuse in APEL text"
WITH_LEVEL = (JobRecord, SummaryRecord)

Lose: TypeAlias = Callable[[str, str], None]
"""Notes that a field, by its wire name, loses something."""


@dataclass(slots=True)
class Losses:
    """What is lost, how often, and what it was the first time."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    def lose(self, name: str, what: str) -> None:
        """Once more."""
        self.counts[name] = self.counts.get(name, 0) + 1
        self.examples.setdefault(name, what)

    def sentences(self) -> list[str]:
        """One for each field."""
        times = {name: f" ({count} times)" if count > 1 else "" for name, count in self.counts.items()}
        return [f"{name}{times[name]}: {example}" for name, example in self.examples.items()]


@dataclass(frozen=True, slots=True)
class Target:
    """What a message becomes."""

    type: RecordType
    format: Format
    version: str
    """Of the format."""
    names_version: str
    """Of the type."""

    @classmethod
    def choose(cls, message: Message, name: str, version: str | None) -> "Target":
        """The target that is asked for; RecordError where records of this type have no such form."""
        form, kind = FORMATS[name], message.type
        if kind not in form.types:
            others = ", ".join(one.name for one in FORMATS.values() if kind in one.types)
            raise RecordError(kind.title, f"records have no form in {form.title}; they can be {others}")
        fixed = form.names_versions.get(kind.name)
        if fixed is not None:
            if version not in {None, "1.2"}:
                raise RecordError(kind.title, f"records have version 1.2 only in {form.title}")
            return cls(kind, form, "1.2", fixed)
        chosen = version or same_meaning(kind, message.names_version)
        if chosen not in written_versions(kind):
            known = ", ".join(written_versions(kind))
            raise RecordError(kind.title, f"records have no version {quoted(chosen)}; there are {known}")
        return cls(kind, form, chosen, chosen)


def written_versions(kind: RecordType) -> list[str]:
    """The versions of a type that has a version of its own."""
    return [version for version, _ in kind.headers] or list(kind.versions)


def same_meaning(kind: RecordType, version: str) -> str:
    """The newest version in which every field means what it means in this one."""
    chosen = version
    for later in kind.versions[kind.versions.index(version) + 1 :]:
        if changes_kinds(kind, later):
            break
        chosen = later
    return chosen


def converted(message: Message, target: Target, now: int, losses: Losses) -> Iterator[Record]:
    """The records as the target has them; FormatError when the message has faults that a repository refuses.

    RecordError where there is none, and the target must have one.
    """
    refuse_faulty(message.faults)
    names = places(target)
    leaves_car = message.format == CAR.format != target.format.name
    count = 0
    for batch in message.batches:
        refuse_faulty(batch.faults)
        for fault in batch.faults:
            if fault.code in NOT_KEPT:
                losses.lose(fault.field or fault.code, fault.message)
        for record in batch.records:
            if leaves_car and isinstance(record, JobRecord) and record.service_level is None:
                losses.lose("ServiceLevel", NO_LEVEL)
            yield one_converted(record, target, names, now, losses)
        count += len(batch)
    if not count and target.format.name != TEXT:
        raise RecordError("The message", f"holds no record; repositories refuse {target.format.title} without one")


def refuse_faulty(faults: Iterable[Fault]) -> None:
    """A message with errors is not converted: what it means is not certain."""
    for fault in faults:
        if fault.level is Level.ERROR:
            said = f"the message has faults: {fault} (see ssm check)"
            raise FormatError(said, code=fault.code, line=fault.line, path=fault.path)


def places(target: Target) -> set[str]:
    """Attributes that the target has a place for."""
    if target.format.names_versions:
        return {one.attribute for one in target.type.fields() if one.xml}
    return {one.attribute for one in target.type.wire(target.names_version)}


def one_converted(record: Record, target: Target, names: set[str], now: int, losses: Losses) -> Record:
    """One record."""
    if isinstance(record, WITH_LEVEL):
        record = with_level(record, is_dictionary=is_newest(target), lose=losses.lose)
    elif isinstance(record, NormalisedSummaryRecord):
        record = with_sums(record, is_dictionary=is_newest(target), lose=losses.lose)
    if target.format is FORMATS[CAR.format] and isinstance(record, JobRecord):
        record = completed(record, now)
    gone: dict[str, None] = {}
    for one in target.type.fields():
        value: object = getattr(record, one.attribute)
        if value is not None and one.attribute not in names:
            gone[one.attribute] = None
            if target.type is not JOB or (one.attribute not in INCIDENTAL and (one.attribute, value) != COMPLETED):
                losses.lose(one.name, f"{quoted(str(value))} has no place in {target.format.title} {target.version}")
    return msgspec.structs.replace(record, **gone) if gone else record


def is_newest(target: Target) -> bool:
    """Whether benchmarks are dictionaries there."""
    return changes_kinds(target.type, target.type.newest) and target.names_version == target.type.newest


def with_level(record: JobRecord | SummaryRecord, *, is_dictionary: bool, lose: Lose) -> JobRecord | SummaryRecord:
    """The service level in the form of the target."""
    kind, level = record.service_level_type, record.service_level
    if level is None or isinstance(level, Benchmarks) == is_dictionary:
        return record
    if isinstance(level, Benchmarks):
        name, value = one_of(level, "ServiceLevel", lose)
        return msgspec.structs.replace(record, service_level_type=name, service_level=value)
    if kind is None:
        raise RecordError("ServiceLevel", "has no type, without which it means nothing")
    return msgspec.structs.replace(
        record, service_level_type=None, service_level=Benchmarks(((canonical(kind), level),))
    )


def with_sums(record: NormalisedSummaryRecord, *, is_dictionary: bool, lose: Lose) -> NormalisedSummaryRecord:
    """The normalised sums in the form of the target."""
    wall, cpu, kind = record.normalised_wall_duration, record.normalised_cpu_duration, record.service_level_type
    if isinstance(wall, Benchmarks) and isinstance(cpu, Benchmarks) and not is_dictionary:
        name, wall_sum = one_of(wall, "NormalisedWallDuration", lose)
        other, cpu_sum = one_of(cpu, "NormalisedCpuDuration", lose)
        if other != name:
            raise RecordError("NormalisedCpuDuration", f"is by {other}, and NormalisedWallDuration by {name}")
        for wire, exact in (("NormalisedWallDuration", wall_sum), ("NormalisedCpuDuration", cpu_sum)):
            if exact != int(exact):
                lose(wire, f"{exact!r} becomes {int(exact)}")
        return msgspec.structs.replace(
            record,
            service_level_type=name,
            normalised_wall_duration=int(wall_sum),
            normalised_cpu_duration=int(cpu_sum),
        )
    if isinstance(wall, int) and isinstance(cpu, int) and is_dictionary:
        if kind is None:
            lose("NormalisedWallDuration", "the benchmark is not said, and taken to be HEPSPEC")
        name = canonical(kind or "HEPSPEC")
        return msgspec.structs.replace(
            record,
            service_level_type=None,
            normalised_wall_duration=Benchmarks(((name, float(wall)),)),
            normalised_cpu_duration=Benchmarks(((name, float(cpu)),)),
        )
    return record


def one_of(level: Benchmarks, wire: str, lose: Lose) -> tuple[str, float]:
    """The benchmark that a repository would take; the others are lost."""
    chosen = level.chosen()
    if chosen is None:
        raise RecordError(wire, f"{quoted(str(level))} names no benchmark that repositories know")
    others = [(name, value) for name, value in level.values if name.lower() != chosen[0]]
    if others:
        lose(wire, f"{Benchmarks(tuple(others))} is lost, as only one benchmark is kept")
    return KNOWN[chosen[0]], chosen[1]


def completed(record: JobRecord, now: int) -> JobRecord:
    """What CAR requires besides, where it is not said: who the record is, when it was made, that the job ended."""
    end = iso_time(record.end_time or 0).replace("T", " ").removesuffix("Z")
    parts = (record.machine_name, record.local_job_id, end)
    return msgspec.structs.replace(
        record,
        record_id=record.record_id or " ".join(one for one in parts if one),
        create_time=now if record.create_time is None else record.create_time,
        status=record.status or COMPLETED[1],
    )
