# SPDX-License-Identifier: Apache-2.0
"""The table of checks: what every one of them has to be."""

from pathlib import Path

import msgspec
import pytest

from ssm.records import checks
from ssm.records.check import check_batch, checks_for
from ssm.records.checking import Check, Context
from ssm.records.checks import CHECKS
from ssm.records.fault import Fault, Level, Place
from ssm.records.message import Batch, made
from ssm.records.types import RECORD_TYPES
from ssm.records.types.job import JobRecord

CONTEXT = Context(0, "apel-text", "v0.3")


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: f"{one.code}-{one.types[0].__name__}")
def test_a_check_says_nothing_of_a_record_that_says_nothing_but_what_is_missing(one: Check) -> None:
    for record in one.types:
        answer = one.look(record(), CONTEXT)
        found = answer if isinstance(answer, list) else [answer] if answer else []
        assert one.code in {"service-level", "expected-field"} or not found
        assert all(finding.attribute in record.__struct_fields__ for finding in found)


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: f"{one.code}-{one.types[0].__name__}")
def test_a_check_explains_itself(one: Check) -> None:
    assert one.code == one.code.lower().replace(" ", "-")
    assert one.meaning.endswith(".")
    assert one.types
    assert all(len(set(one.types)) == len(one.types) for one in CHECKS)


def test_every_file_of_a_check_is_in_the_table() -> None:
    names = {path.stem for path in Path(checks.__file__).parent.glob("*.py")} - {"__init__"}
    used = {
        name
        for name in names
        for value in vars(getattr(checks, name)).values()
        if value in CHECKS or (isinstance(value, tuple) and value and set(map(id, value)) <= set(map(id, CHECKS)))
    }
    assert used == names


def test_every_type_is_asked_something() -> None:
    for kind in RECORD_TYPES.values():
        assert checks_for(kind)


def test_good_jobs_are_cleared_column_by_column_and_a_bad_one_among_them_is_not() -> None:
    good = JobRecord(
        site="A", local_job_id="1", wall_duration=1, cpu_duration=1, processors=1, start_time=0, end_time=0,
        service_level_type="HEPSPEC", service_level=10.0,
    )  # fmt: skip
    errors = [one for one in checks_for(RECORD_TYPES["job"]) if one.level is Level.ERROR]
    assert errors
    assert all(one.is_clear(made([good] * 3).column, CONTEXT) for one in errors)
    bad = msgspec.structs.replace(good, wall_duration=-1, start_time=10**9, end_time=10**8, service_level_type="x")
    assert not any(one.is_clear(made([good, bad, good]).column, CONTEXT) for one in errors)


def batch_of(record: JobRecord, *faults: Fault) -> Batch:
    return Batch([record], list(faults), lambda index, attribute: Place(index + 7, "", attribute))


def test_a_finding_becomes_a_fault_at_the_line_of_its_value() -> None:
    record = JobRecord(start_time=5, end_time=4)
    (fault,) = check_batch(batch_of(record), [CHECKS[0]], CONTEXT)
    assert fault == Fault(Level.ERROR, "end-before-start", "4 is before StartTime, 5", 7, "", "end_time")


def test_all_findings_of_a_check_become_faults() -> None:
    record = JobRecord(wall_duration=-1, cpu_duration=-2, processors=-3)
    faults = list(check_batch(batch_of(record), checks_for(RECORD_TYPES["job"]), CONTEXT))
    assert [fault.field for fault in faults if fault.code == "negative"] == [
        "wall_duration", "cpu_duration", "processors",
    ]  # fmt: skip


def test_what_could_not_be_read_is_not_called_missing_too() -> None:
    unreadable = Fault(Level.ERROR, "wrong-value", "'x' must be a number", 7, "", "service_level")
    record = JobRecord(submit_host="a", service_level_type="HEPSPEC")
    assert check_batch(batch_of(record, unreadable), checks_for(RECORD_TYPES["job"]), CONTEXT) == []
    assert check_batch(batch_of(record), checks_for(RECORD_TYPES["job"]), CONTEXT)
