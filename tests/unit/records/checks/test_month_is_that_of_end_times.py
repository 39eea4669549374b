# SPDX-License-Identifier: Apache-2.0
"""The end times of a summary lie in its month, in their order."""

import pytest

from ssm.records.checks.month_is_that_of_end_times import CHECK
from ssm.records.moments import month_start
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord
from tests.unit.records.checks.asking import said

FIRST, NEXT = month_start(2024, 12), month_start(2025, 1)
KINDS = [SummaryRecord, NormalisedSummaryRecord]
Kind = type[SummaryRecord | NormalisedSummaryRecord]


@pytest.mark.parametrize("kind", KINDS)
def test_from_the_first_second_to_that_of_the_next_month(kind: Kind) -> None:
    assert not said(CHECK, kind(month=12, year=2024, earliest_end_time=FIRST, latest_end_time=NEXT))
    assert not said(CHECK, kind(month=12, year=2024, earliest_end_time=FIRST, latest_end_time=FIRST))
    assert not said(CHECK, kind(month=12, year=2024))


@pytest.mark.parametrize("kind", KINDS)
def test_times_outside_are_found_both(kind: Kind) -> None:
    record = kind(month=12, year=2024, earliest_end_time=FIRST - 1, latest_end_time=NEXT + 1)
    assert said(CHECK, record) == [
        ("earliest_end_time", "1733011199 (2024-11-30T23:59:59Z) is not in the month of the summary, 2024-12"),
        ("latest_end_time", "1735689601 (2025-01-01T00:00:01Z) is not in the month of the summary, 2024-12"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_is_not_after_the_last(kind: Kind) -> None:
    assert said(CHECK, kind(month=12, year=2024, earliest_end_time=FIRST + 9, latest_end_time=FIRST + 8)) == [
        ("latest_end_time", "1733011208 is before EarliestEndTime, 1733011209")
    ]


@pytest.mark.parametrize(("month", "year"), [(13, 2024), (0, 2024), (5, 10**9), (None, 2024), (5, None)])
def test_without_a_month_there_is_nothing_to_compare(month: int | None, year: int | None) -> None:
    assert not said(CHECK, SummaryRecord(month=month, year=year, earliest_end_time=5, latest_end_time=4))
