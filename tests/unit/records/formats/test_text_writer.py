# SPDX-License-Identifier: Apache-2.0
"""Writing text messages: in order, nothing for what is not said, and nothing that would read differently."""

import pytest

from ssm.errors import RecordError
from ssm.records.benchmarks import Benchmarks
from ssm.records.field import Record, RecordType
from ssm.records.formats.text_writer import write
from ssm.records.message import BATCH_RECORDS
from ssm.records.types.job import JOB, JobRecord
from ssm.records.types.sync import SYNC, SyncRecord
from tests.usage_messages import records


def written(kind: RecordType, version: str, *some: Record) -> str:
    return b"".join(write(kind, version, some)).decode()


GOOD = SyncRecord(site="A", submit_host="b", number_of_jobs=1, month=5, year=2024)


def test_a_message_is_header_and_records_each_with_a_separator() -> None:
    assert written(SYNC, "v0.1", GOOD, SyncRecord(site="B", number_of_jobs=0, month=6, year=2024)) == (
        "APEL-sync-message: v0.1\n"
        "Site: A\nSubmitHost: b\nNumberOfJobs: 1\nMonth: 5\nYear: 2024\n%%\n"
        "Site: B\nNumberOfJobs: 0\nMonth: 6\nYear: 2024\n%%\n"
    )


def test_no_records_make_a_header() -> None:
    assert written(SYNC, "v0.1") == "APEL-sync-message: v0.1\n"


def test_names_are_those_of_the_version() -> None:
    job = JobRecord(
        site="A", local_job_id="1", fqan="/demo", wall_duration=1, cpu_duration=1, start_time=1, end_time=2,
        service_level_type="Si2k", service_level=2500.0,
    )  # fmt: skip
    old = written(JOB, "v0.1", job)
    assert "LocalJobID: 1\nUserFQAN: /demo\n" in old
    assert "ScalingFactorUnit: SpecInt2000\nScalingFactor: 2500.0\n" in old
    assert "LocalJobId: 1\nFQAN: /demo\n" in written(JOB, "v0.3", job)
    assert records(old) == [job]


def test_records_of_many_looks_keep_their_order() -> None:
    some = [
        SyncRecord(site=f"S{at}", submit_host="b" if at % 3 else None, number_of_jobs=at, month=1, year=2024)
        for at in range(BATCH_RECORDS * 2 + 3)
    ]
    assert records(written(SYNC, "v0.1", *some)) == some


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (SyncRecord(submit_host="b", number_of_jobs=1, month=1, year=1), "Site must be said, and is not"),
        (SyncRecord(site="a%%b", number_of_jobs=1, month=1, year=1), "Site cannot be 'a%%b' in a text message"),
        (SyncRecord(site="a", submit_host="b%%", number_of_jobs=1, month=1, year=1), "SubmitHost cannot be 'b%%'"),
        (SyncRecord(site="a", submit_host="b\x00", number_of_jobs=1, month=1, year=1), "SubmitHost cannot be"),
        (SyncRecord(site="a\nb", number_of_jobs=1, month=1, year=1), r"Site cannot be 'a\\nb' in a text message"),
        (SyncRecord(site="a\x85b", number_of_jobs=1, month=1, year=1), r"Site cannot be 'a\\x85b' in a text message"),
        (SyncRecord(site="\ud800", number_of_jobs=1, month=1, year=1), r"Site cannot be '\\ud800' in a text message"),
        (SyncRecord(site="None", number_of_jobs=1, month=1, year=1), "Site cannot be 'None' in a text message"),
        (SyncRecord(site=" a", number_of_jobs=1, month=1, year=1), "Site cannot be ' a' in a text message"),
        (SyncRecord(site="a", number_of_jobs=2**63, month=1, year=1), "NumberOfJobs cannot be"),
        (SyncRecord(site="a", number_of_jobs=True, month=1, year=1), "NumberOfJobs must be whole number"),
    ],
)
def test_what_would_not_read_back_is_refused(record: SyncRecord, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        written(SYNC, "v0.1", GOOD, record)


def job(**changes: object) -> JobRecord:
    values = dict.fromkeys(("wall_duration", "cpu_duration", "start_time", "end_time"), 1)
    return JobRecord(**{"site": "A", "local_job_id": "1", **values, **changes})  # type: ignore[arg-type]  # any wrong value


@pytest.mark.parametrize(
    ("version", "record", "words"),
    [
        ("v0.3", job(record_id="x"), "RecordId has no place in a text message of this version"),
        ("v0.1", job(queue="q"), "Queue has no place in a text message of this version"),
        ("v0.4", job(service_level_type="HEPSPEC"), "ServiceLevelType has no place"),
        ("v0.3", job(service_level=Benchmarks((("HEPSPEC", 1.0),))), "ServiceLevel must be number in this version"),
        ("v0.4", job(service_level=1.0), "ServiceLevel must be benchmarks in this version"),
        ("v0.3", job(service_level=float("nan")), "ServiceLevel cannot be 'nan'"),
        ("v0.3", job(service_level=float("inf")), "ServiceLevel cannot be 'inf'"),
        ("v0.3", job(start_time=-1), "StartTime cannot be '-1'"),
        ("v0.3", job(start_time=1.5), "StartTime must be time in this version"),
        ("v0.1", job(service_level_type="HepSpec06"), "ScalingFactorUnit cannot be 'HepSpec06'"),
        ("v0.4", job(service_level=Benchmarks(((" a", 1.0),))), "ServiceLevel cannot be"),
        ("v0.4", job(service_level=Benchmarks((("a", float("inf")),))), "ServiceLevel cannot be"),
    ],
)
def test_what_a_version_cannot_say_is_refused(version: str, record: JobRecord, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        written(JOB, version, record)
