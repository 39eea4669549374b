# SPDX-License-Identifier: Apache-2.0
"""Month and year make a month that has come."""

from ssm.records.checking import Answer, Context, Finding, check
from ssm.records.fault import Level
from ssm.records.moments import month_start
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.cloud_summary import CloudSummaryRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord
from ssm.records.types.sync import SyncRecord

MONTHS = range(1, 13)
YEARS = range(1970, 9999)
FIRST_OF_ACCELERATORS = 2000


def look(record: SummaryRecord | NormalisedSummaryRecord | CloudSummaryRecord | SyncRecord, context: Context) -> Answer:
    """Of summaries and counts."""
    return wrong("", record.month, record.year, YEARS.start, context)


def look_at_accelerator(record: AcceleratorRecord, context: Context) -> Answer:
    """The same under other names, and of a younger schema."""
    return wrong("measurement_", record.measurement_month, record.measurement_year, FIRST_OF_ACCELERATORS, context)


def wrong(prefix: str, month: int | None, year: int | None, first_year: int, context: Context) -> Answer:
    """What is wrong with a month."""
    found = []
    if month is not None and month not in MONTHS:
        found.append(Finding(prefix + "month", f"{month} must be from 1 to 12"))
    if year is not None and not first_year <= year < YEARS.stop:
        found.append(Finding(prefix + "year", f"{year} must be a year, from {first_year} on"))
    if found or month is None or year is None or month_start(year, month) <= context.now:
        return found or None
    return Finding(prefix + "month", f"{year}-{month:02} is in the future")


MEANING = "Month and year make a month, which is not in the future."
CHECK = check(
    "wrong-month", Level.ERROR, MEANING, (SummaryRecord, NormalisedSummaryRecord, CloudSummaryRecord, SyncRecord), look
)
OF_ACCELERATOR = check("wrong-month", Level.ERROR, MEANING, (AcceleratorRecord,), look_at_accelerator)
