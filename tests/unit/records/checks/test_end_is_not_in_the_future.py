# SPDX-License-Identifier: Apache-2.0
"""Two days from now an end begins to be in the future."""

import pytest

from ssm.records.checking import Check
from ssm.records.checks.end_is_not_in_the_future import CHECK, OF_COUNT, OF_SUMMARY
from ssm.records.field import Record
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.public_ip import PublicIpRecord
from ssm.records.types.storage import StorageRecord
from ssm.records.types.summary import SummaryRecord
from tests.unit.records.checks.asking import said
from tests.usage_messages import NOW

LAST = NOW + 2 * 86400
CASES: list[tuple[Check, type[Record], str]] = [
    (CHECK, JobRecord, "end_time"),
    (CHECK, CloudRecord, "end_time"),
    (CHECK, StorageRecord, "end_time"),
    (OF_SUMMARY, SummaryRecord, "latest_end_time"),
    (OF_SUMMARY, NormalisedSummaryRecord, "latest_end_time"),
    (OF_COUNT, PublicIpRecord, "measurement_time"),
]


@pytest.mark.parametrize(("check", "kind", "attribute"), CASES)
def test_an_end_is_not_in_the_future(check: Check, kind: type[Record], attribute: str) -> None:
    assert not said(check, kind(**{attribute: LAST}))
    assert said(check, kind(**{attribute: LAST + 1})) == [
        (attribute, "1764172801 (2025-11-26T16:00:01Z) is more than two days in the future")
    ]


def test_the_last_second_that_can_be_written_is_said_too() -> None:
    assert said(CHECK, JobRecord(end_time=253402300799)) == [
        ("end_time", "253402300799 (9999-12-31T23:59:59Z) is more than two days in the future")
    ]
