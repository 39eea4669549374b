# SPDX-License-Identifier: Apache-2.0
"""Records become rows."""

import pytest

from ssm.accounting.layouts import LAYOUTS, Form
from ssm.accounting.shaping import Shaped, shape
from ssm.ports.repository import Value
from ssm.records.benchmarks import Benchmarks
from ssm.records.field import Record
from ssm.records.message import made
from ssm.records.types import RECORD_TYPES
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.storage import StorageRecord
from ssm.records.types.summary import SummaryRecord

END = 1_715_000_000


def shaped(kind: str, *records: Record) -> Shaped:
    return shape(LAYOUTS[kind], made(records), 7)


def row(kind: str, record: Record) -> dict[str, Value]:
    """One row, by column."""
    found = shaped(kind, record)
    assert found.misfits == []
    return dict(zip(LAYOUTS[kind].names, found.rows[0], strict=True))


def job(**said: object) -> JobRecord:
    return JobRecord(**({"site": "A", "local_job_id": "1", "end_time": END} | said))  # type: ignore[arg-type]  # a test's defaults


def summary(**said: object) -> SummaryRecord:
    return SummaryRecord(**({"site": "A", "month": 5, "year": 2024} | said))  # type: ignore[arg-type]  # as above


def key(record: Record, kind: str = "summary") -> Value:
    return row(kind, record)["key_digest"]


def test_a_table_has_a_column_for_every_attribute_that_is_no_month() -> None:
    for name, kind in RECORD_TYPES.items():
        columns = set(LAYOUTS[name].names)
        missing = set(kind.record.__struct_fields__) - columns
        assert missing <= {"month", "year", "measurement_month", "measurement_year"}
        assert LAYOUTS[name].key[:2] == ("site", "month") == LAYOUTS[name].names[:2]
        assert not any(one.is_nullable for one in LAYOUTS[name].columns if one.name in LAYOUTS[name].key)


def test_keys_fit_into_an_index_of_every_database() -> None:
    for layout in LAYOUTS.values():
        lengths = [one.length * 4 or 16 for one in layout.columns if one.name in layout.key]
        assert sum(lengths) <= 3072, "octets, of InnoDB's keys"


def test_vo_group_and_role_follow_from_the_fqan_whatever_else_is_said() -> None:
    found = row("job", job(fqan="/atlas/uk/Role=production/Capability=NULL", vo="cms", vo_role="x"))
    assert (found["vo"], found["vo_group"], found["vo_role"]) == ("atlas", "/atlas/uk", "Role=production")
    assert row("job", job(vo="cms", vo_group="/cms"))["vo_group"] == "/cms", "as said, without an FQAN"
    both = shaped("job", job(vo="cms"), job(local_job_id="2", fqan="biomed", vo="x"))
    at = LAYOUTS["job"].names.index("vo")
    assert [one[at] for one in both.rows] == ["cms", "biomed"]


@pytest.mark.parametrize(("said", "expected"), [(None, "grid"), ("grid", "grid"), ("LOCAL", "local")])
def test_usage_that_does_not_say_where_is_grid_usage(said: str | None, expected: str) -> None:
    found = row("job", job(infrastructure_type=said))
    assert (found["infrastructure"], found["infrastructure_type"]) == (expected, said)


def test_of_several_benchmarks_the_preferred_one_is_kept() -> None:
    level = Benchmarks.of({"hepspec": 11.4, "HEPSCORE23": 15.3})
    found = row("job", job(service_level=level))
    assert (found["service_level_type"], found["service_level"]) == ("HEPscore23", 15.3)
    sums = Benchmarks.of({"hepspec": 7.9})
    both = NormalisedSummaryRecord(
        site="A", month=5, year=2024, normalised_wall_duration=sums, normalised_cpu_duration=sums
    )
    found = row("normalised-summary", both)
    assert (found["service_level_type"], found["normalised_wall_duration"]) == ("HEPSPEC", 7)


def test_a_job_without_a_speed_has_the_custom_one() -> None:
    found = row("job", job())
    assert (found["service_level_type"], found["service_level"]) == ("custom", 1.0)
    assert row("summary", summary())["service_level"] is None


def test_a_benchmark_is_the_same_in_any_spelling() -> None:
    assert row("job", job(service_level_type="si2k", service_level=2.0))["service_level_type"] == "Si2k"
    first, second = (key(summary(service_level_type=one, service_level=1.0)) for one in ("hepspec", "HEPSPEC"))
    assert first == second


def test_what_tells_summaries_apart_is_in_their_key_and_nothing_else() -> None:
    names = LAYOUTS["summary"].own_key
    assert set(names) >= {"global_user_name", "vo", "infrastructure", "service_level", "processors"}
    base = summary(vo="a", processors=1, number_of_jobs=1)
    assert key(base) == key(summary(vo="a", processors=1, number_of_jobs=2, wall_duration=9, earliest_end_time=END))
    others = [summary(vo="b", processors=1), summary(vo="a"), summary(vo_group="a", processors=1)]
    others += [summary(vo="a", processors=1, infrastructure_type="local"), summary(vo="a", node_count=1)]
    assert len({key(base), *(key(one) for one in others)}) == 6
    nobody, literally = (
        NormalisedSummaryRecord(site="A", month=5, year=2024, infrastructure=i) for i in (None, "Grid")
    )
    assert key(nobody, "normalised-summary") == key(literally, "normalised-summary")


def test_none_and_the_text_none_are_different_keys() -> None:
    assert key(summary(vo=None)) != key(summary(vo="None"))


def test_long_texts_are_cut_but_not_those_that_tell_records_apart() -> None:
    found = shaped("job", job(machine_name="x" * 300, job_name="y" * 256), job(machine_name="z" * 255))
    assert (found.cut, found.misfits) == (2, [])
    [misfit] = shaped("job", job(), job(local_job_id="x" * 256)).misfits
    assert (misfit.index, misfit.attribute, misfit.code) == (1, "local_job_id", "too-long")
    assert shaped("summary", summary(global_user_name="x" * 256)).misfits, "part of a digest"
    assert shaped("job", job(infrastructure_type="x" * 51)).misfits


@pytest.mark.parametrize("text", ["a\0b", "\udce9", "é\0", "x\ud800"])
def test_characters_that_no_database_holds_are_misfits(text: str) -> None:
    [misfit] = shaped("job", job(queue="fine"), job(queue=text)).misfits
    assert (misfit.index, misfit.code) == (1, "unstorable-text")


def test_numbers_beyond_a_column_are_misfits() -> None:
    [misfit] = shaped("job", job(processors=2**31)).misfits
    assert (misfit.attribute, misfit.code) == ("processors", "too-large")
    assert row("job", job(memory_real=2**63 - 1, processors=2**31 - 1))["memory_real"] == 2**63 - 1


def test_a_machine_of_which_no_month_can_be_told_is_a_misfit() -> None:
    [misfit] = shaped("cloud", CloudRecord(site="A", vm_uuid="x")).misfits
    assert misfit.code == "no-month"


def test_a_storage_record_without_a_site_has_an_empty_one() -> None:
    found = row("storage", StorageRecord(record_id="r", end_time=END, group_attributes=(("a", "b"),)))
    assert (found["site"], found["group_attributes"]) == ("", '[["a", "b"]]')


def test_numbers_are_always_of_the_form_of_their_column() -> None:
    whole = CloudRecord(site="A", vm_uuid="x", record_create_time=END, cpu_count=2)
    assert isinstance(row("cloud", whole)["cpu_count"], float)
    assert {one.form for layout in LAYOUTS.values() for one in layout.columns} == set(Form)
