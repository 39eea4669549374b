# SPDX-License-Identifier: Apache-2.0
"""A job runs no longer than from its start to its end, within a minute."""

import pytest

from ssm.records.checks.wall_fits_the_times import CHECK
from ssm.records.types.job import JobRecord
from tests.unit.records.checks.asking import said


@pytest.mark.parametrize("wall", [0, 100, 160])
def test_what_fits(wall: int) -> None:
    assert not said(CHECK, JobRecord(start_time=1000, end_time=1100, wall_duration=wall))


def test_what_does_not() -> None:
    assert said(CHECK, JobRecord(start_time=1000, end_time=1100, wall_duration=161)) == [
        ("wall_duration", "161 s are longer than from StartTime to EndTime, 100 s")
    ]


@pytest.mark.parametrize(
    "record",
    [
        JobRecord(start_time=1, end_time=0, wall_duration=999),
        JobRecord(end_time=1, wall_duration=999),
        JobRecord(start_time=1, wall_duration=999),
        JobRecord(start_time=1, end_time=2),
    ],
)
def test_without_times_in_order_there_is_nothing_to_compare(record: JobRecord) -> None:
    assert not said(CHECK, record)
