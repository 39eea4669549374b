# SPDX-License-Identifier: Apache-2.0
"""Every field that the documentation asks for is told when it is not there."""

from ssm.records.checking import Check
from ssm.records.checks.expected_fields_are_said import CHECKS
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.job import JobRecord
from ssm.records.types.summary import SummaryRecord
from tests.unit.records.checks.asking import said

BY_TYPE: dict[type, Check] = {one.types[0]: one for one in CHECKS}
WORDS = "has no value; the documentation asks for one, though repositories do without"


def test_all_that_are_missing_are_told() -> None:
    assert said(BY_TYPE[SummaryRecord], SummaryRecord()) == [("node_count", WORDS), ("processors", WORDS)]
    assert said(BY_TYPE[SummaryRecord], SummaryRecord(node_count=0)) == [("processors", WORDS)]
    assert not said(BY_TYPE[SummaryRecord], SummaryRecord(node_count=0, processors=0))


def test_a_single_one_is_told() -> None:
    assert said(BY_TYPE[JobRecord], JobRecord()) == [("submit_host", WORDS)]
    assert not said(BY_TYPE[JobRecord], JobRecord(submit_host="a"))
    assert said(BY_TYPE[CloudRecord], CloudRecord()) == [("machine_name", WORDS)]
