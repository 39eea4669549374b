# SPDX-License-Identifier: Apache-2.0
"""Processor time is at most wall time on all cores."""

import pytest

from ssm.records.checks.efficiency_is_possible import CHECK
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord
from tests.unit.records.checks.asking import said

Kind = type[JobRecord | SummaryRecord | NormalisedSummaryRecord]
KINDS = [JobRecord, SummaryRecord, NormalisedSummaryRecord]


@pytest.mark.parametrize("kind", KINDS)
def test_up_to_all_cores_all_the_time(kind: Kind) -> None:
    assert not said(CHECK, kind(wall_duration=100, cpu_duration=400, processors=4))
    assert said(CHECK, kind(wall_duration=100, cpu_duration=401, processors=4)) == [
        ("cpu_duration", "401 s are 101% of what 4 cores give in 100 s")
    ]


@pytest.mark.parametrize("processors", [None, 0])
def test_without_cores_one_is_assumed_and_that_is_said(processors: int | None) -> None:
    assert said(CHECK, JobRecord(wall_duration=100, cpu_duration=200, processors=processors)) == [
        ("cpu_duration", "200 s are 200% of what 1 core gives in 100 s; Processors is not said, and 1 is assumed")
    ]


def test_no_time_gives_no_processor_time() -> None:
    assert not said(CHECK, JobRecord(wall_duration=0, cpu_duration=0))
    assert said(CHECK, JobRecord(wall_duration=0, cpu_duration=1, processors=1)) == [
        ("cpu_duration", "1 s are more than 100% of what 1 core gives in 0 s")
    ]


def test_what_is_not_said_or_negative_is_for_other_checks() -> None:
    assert not said(CHECK, JobRecord(cpu_duration=5))
    assert not said(CHECK, JobRecord(wall_duration=5))
    assert not said(CHECK, JobRecord(wall_duration=-5, cpu_duration=5))


def test_a_number_of_cores_below_zero_is_for_another_check() -> None:
    assert not said(CHECK, JobRecord(wall_duration=5, cpu_duration=5, processors=-4))
