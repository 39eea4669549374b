# SPDX-License-Identifier: Apache-2.0
"""Faults: one line for people, quoted text that cannot do harm, guesses."""

import pytest

from ssm.errors import FormatError
from ssm.records.fault import MAX_QUOTED, Fault, Level, Place, closest, fault_of, nearest, quoted


def test_a_fault_is_one_line() -> None:
    fault = Fault(Level.ERROR, "unknown-field", "is no field", 3, "", "Sitee", "Site")
    assert str(fault) == "Sitee: is no field: did you mean Site?"
    assert str(Fault(Level.NOTE, "x", "said")) == "said"
    assert "\n" not in str(Fault(Level.ERROR, "x", "said", field="a\nb", suggestion="c\rd"))


def test_levels_are_exit_statuses() -> None:
    assert [int(level) for level in (Level.NOTE, Level.WARNING, Level.ERROR)] == [0, 1, 2]


def test_a_fault_can_be_placed() -> None:
    fault = Fault(Level.ERROR, "x", "said", field="A")
    assert fault.at(Place(5, "p", "B")) == Fault(Level.ERROR, "x", "said", 5, "p", "B")
    assert fault.at(Place(5)).field == "A"


def test_what_ends_the_reading_is_a_fault() -> None:
    error = FormatError("said", code="c", line=4, path="p", suggestion="s")
    assert fault_of(error) == Fault(Level.ERROR, "c", "said", 4, "p", suggestion="s")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "'a b'"),
        ("it's", '"it\'s"'),
        ("CN=Smith\\, A", "'CN=Smith\\, A'"),
        ("a\nb\x1b[31m\x85\u202e\u200b\udcff", "'a\\nb\\x1b[31m\\x85\\u202e\\u200b\\udcff'"),
        ("\u00e9\u4e2d", "'\u00e9\u4e2d'"),
        ("x" * 101, "'" + "x" * MAX_QUOTED + "…'"),
        ("", "''"),
    ],
)
def test_quoted_text_is_short_and_harmless(text: str, shown: str) -> None:
    assert quoted(text) == shown


@pytest.mark.parametrize(
    ("word", "guess"), [("site", "Site"), ("Sites", "Site"), ("WALLDURATION", "WallDuration"), ("Colour", ""), ("", "")]
)
def test_the_nearest_word(word: str, guess: str) -> None:
    assert nearest(word, ["Site", "WallDuration"]) == guess
    assert nearest(word, (one for one in ("Site", "WallDuration"))) == guess


def test_long_words_cost_little_and_guesses_are_remembered() -> None:
    assert nearest("x" * 10**7, ["Site"]) == ""
    before = closest.cache_info().hits
    nearest("Sitee", ["Site"])
    nearest("Sitee", ["Site"])
    assert closest.cache_info().hits > before
    assert closest.cache_info().maxsize == 1000
