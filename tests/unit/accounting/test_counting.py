# SPDX-License-Identifier: Apache-2.0
"""Normalisation, cores, efficiency, and which source counts."""

import pytest

from ssm.accounting.counting import Claim, cores, counted, efficiency, factor, infrastructure_class, normalised, rounded
from ssm.accounting.summarise import JOB_SOURCES


@pytest.mark.parametrize(
    ("kind", "level", "expected"),
    [
        ("HEPSPEC", 10.5, 10.5),
        ("HEPscore23", 15.3, 15.3),
        ("Si2k", 2500.0, 10.0),
        ("si2K", 2500.0, 10.0),
        ("custom", 1.0, 1.0),
        (None, 7.0, 7.0),
        (None, None, 1.0),
    ],
)
def test_levels_become_factors(kind: str | None, level: float | None, expected: float) -> None:
    assert factor(kind, level) == expected


def test_normalised_time_is_rounded_once_and_never_negative() -> None:
    assert normalised(3, "HEPSPEC", 10.5) == 32
    assert normalised(-3, "HEPSPEC", 10.5) == 0
    assert [rounded(value) for value in (0.4, 0.5, 1.5, 2.5, 2.49)] == [0, 1, 2, 3, 2]


def test_a_job_has_a_core() -> None:
    assert [cores(value) for value in (None, 0, 1, 8)] == [1, 1, 1, 8]


def test_efficiency_of_nothing_is_not_known() -> None:
    assert efficiency(5, 10) == 0.5
    assert efficiency(5, 0) is None


def test_everything_that_is_not_local_may_be_the_same_grid_usage() -> None:
    assert [infrastructure_class(one) for one in ("local", "grid", "gratia-osg")] == ["local", "grid", "grid"]


def claim(source: str, part: str | None, count: int, infrastructure: str = "grid") -> Claim:
    return Claim(source, part, infrastructure, count)


def test_who_knows_most_counts_and_of_equals_who_says_most_about_each_job() -> None:
    some = [claim("job", "a", 5), claim("summary", "a", 7), claim("normalised-summary", "a", 7)]
    assert counted(some, JOB_SOURCES) == {some[1]}
    assert counted([claim("job", "a", 7), some[1]], JOB_SOURCES) == {claim("job", "a", 7)}


def test_parts_and_infrastructures_are_apart() -> None:
    some = [claim("job", "a", 5), claim("summary", "b", 7), claim("summary", "a", 9, "local")]
    assert counted(some, JOB_SOURCES) == set(some)


def test_who_does_not_say_where_speaks_of_all_that_it_does_not_name() -> None:
    vague = claim("normalised-summary", None, 10)
    assert counted([vague, claim("job", "a", 4), claim("job", "b", 5)], JOB_SOURCES) == {vague}
    detailed = [claim("job", "a", 5), claim("summary", "b", 5)]
    assert counted([vague, *detailed], JOB_SOURCES) == set(detailed)
    named = claim("normalised-summary", "a", 3)
    assert counted([vague, named, claim("job", "a", 4)], JOB_SOURCES) == {vague, claim("job", "a", 4)}
    assert counted([vague, claim("normalised-summary", "b", 1)], JOB_SOURCES) == {
        vague,
        claim("normalised-summary", "b", 1),
    }
