# SPDX-License-Identifier: Apache-2.0
"""Records and faults as other programs see them."""

import json

import pytest

from ssm.records.benchmarks import Benchmarks
from ssm.records.fault import Fault, Level
from ssm.records.shown import shown_fault, shown_record
from ssm.records.types import RECORD_TYPES
from ssm.records.types.cloud import CLOUD, CloudRecord
from ssm.records.types.job import JOB, JobRecord
from ssm.records.types.public_ip import PUBLIC_IP, PublicIpRecord


def test_a_record_has_every_field_by_its_newest_name_and_null_for_what_is_not_said() -> None:
    shown = shown_record(JOB, "apel-text", JobRecord(local_job_id="7", service_level=Benchmarks((("HEPSPEC", 10.5),))))
    assert shown["LocalJobId"] == "7"
    assert shown["ServiceLevel"] == {"HEPSPEC": 10.5}
    assert shown["Site"] is None
    assert "RecordId" not in shown
    assert set(shown) == {one.name for one in JOB.fields() if one.in_text}


def test_vo_group_and_role_follow_from_the_fqan_which_wins() -> None:
    job = JobRecord(fqan="/demo/uk/Role=pilot", vo="other", vo_group="/other", vo_role="Role=x")
    shown = shown_record(JOB, "apel-text", job)
    assert [shown[name] for name in ("VO", "VOGroup", "VORole")] == ["demo", "/demo/uk", "Role=pilot"]


def test_without_an_fqan_they_are_as_given() -> None:
    shown = shown_record(JOB, "apel-text", JobRecord(vo="chem", vo_group="/chem"))
    assert [shown[name] for name in ("VO", "VOGroup", "VORole")] == ["chem", "/chem", None]


@pytest.mark.parametrize("fqan", ["demo", None])
def test_clouds_have_them_too(fqan: str | None) -> None:
    shown = shown_record(CLOUD, "apel-text", CloudRecord(fqan=fqan))
    assert [shown[name] for name in ("VO", "VOGroup", "VORole")] == [fqan, None, None]
    assert shown_record(PUBLIC_IP, "json", PublicIpRecord(fqan=fqan))["VO"] == fqan


@pytest.mark.parametrize("kind", RECORD_TYPES.values(), ids=lambda kind: kind.name)
def test_every_record_can_be_shown(kind: object) -> None:
    for one in RECORD_TYPES.values():
        for form in ("apel-text", "car", "aur", "star", "json"):
            json.dumps(shown_record(one, form, one.record()))


def test_a_fault_has_all_its_members() -> None:
    fault = Fault(Level.WARNING, "field-twice", "stands twice", 4, "", "Site")
    assert shown_fault("a", fault) == {
        "file": "a", "line": 4, "path": None, "field": "Site", "level": "warning", "code": "field-twice",
        "message": "stands twice", "suggestion": None,
    }  # fmt: skip
    other = shown_fault("a", Fault(Level.ERROR, "x", "y", path="p", suggestion="s"))
    assert (other["line"], other["path"], other["field"], other["suggestion"]) == (None, "p", None, "s")
