# SPDX-License-Identifier: Apache-2.0
"""The speed of the cores is said, by a benchmark that repositories know."""

import pytest

from ssm.records.benchmarks import Benchmarks
from ssm.records.checking import Context
from ssm.records.checks.service_level_is_known import CHECK, OF_NORMALISED, OF_SUMMARY
from ssm.records.fault import Level
from ssm.records.types.job import JobRecord
from ssm.records.types.normalised_summary import NormalisedSummaryRecord
from ssm.records.types.summary import SummaryRecord
from tests.unit.records.checks.asking import findings, said
from tests.usage_messages import NOW

ONE_OF = "it must be one of HEPscore23, HEPSPEC, Si2k"


def both(kind: str | None, level: float | None) -> JobRecord:
    return JobRecord(service_level_type=kind, service_level=level)


@pytest.mark.parametrize("name", ["HEPscore23", "hepspec", "SI2K", "Si2k"])
def test_a_known_benchmark_in_any_case_with_its_value_is_right(name: str) -> None:
    assert not said(CHECK, both(name, 1.0))
    assert not said(OF_SUMMARY, SummaryRecord(service_level_type=name, service_level=1.0))


def test_a_job_in_text_needs_both_or_a_dictionary() -> None:
    assert said(CHECK, both(None, None)) == [("service_level", "is missing, and must be there")]
    assert said(CHECK, both("HEPSPEC", None)) == [
        ("service_level", "ServiceLevelType is there, so ServiceLevel must be there too")
    ]
    assert said(CHECK, both(None, 1.0)) == [
        ("service_level_type", "ServiceLevel is there, so ServiceLevelType must be there too")
    ]
    assert not said(CHECK, JobRecord(service_level=Benchmarks((("x", 1.0), ("HEPspec", 2.0)))))


def test_in_other_formats_both_may_be_missing() -> None:
    (finding,) = findings(CHECK, both(None, None), Context(NOW, "car", ""))
    assert (finding.level, finding.message) == (Level.NOTE, "is missing; repositories take custom and 1")


@pytest.mark.parametrize(
    ("name", "words", "guess"),
    [
        ("HEPSPEC06", "'HEPSPEC06' is no benchmark that repositories know", "HEPSPEC"),
        ("HepScore", "'HepScore' is no benchmark that repositories know", "HEPscore23"),
        ("SpecInt2000", "'SpecInt2000' is no benchmark that repositories know", "Si2k"),
        ("custom", "'custom' is refused by repositories", ""),
        ("Custom", "'Custom' is refused by repositories", ""),
        ("quux", "'quux' is no benchmark that repositories know", ""),
    ],
)
def test_an_unknown_benchmark_is_refused_with_what_may_have_been_meant(name: str, words: str, guess: str) -> None:
    (finding,) = findings(CHECK, both(name, 1.0))
    assert (finding.attribute, finding.message) == ("service_level_type", f"{words}; {ONE_OF}")
    assert finding.suggestion == guess
    assert findings(OF_SUMMARY, SummaryRecord(service_level_type=name, service_level=1.0)) == [finding]


def test_a_dictionary_names_one_that_is_known() -> None:
    (finding,) = findings(CHECK, JobRecord(service_level=Benchmarks((("HEPSPEC06", 1.0),))))
    assert finding.message == "'{HEPSPEC06: 1.0}' names none of HEPscore23, HEPSPEC, Si2k"
    assert finding.suggestion == "HEPSPEC"


def test_of_a_summary_it_is_a_warning_when_something_is_missing() -> None:
    (finding,) = findings(OF_SUMMARY, SummaryRecord(service_level_type="HEPSPEC"))
    assert (finding.attribute, finding.level) == ("service_level", Level.WARNING)
    (finding,) = findings(OF_SUMMARY, SummaryRecord(service_level=10.0))
    assert (finding.attribute, finding.level) == ("service_level_type", Level.WARNING)
    assert not said(OF_SUMMARY, SummaryRecord(service_level=Benchmarks((("Si2k", 1.0),))))


def sums(wall: str, cpu: str) -> NormalisedSummaryRecord:
    return NormalisedSummaryRecord(
        normalised_wall_duration=Benchmarks.parse(wall), normalised_cpu_duration=Benchmarks.parse(cpu)
    )


def test_normalised_sums_are_by_the_same_benchmark() -> None:
    assert not said(OF_NORMALISED, sums("{hepspec: 1}", "{HEPSPEC: 2, Si2k: 5}"))
    assert said(OF_NORMALISED, sums("{hepspec: 1}", "{hepspec: 1, hepscore23: 2}")) == [
        (
            "normalised_cpu_duration",
            "is by HEPscore23, and NormalisedWallDuration by HEPSPEC; both must be by the same",
        )
    ]


def test_every_normalised_sum_by_an_unknown_benchmark_is_told() -> None:
    assert [attribute for attribute, _ in said(OF_NORMALISED, sums("{a: 1}", "{b: 1}"))] == [
        "normalised_wall_duration", "normalised_cpu_duration",
    ]  # fmt: skip
    assert not said(OF_NORMALISED, NormalisedSummaryRecord(normalised_wall_duration=5, normalised_cpu_duration=6))
