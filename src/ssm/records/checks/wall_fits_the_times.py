# SPDX-License-Identifier: Apache-2.0
"""A job did not run longer than from its start to its end."""

from ssm.records.checking import Context, Finding, check
from ssm.records.fault import Level
from ssm.records.types.job import JobRecord

SLACK_SECONDS = 60


def look(record: JobRecord, _: Context) -> Finding | None:
    """Suspended time makes the wall duration shorter, nothing makes it longer."""
    start, end, wall = record.start_time, record.end_time, record.wall_duration
    if start is None or end is None or wall is None or end < start or wall <= end - start + SLACK_SECONDS:
        return None
    return Finding("wall_duration", f"{wall} s are longer than from StartTime to EndTime, {end - start} s")


CHECK = check(
    "wall-duration", Level.WARNING, "WallDuration is not longer than from StartTime to EndTime.", (JobRecord,), look
)
