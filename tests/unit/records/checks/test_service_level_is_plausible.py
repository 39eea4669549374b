# SPDX-License-Identifier: Apache-2.0
"""The speed of one core is in the range of its benchmark."""

import pytest

from ssm.records.benchmarks import Benchmarks
from ssm.records.checks.service_level_is_plausible import CHECK
from ssm.records.types.job import JobRecord
from ssm.records.types.summary import SummaryRecord
from tests.unit.records.checks.asking import said


@pytest.mark.parametrize(
    ("name", "least", "most"), [("HEPscore23", 1.0, 100.0), ("hepspec", 1.0, 100.0), ("SI2K", 250.0, 25000.0)]
)
@pytest.mark.parametrize("kind", [JobRecord, SummaryRecord])
def test_ranges_include_their_ends(kind: type[JobRecord | SummaryRecord], name: str, least: float, most: float) -> None:
    for value in (least, most):
        assert not said(CHECK, kind(service_level_type=name, service_level=value))
    for value in (least * 0.99, most * 1.01):
        assert [attribute for attribute, _ in said(CHECK, kind(service_level_type=name, service_level=value))] == [
            "service_level"
        ]


def test_what_was_probably_confused_is_said() -> None:
    assert said(CHECK, JobRecord(service_level_type="HEPSPEC", service_level=980.0)) == [
        (
            "service_level",
            (
                "HEPSPEC 980.0 is not from 1 to 100, as for one core; it is in the range of HEPscore23 of a whole "
                "machine, or of Si2k"
            ),
        )
    ]
    assert said(CHECK, JobRecord(service_level_type="Si2k", service_level=10.0)) == [
        ("service_level", "Si2k 10.0 is not from 250 to 25000, as for one core; Si2k is 250 times HEPSPEC")
    ]


def test_unknown_benchmarks_and_negative_values_are_for_other_checks() -> None:
    assert not said(CHECK, JobRecord(service_level_type="custom", service_level=1e9))
    assert not said(CHECK, JobRecord(service_level=1e9))
    assert not said(CHECK, JobRecord(service_level_type="HEPSPEC", service_level=-1.0))
    assert not said(CHECK, JobRecord(service_level_type="HEPSPEC"))


def test_every_value_of_a_dictionary_is_looked_at() -> None:
    level = Benchmarks((("HEPscore23", 2000.0), ("HEPSPEC", 0.5), ("Si2k", 300.0), ("other", 1e9)))
    assert [words.partition(" is")[0] for _, words in said(CHECK, JobRecord(service_level=level))] == [
        "HEPscore23 2000.0", "HEPSPEC 0.5",
    ]  # fmt: skip


def test_two_benchmarks_do_not_have_the_same_value() -> None:
    level = Benchmarks((("HEPscore23", 11.4), ("hepspec", 11.4)))
    assert said(CHECK, JobRecord(service_level=level)) == [
        ("service_level", "HEPSPEC has the value of HEPscore23, 11.4; one of them is a copy")
    ]
    assert not said(CHECK, JobRecord(service_level=Benchmarks((("HEPscore23", 15.3), ("hepspec", 11.4)))))
