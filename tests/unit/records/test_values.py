# SPDX-License-Identifier: Apache-2.0
"""Values of each kind, from text and from JSON: what is taken, what is doubted, what is refused, and the words."""

import math
import re
from collections.abc import Callable

import pytest

from ssm.records import values
from ssm.records.benchmarks import Benchmarks
from ssm.records.kinds import PAIRS
from ssm.records.moments import Doubts

Reader = Callable[[str, Doubts], object]
NULL_WORDS = ("none", "NONE", "None", "nOnE", "null", "NULL", "Null", "")


def read(reader: Reader, text: str) -> tuple[object, list[str]]:
    doubts: list[str] = []
    return reader(text, doubts), doubts


@pytest.mark.parametrize("word", NULL_WORDS)
def test_words_that_mean_nothing(word: str) -> None:
    assert word in values.NULLS
    assert not values.is_sound_text(word)


@pytest.mark.parametrize("word", ["nil", "N/A", "-", "nones", "0", "undefined"])
def test_words_that_mean_something(word: str) -> None:
    assert word not in values.NULLS
    assert values.is_sound_text(word)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("7200", 7200),
        ("-5", -5),
        ("007", 7),
        ("-0", 0),
        (str(2**63 - 1), 2**63 - 1),
        (f"-{2**63 - 1}", 1 - 2**63),
    ],
)
def test_plain_integers(text: str, value: int) -> None:
    assert read(values.read_integer, text) == (value, [])
    assert read(values.integer_from_json, text)[0] == value


@pytest.mark.parametrize(("text", "value"), [("1_000", 1000), ("+12", 12), ("+1_0_0", 100)])
def test_unusual_integers_are_read_with_a_doubt(text: str, value: int) -> None:
    assert read(values.read_integer, text) == (value, [f"is an unusual way to write {value}"])


@pytest.mark.parametrize(
    "text", ["", "1.0", "1e3", "0x1", "1__0", "_1", "1_", "--1", "+", "1 0", "٣", "²", "true", "9" * 20]
)
def test_what_is_no_integer(text: str) -> None:
    with pytest.raises(ValueError, match="must be a whole number"):
        values.read_integer(text, [])


def test_an_integer_beyond_columns_is_told_how_large_it_may_be() -> None:
    with pytest.raises(ValueError, match="must be a whole number up to 9223372036854775807"):
        values.read_integer(str(2**63), [])


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        ("1.5", 1.5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("+2", 2.0),
        ("1e15", 1e15),
    ],
)
def test_plain_numbers(text: str, value: float) -> None:
    assert read(values.read_number, text) == (value, [])


def test_a_number_with_underscores_is_doubted() -> None:
    assert read(values.read_number, "1_000.2_5") == (1000.25, ["is an unusual way to write 1000.25"])


@pytest.mark.parametrize(
    "text", ["", "x", "1,5", "1.2.3", "_1", "1_", "1__0", "1_.5", "1._5", "1e", "0x1p3", "1 2", "٣"]
)
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a number$"):
        values.read_number(text, [])


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-inf", "+Infinity"])
def test_what_is_not_finite_is_told_so(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number, and finite"):
        values.read_number(text, [])


@pytest.mark.parametrize("text", ["1e16", "-1.1e15", "1e999"])
def test_a_number_beyond_columns(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be a number up to 1e\+15"):
        values.read_number(text, [])


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("1714557600", 1714557600), ("253402300799", 253402300799)])
def test_times_in_seconds(text: str, value: int) -> None:
    assert read(values.read_time, text) == (value, [])


@pytest.mark.parametrize("text", ["-1", "253402300800", "17145576000000000"])
def test_times_out_of_bounds(text: str) -> None:
    with pytest.raises(ValueError, match="must be seconds since 1970, up to the year 9999"):
        values.read_time(text, [])


