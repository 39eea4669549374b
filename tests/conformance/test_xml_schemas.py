# SPDX-License-Identifier: Apache-2.0
"""What is written as CAR and StAR is valid by schemas that were written from their descriptions, judged by libxml2."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ssm.records.field import Record, RecordType
from ssm.records.formats import FORMATS
from ssm.records.types.job import JOB, JobRecord
from ssm.records.types.storage import STORAGE, StorageRecord

SCHEMAS = {
    name: etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / f"{name}.xsd")) for name in ("car", "star")
}
WORDS = st.text("abcZ09 <>&'\"=/-.\u00e9\u4e2d", min_size=1, max_size=8).map(str.strip).filter(bool)
MAYBE_WORDS = st.none() | WORDS
COUNTS = st.integers(1, 2**31 - 1)
TIMES = st.integers(0, 253402300799)
SECONDS = st.integers(0, 10**11)
JOBS = st.builds(
    JobRecord,
    site=WORDS, submit_host=MAYBE_WORDS, machine_name=MAYBE_WORDS, queue=MAYBE_WORDS, local_job_id=WORDS,
    local_user_id=MAYBE_WORDS,
    global_user_name=MAYBE_WORDS | st.just("/DC=org/CN=a") | st.just("CN=a,DC=org"), fqan=MAYBE_WORDS, vo=MAYBE_WORDS,
    vo_group=MAYBE_WORDS, vo_role=MAYBE_WORDS, wall_duration=SECONDS, cpu_duration=SECONDS,
    processors=st.none() | COUNTS,
    node_count=st.none() | COUNTS, start_time=TIMES, end_time=TIMES, infrastructure_description=MAYBE_WORDS,
    infrastructure_type=MAYBE_WORDS, memory_real=st.none() | COUNTS, memory_virtual=st.none() | COUNTS,
    service_level_type=WORDS, service_level=st.floats(0, 1e15), record_id=WORDS, create_time=TIMES,
    global_job_id=MAYBE_WORDS, local_group=MAYBE_WORDS, job_name=MAYBE_WORDS,
    status=st.sampled_from(("completed", "failed", "aborted")), exit_status=st.none() | st.integers(-1, 255),
    middleware=MAYBE_WORDS, middleware_version=MAYBE_WORDS,
)  # fmt: skip
SPACES = st.builds(
    StorageRecord,
    record_id=WORDS, create_time=TIMES, storage_system=WORDS, site=MAYBE_WORDS, storage_share=MAYBE_WORDS,
    storage_media=MAYBE_WORDS, storage_class=MAYBE_WORDS, file_count=st.none() | COUNTS, directory_path=MAYBE_WORDS,
    local_user=MAYBE_WORDS, local_group=MAYBE_WORDS, user_identity=MAYBE_WORDS, group=MAYBE_WORDS, sub_group=WORDS,
    role=WORDS, group_attributes=st.none() | st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=3).map(tuple),
    start_time=TIMES, end_time=TIMES, resource_capacity_used=st.integers(0, 2**63 - 1),
    logical_capacity_used=st.none() | st.integers(0, 2**63 - 1), resource_capacity_allocated=st.none() | COUNTS,
)  # fmt: skip


def judge(form: str, kind: RecordType, records: Sequence[Record]) -> None:
    document = etree.fromstring(b"".join(FORMATS[form].write(kind, "", records)))
    SCHEMAS[form].assertValid(document)


@settings(deadline=None)
@given(st.lists(JOBS, max_size=3))
def test_jobs_are_written_as_valid_car(records: list[JobRecord]) -> None:
    judge("car", JOB, records)


@settings(deadline=None)
@given(st.lists(SPACES, max_size=3))
def test_storage_is_written_as_valid_star(records: list[StorageRecord]) -> None:
    judge("star", STORAGE, records)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("car", "<urf:Status>completed</urf:Status>", ""),
        ("car", "PT1S", "-PT1S"),
        ("car", ' urf:type="HEPSPEC"', ' type="HEPSPEC"'),
        ("star", "<sr:StorageSystem>s</sr:StorageSystem>", "<sr:StorageSystem/>"),
        ("star", "Z<", "<"),
    ],
)
def test_the_schemas_refuse_what_is_wrong(name: str, old: str, new: str) -> None:
    job = JobRecord(
        site="A", machine_name="m", queue="q", local_job_id="1", local_user_id="u", wall_duration=1, cpu_duration=1,
        start_time=0, end_time=1, infrastructure_type="grid", service_level_type="HEPSPEC", service_level=1.5,
        record_id="r", create_time=0, status="completed",
    )  # fmt: skip
    space = StorageRecord(
        record_id="r", create_time=0, storage_system="s", start_time=0, end_time=1, resource_capacity_used=1
    )
    kind, record = (JOB, job) if name == "car" else (STORAGE, space)
    text = b"".join(FORMATS[name].write(kind, "", [record])).decode()
    SCHEMAS[name].assertValid(etree.fromstring(text.encode()))
    assert old in text
    assert not SCHEMAS[name].validate(etree.fromstring(text.replace(old, new).encode()))
