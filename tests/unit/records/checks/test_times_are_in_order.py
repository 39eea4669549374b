# SPDX-License-Identifier: Apache-2.0
"""No job, machine or period ends before it begins."""

import pytest

from ssm.records.checks.times_are_in_order import CHECK
from ssm.records.fault import Level
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.job import JobRecord
from ssm.records.types.storage import StorageRecord
from tests.unit.records.checks.asking import findings, said


@pytest.mark.parametrize("kind", [JobRecord, CloudRecord, StorageRecord])
def test_an_end_at_or_after_the_start_is_in_order(kind: type[JobRecord | CloudRecord | StorageRecord]) -> None:
    assert not said(CHECK, kind(start_time=5, end_time=5))
    assert not said(CHECK, kind(start_time=5, end_time=6))
    assert not said(CHECK, kind(start_time=5))
    assert not said(CHECK, kind(end_time=5))


@pytest.mark.parametrize(
    ("kind", "level"), [(JobRecord, Level.ERROR), (CloudRecord, Level.WARNING), (StorageRecord, Level.WARNING)]
)
def test_an_end_before_the_start_is_not(kind: type[JobRecord | CloudRecord | StorageRecord], level: Level) -> None:
    (finding,) = findings(CHECK, kind(start_time=5, end_time=4))
    assert (finding.attribute, finding.message) == ("end_time", "4 is before StartTime, 5")
    assert finding.level is level


def test_zero_is_how_clouds_say_that_a_machine_still_runs() -> None:
    assert not said(CHECK, CloudRecord(start_time=5, end_time=0))
    assert said(CHECK, JobRecord(start_time=5, end_time=0))
