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
    cores = record.processors or 1
    if wall is None or cpu is None or wall < 0 or cores < 0 or cpu <= wall * cores:
        return None
    assumed = "" if record.processors else "; Processors is not said, and 1 is assumed"
    share = f"{-(-100 * cpu // (wall * cores))}%" if wall else "more than 100%"  # rounded up, so never 100%
    given = "1 core gives" if cores == 1 else f"{cores} cores give"
    return Finding("cpu_duration", f"{cpu} s are {share} of what {given} in {wall} s{assumed}")


CHECK = check(
    "efficiency",
    Level.WARNING,
    "CpuDuration is at most WallDuration times Processors.",
    (JobRecord, SummaryRecord, NormalisedSummaryRecord),
    look,
)
