# SPDX-License-Identifier: Apache-2.0
"""Times, durations and months."""

import pytest

from ssm.records import moments


def read(text: str) -> tuple[int, list[str]]:
    doubts: list[str] = []
    return moments.read_iso_time(text, doubts), doubts


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-01T10:00:00Z", "2024-05-01t10:00:00z", "2024-05-01T12:00:00+02:00", "2024-05-01T12:00:00+0200",
        "2024-05-01T04:30:00-05:30", "2024-05-01T10:00:00.999Z", "2024-05-01T10:00:00,5Z",
    ],
)  # fmt: skip
def test_times_with_a_zone(text: str) -> None:
    assert read(text) == (1714557600, [])


def test_doubtful_times() -> None:
    assert read("2024-05-01T10:00:00") == (1714557600, ["has no zone, and is read as UTC"])
    assert read("2024-05-01 10:00:00Z") == (1714557600, ["has a blank where ISO 8601 has a T"])


@pytest.mark.parametrize(
    "text",
    ["", "2024-05-01", "2024-5-1T10:00:00Z", "2024-05-01T10:00Z", "2024-05-01T10:00:00 Z", "٢024-05-01T10:00:00Z"],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date and time, as in"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "2024-02-30T10:00:00Z",
        "2023-02-29T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "0000-01-01T00:00:00Z",
        "2024-01-01T00:00:00+99:00",
    ],
)
def test_times_that_do_not_exist(text: str) -> None:
    with pytest.raises(ValueError, match="that exist"):
        read(text)


@pytest.mark.parametrize("text", ["1969-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-00:01"])
def test_times_out_of_bounds(text: str) -> None:
    with pytest.raises(ValueError, match="between the years 1970 and 9999"):
        read(text)


@pytest.mark.parametrize("seconds", [0, 1714557600, moments.LAST_SECOND])
def test_times_are_written_so_that_they_read_back(seconds: int) -> None:
    assert read(moments.iso_time(seconds)) == (seconds, [])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("PT0S", 0),
        ("PT7200S", 7200),
        ("PT2H", 7200),
        ("P1DT2H", 93600),
        ("P1D", 86400),
        ("PT1M30S", 90),
        ("P1M", 2628000),
        ("P1Y", 31536000),
        ("P2W", 1209600),
        ("PT0.5S", 0),
        ("PT1.5S", 2),
        ("PT2,5S", 2),
        ("PT1.51S", 2),
        ("PT1.49S", 1),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert moments.read_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7200", "P1H2", "PT-5S", "-PT5S", "PT5", "1H", "PT5S ", "PT1.S"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        moments.read_duration(text)


def test_months_begin_and_hold_their_seconds() -> None:
    assert moments.month_start(1970, 1) == 0
    assert moments.month_start(2023, 13) == moments.month_start(2024, 1) == 1704067200
    assert moments.month_of(1704067199) == (2023, 12)
    assert moments.month_of(1704067200) == (2024, 1)


@pytest.mark.parametrize("seconds", [0, 1, 3600, 10**12 - 1])
def test_a_duration_that_is_written_reads_back(seconds: int) -> None:
    assert moments.read_duration(moments.iso_duration(seconds)) == seconds


@pytest.mark.parametrize("seconds", [-1, 10**12])
def test_a_duration_that_no_reader_would_take_is_not_written(seconds: int) -> None:
    with pytest.raises(ValueError, match="must not be negative, nor have more than 12 digits"):
        moments.iso_duration(seconds)
