# SPDX-License-Identifier: Apache-2.0
"""What a receiver could not tell apart goes out as one."""

from msgspec.structs import replace

from ssm.accounting.merging import merged, publication_of, taken_back
from ssm.records.types.cloud_summary import CLOUD_SUMMARY, CloudSummaryRecord
from ssm.records.types.summary import SUMMARY, SummaryRecord
from ssm.records.types.sync import SYNC, SyncRecord

ONE = SummaryRecord(
    site="A", month=5, year=2024, vo="demo", submit_host="ce1", infrastructure_type="grid",
    service_level_type="HEPSPEC", service_level=10.0, node_count=1, processors=8,
    wall_duration=1, cpu_duration=2, number_of_jobs=3,
    earliest_end_time=10, latest_end_time=20, infrastructure_description="x",
)  # fmt: skip


def test_texts_in_any_case_and_levels_to_three_places_are_the_same() -> None:
    other = replace(ONE, vo="DEMO", service_level=10.0001, earliest_end_time=5)
    [found] = merged(SUMMARY, [ONE, other])
    assert isinstance(found, SummaryRecord)
    assert (found.number_of_jobs, found.wall_duration, found.cpu_duration) == (6, 2, 4)
    assert (found.vo, found.service_level) == ("demo", 10.0)
    assert (found.earliest_end_time, found.latest_end_time) == (5, 20)
    assert found.infrastructure_description == "x"


def test_what_they_do_not_agree_upon_is_not_said() -> None:
    other = replace(ONE, infrastructure_description="y", latest_end_time=None)
    [found] = merged(SUMMARY, [ONE, other])
    assert isinstance(found, SummaryRecord)
    assert (found.infrastructure_description, found.latest_end_time) == (None, None)


def test_what_is_not_said_by_all_is_added_up_as_far_as_it_is() -> None:
    base = CloudSummaryRecord(site="A", month=5, year=2024, number_of_vms=1)
    more = CloudSummaryRecord(site="A", month=5, year=2024, number_of_vms=1, memory=5)
    [found] = merged(CLOUD_SUMMARY, [base, more, more])
    assert isinstance(found, CloudSummaryRecord)
    assert (found.memory, found.disk, found.number_of_vms) == (10, None, 3)


def test_a_tiny_level_does_not_become_none() -> None:
    [found] = merged(SUMMARY, [replace(ONE, service_level=0.0001)])
    assert isinstance(found, SummaryRecord)
    assert found.service_level == 0.0001


def test_what_went_out_can_be_taken_back() -> None:
    publication = publication_of(SUMMARY, ONE)
    assert (publication.month, publication.submit_host, publication.count) == (202405, "ce1", 3)
    zero = taken_back(SUMMARY, publication)
    assert publication_of(SUMMARY, zero).digest == publication.digest
    assert isinstance(zero, SummaryRecord)
    assert (zero.number_of_jobs, zero.wall_duration, zero.cpu_duration) == (0, 0, 0)
    assert zero.processors == 8
    one = SyncRecord(site="A", month=5, year=2024, number_of_jobs=3)
    assert taken_back(SYNC, publication_of(SYNC, one)) == SyncRecord(site="A", month=5, year=2024, number_of_jobs=0)
