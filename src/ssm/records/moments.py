# SPDX-License-Identifier: Apache-2.0
"""Times and durations as usage records write them: seconds since 1970, and ISO 8601."""

import datetime
import re

LAST_SECOND = 253402300799  # of the year 9999
ISO_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)([T ])(\d\d):(\d\d):(\d\d)(?:[.,]\d{1,12})?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE | re.ASCII
)
# Years, months, weeks, days, T, hours, minutes, seconds, each a number with its letter (CAR 1.2, durations).
ISO_DURATION = re.compile(
    r"P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})W)?(?:(\d{1,9})D)?"
    r"T?(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12})(?:[.,](\d{1,9}))?S)?",
    re.ASCII,
)
SECONDS_PER_UNIT = (31_536_000, 2_628_000, 604_800, 86_400, 3_600, 60)
MOST_SECONDS = 10**12
HALF = 0.5
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

Doubts = list[str]
"""What a reader could read, but would have liked better otherwise: one sentence each."""


def read_iso_time(text: str, doubts: Doubts) -> int:
    """Seconds since 1970 from an ISO 8601 date and time; ValueError. Without a zone it is UTC, with a doubt."""
    match = ISO_TIME.fullmatch(text)
    if match is None:
        raise ValueError("must be a date and time, as in 2024-05-02T09:00:00Z")
    year, month, day, separator, hour, minute, second, zone = match.groups()
    try:
        moment = datetime.datetime(
            int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=zone_of(zone)
        )
        seconds = int((moment - EPOCH).total_seconds())
    except (ValueError, OverflowError) as error:
        raise ValueError("must be a date and time that exist") from error
    if not 0 <= seconds <= LAST_SECOND:
        raise ValueError("must be between the years 1970 and 9999")
    if zone is None:
        doubts.append("has no zone, and is read as UTC")
    if separator == " ":
        doubts.append("has a blank where ISO 8601 has a T")
    return seconds


def zone_of(zone: str | None) -> datetime.timezone:
    """The zone that is written; UTC where none is."""
    if zone is None or zone in "Zz":
        return datetime.UTC
    offset = datetime.timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    return datetime.timezone(-offset if zone[0] == "-" else offset)


def iso_time(seconds: int) -> str:
    """As we write it."""
    return (EPOCH + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def read_duration(text: str) -> int:
    """Seconds from an ISO 8601 duration; a fraction is rounded, half to even. ValueError."""
    match = ISO_DURATION.fullmatch(text)
    if match is None:
        raise ValueError("must be a duration, as in PT7200S or P1DT2H")
    *units, seconds, fraction = match.groups()
    total = sum(int(count) * size for count, size in zip(units, SECONDS_PER_UNIT, strict=True) if count)
    whole = total + int(seconds or 0)
    part = float("0." + (fraction or "0"))
    return whole + (part > HALF or (part == HALF and whole % 2 == 1))


def iso_duration(seconds: int) -> str:
    """As every reader understands it; ValueError where none does."""
    if not 0 <= seconds < MOST_SECONDS:
        raise ValueError("must not be negative, nor have more than 12 digits")
    return f"PT{seconds}S"


def month_start(year: int, month: int) -> int:
    """First second of a month, UTC; ValueError where there is no such month. Month 13 is the next January."""
    carry, zero_based = divmod(month - 1, 12)
    moment = datetime.datetime(year + carry, zero_based + 1, 1, tzinfo=datetime.UTC)
    return int((moment - EPOCH).total_seconds())


def month_of(seconds: int) -> tuple[int, int]:
    """Year and month of a time, UTC."""
    moment = EPOCH + datetime.timedelta(seconds=seconds)
    return moment.year, moment.month
