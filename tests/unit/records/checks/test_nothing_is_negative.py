# SPDX-License-Identifier: Apache-2.0
"""No number that counts something is below zero, and each that is gets its fault."""

import pytest

from ssm.records.benchmarks import Benchmarks
from ssm.records.checking import Check
from ssm.records.checks.nothing_is_negative import CHECKS
from ssm.records.field import Record
from ssm.records.kinds import DECIMAL, SECONDS, WHOLE
from ssm.records.types import RECORD_TYPES
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.public_ip import PublicIpRecord
from tests.unit.records.checks.asking import said

BY_TYPE: dict[type, Check] = {one.types[0]: one for one in CHECKS}
SPARED = {"exit_status", "month", "year", "measurement_month", "measurement_year", "ip_version"}
CASES = [
    (kind.record, one.attribute)
    for kind in RECORD_TYPES.values()
    for one in kind.fields()
    if one.kind in (WHOLE, SECONDS, DECIMAL) and one.attribute not in SPARED
]


@pytest.mark.parametrize(("kind", "attribute"), CASES)
def test_every_declared_number_is_looked_at(kind: type[Record], attribute: str) -> None:
    check = BY_TYPE[kind]
    assert said(check, kind(**{attribute: -1})) == [(attribute, "-1 must not be negative")]
    assert not said(check, kind(**{attribute: 0}))
    assert not said(check, kind(**{attribute: 1}))


def test_all_of_a_record_are_told() -> None:
    record = JobRecord(wall_duration=-1, memory_real=-2, service_level=-0.5)
    assert [attribute for attribute, _ in said(BY_TYPE[JobRecord], record)] == [
        "wall_duration", "memory_real", "service_level",
    ]  # fmt: skip


def test_a_number_in_a_dictionary_counts() -> None:
    record = NormalisedSummaryRecord(normalised_wall_duration=Benchmarks((("a", 1.0), ("b", -2.0))))
    assert said(BY_TYPE[NormalisedSummaryRecord], record) == [("normalised_wall_duration", "-2.0 must not be negative")]


def test_an_exit_status_may_be_negative_and_months_have_their_own_check() -> None:
    assert not said(BY_TYPE[JobRecord], JobRecord(exit_status=-9))
    assert not said(BY_TYPE[PublicIpRecord], PublicIpRecord(ip_version=-1))


def test_minus_zero_is_zero() -> None:
    assert not said(BY_TYPE[JobRecord], JobRecord(service_level=-0.0))
