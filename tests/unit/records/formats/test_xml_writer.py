# SPDX-License-Identifier: Apache-2.0
"""Writing XML: in the order of the schemas, nothing for what is not said, and nothing that would read differently."""

import msgspec
import pytest

from ssm.errors import RecordError
from ssm.records.benchmarks import Benchmarks
from ssm.records.field import Record, RecordType
from ssm.records.formats import FORMATS, recognise
from ssm.records.types.job import JOB, JobRecord
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY, NormalisedSummaryRecord
from ssm.records.types.storage import STORAGE, StorageRecord
from tests.xml_messages import as_shipped

SPACE = StorageRecord(
    record_id="r1",
    create_time=1714608600,
    storage_system="se1.example.org",
    site="A&B",
    group="demo",
    sub_group="one",
    start_time=1714521600,
    end_time=1714608000,
    resource_capacity_used=1000,
)
WORK = JobRecord(
    record_id="r1",
    create_time=1714608600,
    local_job_id="1",
    status="completed",
    wall_duration=60,
    cpu_duration=60,
    start_time=1714521600,
    end_time=1714521660,
    machine_name="m",
    site="A",
    service_level=10.5,
    service_level_type="HEPSPEC",
)


def written(form: str, kind: RecordType, *some: Record) -> str:
    return b"".join(FORMATS[form].write(kind, "1.2", some)).decode()


def space(**changes: object) -> str:
    return written("star", STORAGE, msgspec.structs.replace(SPACE, **changes))


def work(**changes: object) -> str:
    return written("car", JOB, msgspec.structs.replace(WORK, **changes))


def test_a_document_has_a_declaration_a_root_and_a_record_a_line() -> None:
    first, root, *records, last = space().splitlines()
    assert first == '<?xml version="1.0" encoding="UTF-8"?>'
    assert root == '<sr:StorageUsageRecords xmlns:sr="http://eu-emi.eu/namespaces/2011/02/storagerecord">'
    assert records == [
        (
            '<sr:StorageUsageRecord><sr:RecordIdentity sr:recordId="r1" sr:createTime="2024-05-02T00:10:00Z"/>'
            "<sr:StorageSystem>se1.example.org</sr:StorageSystem><sr:Site>A&amp;B</sr:Site><sr:SubjectIdentity>"
            '<sr:Group>demo</sr:Group><sr:GroupAttribute sr:attributeType="subgroup">one</sr:GroupAttribute>'
            "</sr:SubjectIdentity><sr:StartTime>2024-05-01T00:00:00Z</sr:StartTime><sr:EndTime>2024-05-02T00:00:00Z"
            "</sr:EndTime><sr:ResourceCapacityUsed>1000</sr:ResourceCapacityUsed></sr:StorageUsageRecord>"
        )
    ]
    assert last == "</sr:StorageUsageRecords>"


def test_an_element_that_would_hold_nothing_is_left_out() -> None:
    assert "SubjectIdentity" not in space(group=None, sub_group=None)


def test_what_car_requires_stands_there_as_none_where_nothing_is_said_and_reads_back_as_nothing() -> None:
    text = work()
    for element in (
        *("<urf:LocalUserId>None</urf:LocalUserId>", '<urf:Queue urf:description="execution">None</urf:Queue>'),
        *('<urf:Infrastructure urf:type="None"/>', "<urf:MachineName>m</urf:MachineName>"),
    ):
        assert element in text
    assert "<urf:MachineName>None</urf:MachineName>" in work(machine_name=None)
    assert "urf:SubmitHost" not in text
    document = written("car", JOB, *[msgspec.structs.replace(WORK, local_job_id=str(at)) for at in range(100)])
    form, again = recognise(iter([document.encode()]))
    batches = list(form.read(again).batches)
    assert [one.local_job_id for some in batches for one in some.records if isinstance(one, JobRecord)] == [
        str(at) for at in range(100)
    ]
    assert {one.queue for some in batches for one in some.records if isinstance(one, JobRecord)} == {None}
    assert [some.faults for some in batches] == [[]] * len(batches)


def test_further_attributes_of_a_group_read_back_in_their_order() -> None:
    more = (("authority", "<a>"), ("subgroup", "two"), ("", "x"))
    (record,) = as_shipped(space(group_attributes=more).encode()).records
    assert record == msgspec.structs.replace(SPACE, group_attributes=more)


@pytest.mark.parametrize("more", [
    (("role", "pilot"),),
    (("authority", "None"),),
    (("authority", " a"),),
    ((" authority", "a"),),
    (("authority", "a\x01"),),
    (("auth\ud800", "a"),),
])  # fmt: skip
def test_attributes_of_a_group_that_would_not_read_back_are_refused(more: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(RecordError, match="GroupAttributes cannot have"):
        space(group_attributes=more)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"record_id": None}, "RecordId must be said, and is not"),
        ({"site": "a\x01"}, r"Site holds a character that XML cannot hold, in 'a\\x01'"),
        ({"site": "None"}, "Site cannot be 'None' in this format"),
        ({"site": 7}, "Site cannot be '7' in this format"),
        ({"file_count": True}, "FileCount cannot be 'True' in this format"),
        ({"start_time": -1}, "StartTime cannot be '-1' in this format"),
        ({"resource_capacity_allocated": -1}, "ResourceCapacityAllocated cannot be '-1' in this format"),
    ],
)
def test_what_would_not_read_back_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(RecordError, match=words):
        space(**changes)


@pytest.mark.parametrize("seconds", [-1, 10**12])
def test_a_duration_that_no_reader_would_take_is_refused(seconds: int) -> None:
    with pytest.raises(RecordError, match=f"WallDuration cannot be '{seconds}' in this format"):
        work(wall_duration=seconds)


def test_a_form_of_benchmarks_that_the_format_does_not_have_is_refused() -> None:
    with pytest.raises(RecordError, match="ServiceLevel cannot be"):
        work(service_level=Benchmarks((("HEPSPEC", 10.5),)))


def test_what_the_format_has_no_place_for_is_refused_and_not_dropped() -> None:
    record = NormalisedSummaryRecord(
        site="A", month=5, year=2024, wall_duration=1, cpu_duration=1, normalised_wall_duration=1,
        normalised_cpu_duration=1, number_of_jobs=1, service_level_type="HEPSPEC",
    )  # fmt: skip
    with pytest.raises(RecordError, match="ServiceLevelType has no place in aur:SummaryRecord elements"):
        written("aur", NORMALISED_SUMMARY, record)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("/DC=org/CN=Robot", ' urf:type="opensslCompat"'),
        ("CN=Robot,DC=org", ' urf:type="rfc2253"'),
        ("robot", ""),
    ],
)
def test_a_users_name_in_car_says_in_which_spelling_it_is(name: str, kind: str) -> None:
    assert f"<urf:GlobalUserName{kind}>{name}</urf:GlobalUserName>" in work(global_user_name=name)
