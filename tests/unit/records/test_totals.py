# SPDX-License-Identifier: Apache-2.0
"""Totals by site, VO and month."""

import pytest

from ssm.records.fault import Place
from ssm.records.field import Record
from ssm.records.fqan import Membership
from ssm.records.message import Batch
from ssm.records.totals import MOST_ROWS, OTHERS, Row, Totals, belonging, month
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.cloud_summary import CloudSummaryRecord
from ssm.records.types.job import JobRecord
from ssm.records.types.public_ip import PublicIpRecord
from ssm.records.types.storage import StorageRecord
from ssm.records.types.summary import SummaryRecord
from ssm.records.types.sync import SyncRecord


def seen(*records: Record) -> Totals:
    totals = Totals()
    totals.see(Batch(list(records), [], lambda _, __: Place()))
    return totals


def test_jobs_are_counted_and_their_times_added() -> None:
    job = JobRecord(site="A", vo="v", end_time=1714557600, wall_duration=10, cpu_duration=30)
    assert seen(job, job).rows == {("A", "v", "2024-05"): Row(2, 2, 20, 60)}


def test_summaries_say_how_many_they_are_of() -> None:
    summary = SummaryRecord(site="A", month=5, year=2024, number_of_jobs=7, wall_duration=1, cpu_duration=2)
    assert seen(summary).total == Row(1, 7, 1, 2)
    assert seen(SummaryRecord(site="A", month=5, year=2024, number_of_jobs=0)).total.jobs == 0
    assert seen(CloudSummaryRecord(site="A", month=5, year=2024, number_of_vms=3)).total.jobs == 3
    assert seen(SyncRecord(site="A", month=12, year=2024, number_of_jobs=3)).rows == {("A", "", "2024-12"): Row(1, 3)}


def test_storage_counts_octets() -> None:
    record = StorageRecord(site="A", group="v", end_time=1714557600, resource_capacity_used=5)
    assert seen(record).rows == {("A", "v", "2024-05"): Row(1, 1, octets=5)}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (JobRecord(end_time=1714521599), "2024-04"),
        (JobRecord(end_time=1714521600), "2024-05"),
        (JobRecord(), ""),
        (CloudRecord(end_time=0, start_time=1714521600), "2024-05"),
        (CloudRecord(end_time=0, record_create_time=1714521600, start_time=1), "2024-05"),
        (PublicIpRecord(measurement_time=1714521600), "2024-05"),
        (AcceleratorRecord(measurement_month=5, measurement_year=2024), "2024-05"),
        (SummaryRecord(month=5), ""),
    ],
)
def test_the_month_in_which_a_record_counts(record: Record, expected: str) -> None:
    assert month(record) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (JobRecord(fqan="/demo/Role=x", vo="other"), Membership("demo", "/demo", "Role=x")),
        (JobRecord(vo="v", vo_group="/v"), Membership("v", "/v", None)),
        (StorageRecord(group="v"), Membership("v", None, None)),
        (SyncRecord(), Membership(None, None, None)),
    ],
)
def test_whose_work_it_was(record: Record, expected: Membership) -> None:
    assert belonging(record) == expected


def test_rows_are_bounded_and_nothing_is_lost() -> None:
    totals = seen(*(SyncRecord(site=f"S{at}", number_of_jobs=1) for at in range(MOST_ROWS + 5)))
    assert len(totals.rows) == MOST_ROWS + 1
    assert totals.rows[OTHERS].records == 5
    assert totals.total.jobs == MOST_ROWS + 5
