# SPDX-License-Identifier: Apache-2.0
"""Months are from 1 to 12, of a year that can be, and not to come."""

import pytest

from ssm.records.checking import Context
from ssm.records.checks.month_exists import CHECK, OF_ACCELERATOR
from ssm.records.moments import month_start
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.cloud_summary import CloudSummaryRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord
from ssm.records.types.sync import SyncRecord
from tests.unit.records.checks.asking import said

DATED = [SummaryRecord, NormalisedSummaryRecord, CloudSummaryRecord, SyncRecord]
Dated = SummaryRecord | NormalisedSummaryRecord | CloudSummaryRecord | SyncRecord


@pytest.mark.parametrize("kind", DATED)
def test_a_month_that_has_begun_exists(kind: type[Dated]) -> None:
    begins = month_start(2025, 11)
    assert not said(CHECK, kind(month=11, year=2025), Context(begins, "apel-text", ""))
    assert said(CHECK, kind(month=11, year=2025), Context(begins - 1, "apel-text", "")) == [
        ("month", "2025-11 is in the future")
    ]


@pytest.mark.parametrize("kind", DATED)
@pytest.mark.parametrize("month", [0, 13, -1, 10**18])
def test_a_month_is_from_1_to_12(kind: type[Dated], month: int) -> None:
    assert said(CHECK, kind(month=month, year=2024)) == [("month", f"{month} must be from 1 to 12")]
    assert said(CHECK, kind(month=month)) == [("month", f"{month} must be from 1 to 12")]


@pytest.mark.parametrize("year", [1969, 24, -5, 9999, 2**63])
def test_a_year_is_one_that_can_be(year: int) -> None:
    assert said(CHECK, SyncRecord(month=1, year=year)) == [("year", f"{year} must be a year, from 1970 on")]


def test_both_can_be_wrong() -> None:
    assert [attribute for attribute, _ in said(CHECK, SyncRecord(month=0, year=0))] == ["month", "year"]


def test_accelerators_are_counted_from_2000_on() -> None:
    assert not said(OF_ACCELERATOR, AcceleratorRecord(measurement_month=12, measurement_year=2000))
    assert said(OF_ACCELERATOR, AcceleratorRecord(measurement_month=12, measurement_year=1999)) == [
        ("measurement_year", "1999 must be a year, from 2000 on")
    ]
    assert said(OF_ACCELERATOR, AcceleratorRecord(measurement_month=0)) == [
        ("measurement_month", "0 must be from 1 to 12")
    ]


def test_years_that_are_nearly_too_large_do_no_harm() -> None:
    assert said(CHECK, SyncRecord(month=12, year=9998)) == [("month", "9998-12 is in the future")]
