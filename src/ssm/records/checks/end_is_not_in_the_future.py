# SPDX-License-Identifier: Apache-2.0
"""Nothing ends more than two days from now."""

from ssm.records.checking import Columns, Context, Finding, check, numbers
from ssm.records.fault import Level
from ssm.records.moments import iso_time
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.public_ip import PublicIpRecord
from ssm.records.types.storage import StorageRecord
from ssm.records.types.summary import SummaryRecord

TWO_DAYS = 2 * 86400


def look(record: JobRecord | CloudRecord | StorageRecord, context: Context) -> Finding | None:
    """Clocks differ, but not by that much."""
    return too_late("end_time", record.end_time, context)


def look_at_summary(record: SummaryRecord | NormalisedSummaryRecord, context: Context) -> Finding | None:
    """The last end."""
    return too_late("latest_end_time", record.latest_end_time, context)


def look_at_count(record: PublicIpRecord, context: Context) -> Finding | None:
    """When addresses were counted."""
    return too_late("measurement_time", record.measurement_time, context)


def too_late(attribute: str, time: int | None, context: Context) -> Finding | None:
    """Beyond two days from now."""
    if time is None or time <= context.now + TWO_DAYS:
        return None
    return Finding(attribute, f"{time} ({iso_time(time)}) is more than two days in the future")


def are_past(columns: Columns, context: Context) -> bool:
    """All of them."""
    return max(numbers(columns("end_time")), default=0) <= context.now + TWO_DAYS


MEANING = "No end and no measurement is more than two days in the future."
CHECK = check("in-future", Level.ERROR, MEANING, (JobRecord, CloudRecord, StorageRecord), look, are_past)
OF_SUMMARY = check("in-future", Level.ERROR, MEANING, (SummaryRecord, NormalisedSummaryRecord), look_at_summary)
OF_COUNT = check("in-future", Level.ERROR, MEANING, (PublicIpRecord,), look_at_count)
