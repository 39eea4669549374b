# SPDX-License-Identifier: Apache-2.0
"""What is only seen of a whole message: duplicates, a site unlike the others, the size."""

import time

import pytest

from ssm.records import whole_message
from ssm.records.fault import Fault, Level, Place
from ssm.records.field import Record
from ssm.records.message import Batch
from ssm.records.types.cloud import CLOUD, CloudRecord
from ssm.records.types.job import JOB, JobRecord
from ssm.records.types.storage import STORAGE, StorageRecord
from ssm.records.types.sync import SyncRecord
from ssm.records.whole_message import MAX_OCTETS, MOST_SITES, DuplicateKeys, Sites, size_fault


def batch(*records: Record, start: int = 1) -> Batch:
    """Ten lines a record."""
    return Batch(list(records), [], lambda index, attribute: Place(start + 10 * index, "", attribute))


def job(number: str | None, *, site: str | None = "A", end: int | None = 5) -> JobRecord:
    return JobRecord(site=site, local_job_id=number, end_time=end)


def test_a_record_with_the_key_of_an_earlier_one_replaces_it() -> None:
    duplicates = DuplicateKeys(JOB)
    assert duplicates.look(batch(job("1"), job("2"), job("1", site="B"), job("1", end=6))) == []
    said = "has the same Site, LocalJobId, EndTime as an earlier record of the message, and replaces it"
    assert duplicates.look(batch(job("3"), job("2"), start=41)) == [Fault(Level.WARNING, "duplicate-key", said, 51)]
    assert len(duplicates.look(batch(job("2"), job("3")))) == 2


def test_keys_are_remembered_up_to_a_bound_and_those_before_it_go_on_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_message, "MOST_KEYS", 2)  # a million would take long
    duplicates = DuplicateKeys(JOB)
    assert duplicates.look(batch(job("1"), job("2"), job("3"), job("3"))) == []
    assert len(duplicates.seen) == 2
    assert [fault.line for fault in duplicates.look(batch(job("3"), job("2")))] == [11]


@pytest.mark.parametrize("record", [job(None), job("1", site=None), job("1", end=None)])
def test_records_that_lack_part_of_a_required_key_have_another_fault(record: JobRecord) -> None:
    assert DuplicateKeys(JOB).look(batch(record, record, record)) == []


def test_an_optional_part_of_a_key_may_be_missing() -> None:
    machine = CloudRecord(site="A", vm_uuid="1")
    assert len(DuplicateKeys(CLOUD).look(batch(machine, machine))) == 1


def test_a_key_may_be_a_single_attribute() -> None:
    assert DuplicateKeys(STORAGE).look(batch(StorageRecord(record_id="a"), StorageRecord(record_id="b"))) == []
    assert len(DuplicateKeys(STORAGE).look(batch(StorageRecord(record_id="a"), StorageRecord(record_id="a")))) == 1
    assert DuplicateKeys(STORAGE).look(batch(StorageRecord(), StorageRecord())) == []


def faults_of(**counts: int) -> list[Fault]:
    """Of so many records of each site; ``_`` stands for ``-``."""
    sites = Sites()
    line = 1
    for name, count in counts.items():
        some = [SyncRecord(site=name.replace("_", "-"))] * count
        sites.look(batch(*some, start=line))
        line += 10 * count
    return sites.faults()


def test_one_site_is_like_itself_and_none_is_nothing() -> None:
    assert faults_of(A=50) == []
    assert faults_of() == []
    sites = Sites()
    sites.look(batch(SyncRecord(), SyncRecord(site="")))
    assert sites.faults() == []


def test_sites_that_are_all_frequent_and_different_are_right() -> None:
    assert faults_of(RAL_LCG2=5, CERN=5, DESY=5) == []


def test_a_site_that_looks_like_another_is_told_with_its_line_and_the_other() -> None:
    (fault,) = faults_of(EXAMPLE_T2=3, EXAMPL_T2=1)
    assert (fault.code, fault.line, fault.level) == ("odd-site", 31, Level.WARNING)
    assert str(fault) == "site: 'EXAMPL-T2' is the site of 1 of 4 records: did you mean EXAMPLE-T2?"


def test_a_message_of_many_sites_may_have_names_that_are_alike() -> None:
    assert faults_of(UK_EXAMPLE_01=1, FR_EXAMPLE_01=3, IT_EXAMPLE_01=1, DE_EXAMPLE_01=40, ES_EXAMPLE_01=12) == []


def test_a_site_in_other_letters_is_told() -> None:
    (fault,) = faults_of(EXAMPLE_T2=9, example_t2=8)
    assert (fault.suggestion, fault.line) == ("EXAMPLE-T2", 91)


def test_a_site_that_hardly_any_record_has_is_told() -> None:
    (fault,) = faults_of(RAL_LCG2=30, CERN=2)
    assert str(fault) == "site: 'CERN' is the site of 2 of 32 records"
    assert faults_of(RAL_LCG2=18, CERN=2) == []


def test_many_sites_take_a_bounded_memory_and_time() -> None:
    sites = Sites()
    for number in range(0, 3 * MOST_SITES, 100):
        sites.look(batch(*(SyncRecord(site=f"{one * 7919 % 100_000:05}-{one}") for one in range(number, number + 100))))
    assert len(sites.counts) == len(sites.first) == MOST_SITES
    assert sites.faults() == []


def test_names_that_are_too_long_are_not_kept() -> None:
    sites = Sites()
    sites.look(batch(SyncRecord(site="x" * 256), SyncRecord(site="y" * 255)))
    assert list(sites.first) == ["y" * 255]


def test_a_message_may_have_a_million_octets() -> None:
    assert size_fault(0) is None
    assert size_fault(MAX_OCTETS) is None
    fault = size_fault(MAX_OCTETS + 1)
    assert fault is not None
    assert (fault.level, str(fault)) == (
        Level.WARNING,
        "the message has 1000001 octets; AMS takes 1000000 (ssm split cuts it)",
    )


def test_sites_made_to_be_compared_take_a_bounded_time() -> None:
    sites = Sites()
    for number in range(200):
        name = f"{'abcdefghij' * 25}{number:05}"
        sites.counts[name] = 1_000_000 if number == 0 else 1
        sites.first[name] = Place(number)
    begun = time.process_time()
    assert len(sites.faults()) == 199
    assert time.process_time() - begun < 30
