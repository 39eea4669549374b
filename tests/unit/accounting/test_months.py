# SPDX-License-Identifier: Apache-2.0
"""In which month usage counts."""

import pytest

from ssm.accounting.months import MONTHS, measured, month_of_time
from ssm.records.moments import LAST_SECOND
from ssm.records.types import RECORD_TYPES

MAY_1 = 1_714_521_600  # 2024-05-01 00:00:00 UTC


def test_every_type_has_a_rule() -> None:
    assert MONTHS.keys() == RECORD_TYPES.keys()


@pytest.mark.parametrize(
    ("time", "month"), [(0, 197001), (MAY_1 - 1, 202404), (MAY_1, 202405), (LAST_SECOND, 999912), (951_868_799, 200002)]
)
def test_months_begin_at_midnight_utc(time: int, month: int) -> None:
    assert month_of_time(time) == month


@pytest.mark.parametrize(
    ("status", "times", "expected"),
    [
        ("completed", (MAY_1, 5, 6, 0, 0), MAY_1),
        ("completed", (0, MAY_1, 6, 0, 0), MAY_1),
        ("completed", (None, None, 100, 10, 1), 111),
        ("started", (MAY_1, 5, 6, 0, 0), 5),
        ("started", (None, None, 100, None, None), 100),
        ("started", (None, None, None, 5, 5), None),
        (None, (None, 0, None, None, None), None),
        ("started", (None, None, LAST_SECOND, 2**62, 2**62), LAST_SECOND),
        ("started", (None, None, 5, -(2**62), 0), 0),
    ],
)
def test_a_machine_counts_when_it_was_measured(
    status: str | None, times: tuple[int | None, ...], expected: int | None
) -> None:
    assert measured(status, *times) == expected
