# SPDX-License-Identifier: Apache-2.0
"""The jobs of a summary ended in its month, the first of them before the last."""

from ssm.records.checking import Answer, Context, Finding, check
from ssm.records.checks.month_exists import MONTHS, YEARS
from ssm.records.fault import Level
from ssm.records.moments import iso_time, month_start
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord


def look(record: SummaryRecord | NormalisedSummaryRecord, _: Context) -> Answer:
    """The first second of the next month still counts, as it does for repositories."""
    month, year = record.month, record.year
    if month is None or year is None or month not in MONTHS or year not in YEARS:
        return None
    first, last = record.earliest_end_time, record.latest_end_time
    begin, end = month_start(year, month), month_start(year, month + 1)
    found = [
        Finding(attribute, f"{time} ({iso_time(time)}) is not in the month of the summary, {year}-{month:02}")
        for attribute, time in (("earliest_end_time", first), ("latest_end_time", last))
        if time is not None and not begin <= time <= end
    ]
    if first is not None and last is not None and last < first:
        found.append(Finding("latest_end_time", f"{last} is before EarliestEndTime, {first}"))
    return found or None


CHECK = check(
    "month-and-times",
    Level.ERROR,
    "EarliestEndTime and LatestEndTime lie in the month of the summary, in this order.",
    (SummaryRecord, NormalisedSummaryRecord),
    look,
)
