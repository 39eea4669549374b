# SPDX-License-Identifier: Apache-2.0
"""In which month, UTC, the usage of a record counts: YYYYMM, by type; None where it cannot be told."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeAlias

from ssm.records.moments import LAST_SECOND, month_of
from ssm.records.types.accelerator import ACCELERATOR
from ssm.records.types.cloud import CLOUD
from ssm.records.types.cloud_summary import CLOUD_SUMMARY
from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.public_ip import PUBLIC_IP
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY
from ssm.records.types.sync import SYNC

DAY_SECONDS = 86_400
COMPLETED = "completed"
Months: TypeAlias = "Iterable[int | None]"
Attribute: TypeAlias = "Callable[[str], list[int | None]]"
"""One attribute of all records."""


@lru_cache(4096)
def month_of_day(day: int) -> int:
    """Of a day since 1970."""
    year, month = month_of(day * DAY_SECONDS)
    return year * 100 + month


def month_of_time(seconds: int) -> int:
    """Of a moment."""
    return month_of_day(seconds // DAY_SECONDS)


def of_times(times: Iterable[int | None]) -> Iterator[int | None]:
    """Of moments."""
    return (None if time is None else month_of_day(time // DAY_SECONDS) for time in times)


def of_calendar(months: Iterable[int | None], years: Iterable[int | None]) -> Iterator[int | None]:
    """Of months that are said."""
    pairs = zip(months, years, strict=True)
    return (None if month is None or year is None else year * 100 + month for month, year in pairs)


def of_summaries(attribute: Attribute) -> Months:
    """As they say."""
    return of_calendar(attribute("month"), attribute("year"))


def of_clouds(attribute: Attribute) -> Months:
    """When a machine was measured: at its end, when the record was made, or by how long it had run by then.

    Some clouds say 0 for an end that has not come (APEL messages, cloud records).
    """
    return of_times(map(measured, *(attribute(name) for name in CLOUD_TIMES)))


CLOUD_TIMES = ("status", "end_time", "record_create_time", "start_time", "suspend_duration", "wall_duration")


def measured(status: object, *times: int | None) -> int | None:
    """Of one machine."""
    end, made, start, suspended, ran = times
    if status == COMPLETED and end:
        return end
    if made:
        return made
    return None if start is None else min(max(start + (suspended or 0) + (ran or 0), 0), LAST_SECOND)


MONTHS: Mapping[str, Callable[[Attribute], Months]] = MappingProxyType(
    {
        JOB.name: lambda attribute: of_times(attribute("end_time")),
        SUMMARY.name: of_summaries,
        NORMALISED_SUMMARY.name: of_summaries,
        SYNC.name: of_summaries,
        CLOUD.name: of_clouds,
        CLOUD_SUMMARY.name: of_summaries,
        STORAGE.name: lambda attribute: of_times(attribute("end_time")),
        PUBLIC_IP.name: lambda attribute: of_times(attribute("measurement_time")),
        ACCELERATOR.name: lambda attribute: of_calendar(attribute("measurement_month"), attribute("measurement_year")),
    }
)
