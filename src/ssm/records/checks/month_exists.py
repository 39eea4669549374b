# SPDX-License-Identifier: Apache-2.0
"""Month and year make a month that has come."""

from ssm.records.checking import Context, Finding, check
from ssm.records.fault import Level
from ssm.records.moments import month_start
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.cloud_summary import CloudSummaryRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord
from ssm.records.types.sync import SyncRecord

MONTHS = range(1, 13)
YEARS = range(1970, 9999)


def look(
    record: SummaryRecord | NormalisedSummaryRecord | CloudSummaryRecord | SyncRecord, context: Context
) -> Finding | None:
    """Of summaries and counts."""
    return wrong("month", "year", record.month, record.year, context)


def look_at_accelerator(record: AcceleratorRecord, context: Context) -> Finding | None:
    """The same under other names."""
    return wrong("measurement_month", "measurement_year", record.measurement_month, record.measurement_year, context)


def wrong(at_month: str, at_year: str, month: int | None, year: int | None, context: Context) -> Finding | None:
    """What is wrong with a month."""
    if month is not None and month not in MONTHS:
        return Finding(at_month, f"{month} must be from 1 to 12")
    if year is not None and year not in YEARS:
        return Finding(at_year, f"{year} must be a year, from {YEARS.start} on")
    if month is None or year is None or month_start(year, month) <= context.now:
        return None
    return Finding(at_month, f"{year}-{month:02} is in the future")


MEANING = "Month and year make a month, which is not in the future."
CHECK = check(
    "wrong-month", Level.ERROR, MEANING, (SummaryRecord, NormalisedSummaryRecord, CloudSummaryRecord, SyncRecord), look
)
OF_ACCELERATOR = check("wrong-month", Level.ERROR, MEANING, (AcceleratorRecord,), look_at_accelerator)
