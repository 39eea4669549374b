# SPDX-License-Identifier: Apache-2.0
"""A job, a machine or a period does not end before it begins."""

from operator import le

from ssm.records.checking import Columns, Context, Finding, check, numbers
from ssm.records.fault import Level
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.job import JobRecord
from ssm.records.types.storage import StorageRecord


def look(record: JobRecord | CloudRecord | StorageRecord, _: Context) -> Finding | None:
    """An end of 0 is what some clouds say of a machine that still runs."""
    start, end = record.start_time, record.end_time
    if start is None or end is None or end >= start or (end == 0 and isinstance(record, CloudRecord)):
        return None
    level = Level.ERROR if isinstance(record, JobRecord) else Level.WARNING
    return Finding("end_time", f"{end} is before StartTime, {start}", level=level)


def are_in_order(columns: Columns, _: Context) -> bool:
    """All of them."""
    starts, ends = columns("start_time"), columns("end_time")
    return starts is None or ends is None or all(map(le, numbers(starts), numbers(ends)))


CHECK = check(
    "end-before-start",
    Level.ERROR,
    "EndTime is not before StartTime (for clouds and storage a warning).",
    (JobRecord, CloudRecord, StorageRecord),
    look,
    are_in_order,
)
