# SPDX-License-Identifier: Apache-2.0
"""Processor time is no more than all cores could give in the time."""

from ssm.records.checking import Context, Finding, check
from ssm.records.fault import Level
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord


def look(record: JobRecord | SummaryRecord | NormalisedSummaryRecord, _: Context) -> Finding | None:
    """Where the cores are not said, one is assumed."""
    wall, cpu = record.wall_duration, record.cpu_duration
    if wall is None or cpu is None or wall < 0:
        return None
    cores = record.processors or 1
    if cpu <= wall * cores:
        return None
    assumed = "" if record.processors else ", for Processors says nothing"
    share = f"{cpu / (wall * cores):.0%}" if wall > 0 else "more than 100%"
    plural = "" if cores == 1 else "s"
    return Finding("cpu_duration", f"{cpu} s are {share} of {wall} s on {cores} core{plural}{assumed}")


CHECK = check(
    "efficiency",
    Level.WARNING,
    "CpuDuration is at most WallDuration times Processors.",
    (JobRecord, SummaryRecord, NormalisedSummaryRecord),
    look,
)
