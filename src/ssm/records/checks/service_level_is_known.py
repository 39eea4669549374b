# SPDX-License-Identifier: Apache-2.0
"""The speed of the cores is said, by a benchmark that repositories know."""

from ssm.records.benchmarks import CUSTOM, EARLIER, KNOWN, Benchmarks
from ssm.records.checking import Answer, Columns, Context, Finding, check
from ssm.records.fault import Level, nearest, quoted
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord

NAMES = ", ".join(KNOWN.values())
TEXT = "apel-text"


def look(record: JobRecord, context: Context) -> Finding | None:
    """Of a job: only where it travels as CAR may both be missing."""
    kind, level = record.service_level_type, record.service_level
    if isinstance(level, Benchmarks):
        return unknown_dictionary("service_level", level)
    if level is None and kind is None:
        if context.format != TEXT:
            return Finding("service_level", "is missing; repositories take custom and 1", level=Level.NOTE)
        return Finding("service_level", "is missing, and must be there")
    if level is None or kind is None:
        there, missing = ("ServiceLevelType", "ServiceLevel") if level is None else ("ServiceLevel", "ServiceLevelType")
        attribute = "service_level" if level is None else "service_level_type"
        return Finding(attribute, f"{there} is there, so {missing} must be there too")
    return unknown_name(kind)


def are_known(columns: Columns, _: Context) -> bool:
    """All of them; of the same few, each is looked at once."""
    levels, kinds = set(columns("service_level") or [None]), set(columns("service_level_type") or [None])
    return set(map(type, levels)) <= {int, float} and all(
        isinstance(one, str) and one.lower() in KNOWN for one in kinds
    )


def look_at_summary(record: SummaryRecord, _: Context) -> Finding | None:
    """Of a summary: repositories may refuse one without."""
    kind, level = record.service_level_type, record.service_level
    if isinstance(level, Benchmarks):
        return unknown_dictionary("service_level", level)
    if level is None:
        return Finding("service_level", "is missing; repositories may refuse the record", level=Level.WARNING)
    if kind is None:
        said = "is missing; repositories take ServiceLevel to be that of HEPSPEC"
        return Finding("service_level_type", said, level=Level.WARNING)
    return unknown_name(kind)


def look_at_normalised(record: NormalisedSummaryRecord, _: Context) -> Answer:
    """Of a normalised summary: both sums by the same benchmark."""
    wall, cpu = record.normalised_wall_duration, record.normalised_cpu_duration
    if not isinstance(wall, Benchmarks) or not isinstance(cpu, Benchmarks):
        return None
    sums = (("normalised_wall_duration", wall), ("normalised_cpu_duration", cpu))
    unknown = [found for attribute, one in sums if (found := unknown_dictionary(attribute, one)) is not None]
    if unknown:
        return unknown
    first, second = wall.chosen(), cpu.chosen()
    if first is None or second is None or first[0] == second[0]:
        return None
    said = f"is by {KNOWN[second[0]]}, and NormalisedWallDuration by {KNOWN[first[0]]}; both must be by the same"
    return Finding("normalised_cpu_duration", said)


def unknown_dictionary(attribute: str, benchmarks: Benchmarks) -> Finding | None:
    """None of the benchmarks is one that a repository takes."""
    if benchmarks.chosen() is not None:
        return None
    return Finding(attribute, f"{quoted(str(benchmarks))} names none of {NAMES}", guess(benchmarks.values[0][0]))


def unknown_name(kind: str) -> Finding | None:
    """The benchmark is none that a repository takes."""
    if kind.lower() in KNOWN:
        return None
    reason = "is refused by repositories" if kind.lower() == CUSTOM else "is no benchmark that repositories know"
    return Finding("service_level_type", f"{quoted(kind)} {reason}; it must be one of {NAMES}", guess(kind))


def guess(name: str) -> str:
    """What may have been meant."""
    return EARLIER.get(name.lower()) or nearest(name, KNOWN.values())


MEANING = "ServiceLevel is given by HEPscore23, HEPSPEC or Si2k, together with its type."
CHECK = check("service-level", Level.ERROR, MEANING, (JobRecord,), look, are_known)
OF_SUMMARY = check("service-level", Level.ERROR, MEANING, (SummaryRecord,), look_at_summary)
OF_NORMALISED = check("service-level", Level.ERROR, MEANING, (NormalisedSummaryRecord,), look_at_normalised)
