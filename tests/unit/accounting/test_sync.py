# SPDX-License-Identifier: Apache-2.0
"""The rule by which numbers agree."""

import pytest

from ssm.accounting.sync import Comparison, SiteComparison, Verdict, agree, runs


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (0, 0, True),
        (0, 1, False),
        (1, 0, False),
        (100, 100, True),
        (100, 99, False),
        (1000, 991, True),
        (1000, 990, False),
        (1009, 1000, True),
        (1010, 1000, True),
        (1011, 1000, False),
    ],
)
def test_less_than_a_percent_of_either_agrees(one: int, other: int, *, expected: bool) -> None:
    assert agree(one, other) is expected
    assert agree(other, one) is expected


@pytest.mark.parametrize(
    ("said", "held", "verdict"),
    [
        (10, 10, Verdict.AGREES),
        (10, 5, Verdict.MISSING),
        (5, 10, Verdict.SURPLUS),
        (None, 10, Verdict.UNSAID),
        (None, 0, Verdict.AGREES),
    ],
)
def test_verdicts(said: int | None, held: int, verdict: Verdict) -> None:
    assert Comparison("A", 202405, "ce1", said, held).verdict is verdict


def test_months_that_follow_each_other_are_one_gap() -> None:
    assert runs([202312, 202401, 202402, 202404, 202311]) == [(202311, 202402), (202404, 202404)]
    assert runs([]) == []
    wrong = [Comparison("A", month, "ce1", 9, 1) for month in (202405, 202406)]
    assert SiteComparison("A", tuple(wrong), None).gaps() == [(202405, 202406)]


def test_a_week_is_lately() -> None:
    site = SiteComparison("A", (), 1_000_000)
    assert site.is_fresh(1_000_000 + 7 * 86_400)
    assert not site.is_fresh(1_000_001 + 7 * 86_400)
    assert not SiteComparison("A", (), None).is_fresh(0)