def test_a_date_in_utc_is_read_with_a_doubt() -> None:
    assert read(values.read_time, "2024-05-01T10:00:00Z") == (
        1714557600, ["is better written as seconds since 1970 (1714557600)"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2024-05-01T10:00:00", r"or end in Z \(1714557600 if it is meant as UTC\)"),
        ("2024-05-01T10:00:00+00:00", r"must be seconds since 1970 \(1714557600\)"),
        ("2024-05-01", "must be seconds since 1970$"),
        ("1.5", "must be seconds since 1970$"),
        ("", "must be seconds since 1970$"),
    ],
)
def test_other_dates_are_refused_with_what_they_may_mean(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        values.read_time(text, [])


@pytest.mark.parametrize(("given", "value"), [(5, 5), (5.0, 5), (-5, -5), (2**63 - 1, 2**63 - 1)])
def test_whole_numbers_of_json(given: object, value: int) -> None:
    found = values.integer_from_json(given, [])
    assert found == value
    assert type(found) is int


@pytest.mark.parametrize("given", [True, False, 1.5, [], {}, 2**63, 1e300, math.inf, math.nan])
def test_what_is_no_whole_number_of_json(given: object) -> None:
    with pytest.raises(ValueError, match="must be a whole number"):
        values.integer_from_json(given, [])


@pytest.mark.parametrize("given", [True, [], {}, math.nan, math.inf, 1e16, 10**20])
def test_what_is_no_number_of_json(given: object) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        values.number_from_json(given, [])


def test_digits_in_a_string_are_doubted() -> None:
    doubts: list[str] = []
    assert values.number_from_json(" 1.5 ", doubts) == 1.5
    assert values.integer_from_json("3", doubts) == 3
    assert doubts == ["is a string where a number is expected"] * 2


@pytest.mark.parametrize("given", [-1, 253402300800, 10**18])
def test_times_of_json_out_of_bounds(given: object) -> None:
    with pytest.raises(ValueError, match="must be seconds since 1970"):
        values.time_from_json(given, [])


def test_texts_of_json() -> None:
    doubts: list[str] = []
    assert values.text_from_json("  a b ", doubts) == "a b"
    assert doubts == []
    assert values.text_from_json("a\tb", doubts) == "a\tb"
    assert doubts == ["holds control characters"]
    wrong: tuple[object, ...] = (5, None, [], True)
    for given in wrong:
        with pytest.raises(ValueError, match="must be a string, in double quotes"):
            values.text_from_json(given, [])
    with pytest.raises(ValueError, match="half a character"):
        values.text_from_json("\udc80", [])


def test_benchmarks_of_json() -> None:
    assert values.benchmarks_from_json({"a": 1, "b": 2.5}, []) == Benchmarks((("a", 1.0), ("b", 2.5)))
    wrong: tuple[object, ...] = ({}, [], 5, "{a: 1}")
    for given in wrong:
        with pytest.raises(ValueError, match="must be benchmarks"):
            values.benchmarks_from_json(given, [])


def test_columns_agree_with_single_values() -> None:
    assert list(values.text_column([" a ", "None", "", "NULL", "\u00a0b"])) == ["a", None, None, None, "b"]
    assert list(values.integer_column(["5", "None", "-7"])) == [5, None, -7]
    assert list(values.number_column(["5", "None", "1.5"])) == [5.0, None, 1.5]
    assert list(values.benchmarks_column(["{a: 1}", "None", "{a: 1}"])) == [
        Benchmarks((("a", 1.0),)), None, Benchmarks((("a", 1.0),)),
    ]  # fmt: skip
    assert list(values.earlier_unit_column(["HepSpec06", "None", "other"])) == ["HEPSPEC", None, "other"]


@pytest.mark.parametrize(("old", "new"), [("HepSpec06", "HEPSPEC"), ("specint2000", "Si2k"), ("custom", "custom")])
def test_units_of_the_first_version_are_read_by_their_new_names(old: str, new: str) -> None:
    assert values.read_earlier_unit(old, []) == new
    assert values.is_sound_earlier_unit(new)


def test_a_unit_that_would_read_back_as_another_is_not_written() -> None:
    assert values.earlier_unit("HEPSPEC") == "HepSpec06"
    assert not values.is_sound_earlier_unit("HepSpec06")
    assert not values.is_sound_earlier_unit("None")


def test_a_benchmark_in_two_spellings_leaves_a_doubt_and_so_needs_a_closer_look() -> None:
    doubts: Doubts = []
    assert values.read_benchmarks("{HEPSPEC: 9, hepspec: 11}", doubts).chosen() == ("hepspec", 11.0)
    values.benchmarks_from_json({"HEPSPEC": 9, "hepspec": 11}, doubts)
    assert doubts == ["names a benchmark twice, in other letters; repositories take the last"] * 2
    with pytest.raises(ValueError, match="closer look"):
        values.benchmarks_column(["{a: 1}", "{A: 1, a: 1}"])


def test_benchmarks_come_back_from_json() -> None:
    some = Benchmarks((("HEPscore23", 15.3), ("own", 1.0)))
    assert values.benchmarks_to_json(some) == {"HEPscore23": 15.3, "own": 1.0}
    assert values.benchmarks_from_json(values.benchmarks_to_json(some), []) == some


def test_pairs_have_no_spelling_of_their_own_in_any_format() -> None:
    with pytest.raises(ValueError, match="no spelling"):
        PAIRS.write((("a", "b"),))
    for read_pairs in (PAIRS.read, PAIRS.read_xml, PAIRS.from_json):
        with pytest.raises(ValueError, match="no spelling"):
            read_pairs("a: b", [])
    assert list(PAIRS.column(["a: b"])) == []
    assert re.fullmatch(PAIRS.quick, "") is None, "so no column of a text message can hold them"
