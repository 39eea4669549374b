# SPDX-License-Identifier: Apache-2.0
"""What is written as CAR, AUR or StAR reads back as itself, whatever it says; what would not is refused in writing."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm.errors import RecordError
from ssm.records.field import Field, Need, Record, RecordType, as_of
from ssm.records.formats import FORMATS
from ssm.records.kinds import DECIMAL, PAIRS, SECONDS, TEXT, TIME, WHOLE, Kind
from ssm.records.types.job import JOB, JobRecord
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.storage import STORAGE, StorageRecord
from ssm.records.types.summary import SUMMARY
from ssm.records.values import NULLS
from tests.xml_messages import as_shipped

FORMS: tuple[tuple[str, RecordType], ...] = (
    ("car", JOB),
    ("aur", SUMMARY),
    ("aur", NORMALISED_SUMMARY),
    ("star", STORAGE),
)
CHARACTERS = "abz09 <>&;]['\"\t\n\r\x7f\x85\xa0\u2028\ufffd\u00e9\u4e2d\U0001f600%{}:=/-"
TEXTS = st.text(CHARACTERS, min_size=1, max_size=6).map(str.strip).filter(
    lambda text: text not in NULLS
) | st.sampled_from(("]]>", "<!-- x -->", "<![CDATA[x]]>", "&amp;", "&#10;", "a\r\nb", "</Site>", "x" * 300))
PAIR_LISTS = st.lists(
    st.tuples(TEXTS | st.sampled_from(("subgroup", "role", "authority", "")), TEXTS), min_size=1, max_size=3
)
VALUES: dict[int, st.SearchStrategy[object]] = {
    id(TEXT): TEXTS,
    id(WHOLE): st.integers(-(2**63) + 1, 2**63 - 1),
    id(TIME): st.integers(0, 253402300799),
    id(SECONDS): st.integers(0, 10**12 - 1),
    id(DECIMAL): st.floats(-1e15, 1e15),
    id(PAIRS): PAIR_LISTS.map(tuple),
}


NOT_NEGATIVE = ("memory_real", "memory_virtual", "resource_capacity_allocated")


def kind_of(form: str, kind: RecordType, one: Field) -> Kind[object]:
    return as_of(one, kind.versions, FORMATS[form].names_versions[kind.name]).kind


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, RecordType, list[Record]]:
    """Records that say the same fields, so that a look is learnt."""
    form, kind = draw(st.sampled_from(FORMS))
    fields = [one for one in kind.fields() if one.xml and (one.need is Need.REQUIRED or draw(st.booleans()))]
    values = st.fixed_dictionaries(
        {
            one.attribute: st.integers(0, 2**63 - 1)
            if one.attribute in NOT_NEGATIVE
            else VALUES[id(kind_of(form, kind, one))]
            for one in fields
        }
    )
    return form, kind, [kind.record(**one) for one in draw(st.lists(values, min_size=1, max_size=3))]


def written(form: str, kind: RecordType, records: Sequence[Record]) -> bytes:
    return b"".join(FORMATS[form].write(kind, "", records))


def is_first_named_as_further(record: Record) -> bool:
    """A subgroup among the further attributes, where there is no first one."""
    if not isinstance(record, StorageRecord):
        return False
    first = {"subgroup": record.sub_group, "role": record.role}
    return any(kind in first and first[kind] is None for kind, _ in record.group_attributes or ())


@settings(deadline=None)  # a busy machine is no fault
@given(messages())
def test_what_is_written_reads_back_as_itself(message: tuple[str, RecordType, list[Record]]) -> None:
    form, kind, records = message
    if any(map(is_first_named_as_further, records)):
        with pytest.raises(RecordError, match="GroupAttributes cannot have"):
            written(form, kind, records)
        return
    found = as_shipped(written(form, kind, records))
    assert found.records == records
    assert {one.code for one in found.faults} <= {"too-long", "parts-only"}


WHOLE_JOB = JobRecord(site="A", local_job_id="1", wall_duration=1, cpu_duration=1, start_time=0, end_time=1)
WHOLE_SPACE = StorageRecord(
    record_id="r", create_time=0, storage_system="s", start_time=0, end_time=1, resource_capacity_used=1
)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("site", "", "Site cannot be '' in this format"),
        ("site", " a", "Site cannot be ' a' in this format"),
        ("site", "None", "Site cannot be 'None' in this format"),
        ("site", "a\x00", "Site holds a character that XML cannot hold, in 'a"),
        ("site", "a\ud800", "Site holds a character that XML cannot hold, in 'a"),
        ("site", "a\uffff", "Site holds a character that XML cannot hold, in 'a"),
        ("site", None, "Site must be said, and is not"),
        ("wall_duration", -1, "WallDuration cannot be '-1' in this format"),
        ("wall_duration", 10**12, "WallDuration cannot be '1000000000000' in this format"),
        ("end_time", -1, "EndTime cannot be '-1' in this format"),
        ("processors", 2**63, "Processors cannot be '9223372036854775808' in this format"),
        ("memory_real", -1, "MemoryReal cannot be '-1' in this format"),
        ("service_level", float("nan"), "ServiceLevel cannot be 'nan' in this format"),
        ("submit_host_type", "LRMS", "SubmitHostType has no place in urf:UsageRecord elements"),
    ],
)
def test_what_would_not_read_back_is_refused(field: str, value: object, said: str) -> None:
    values = {name: getattr(WHOLE_JOB, name) for name in WHOLE_JOB.__struct_fields__} | {field: value}
    with pytest.raises(RecordError) as caught:
        written("car", JOB, [JobRecord(**values)])
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("pairs", [(("a", ""),), (("a", "none"),), ((" a", "b"),), (("role", "x"),), (("a", " b"),)])
def test_further_attributes_that_would_not_read_back_are_refused(pairs: tuple[tuple[str, str], ...]) -> None:
    values = {name: getattr(WHOLE_SPACE, name) for name in WHOLE_SPACE.__struct_fields__}
    with pytest.raises(RecordError, match="GroupAttributes cannot have"):
        written("star", STORAGE, [StorageRecord(**values | {"group_attributes": pairs})])
