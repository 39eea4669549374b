# SPDX-License-Identifier: Apache-2.0
"""How text becomes a value, or a sentence about what it must be."""

import logging
from dataclasses import dataclass
from pathlib import Path

import pytest

from ssm.settings.options import (
    BOOLEAN,
    LEVEL,
    OPTIONAL_PATH,
    OPTIONAL_TEXT,
    PATH,
    SIZE_IN_OCTETS,
    TEXT,
    choice,
    declared,
    integer,
    option,
    seconds,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A section."""

    needed: str = option(TEXT, "What must be there.")
    limit: int = option(integer(1, 9), "A bound.", 5)
    passcode: str | None = option(OPTIONAL_TEXT, "A secret.", None, secret=True)


def test_options_are_declared_in_their_order_with_defaults() -> None:
    assert [(one.name, one.is_required, one.default) for one in declared(Sample)] == [
        ("needed", True, None),
        ("limit", False, 5),
        ("passcode", False, None),
    ]
    assert declared(Sample)[1].option.meaning == "A bound."


def test_a_secret_is_marked_and_hidden() -> None:
    assert [one.name for one in declared(Sample) if one.option.is_secret] == ["passcode"]
    assert "hush" not in repr(Sample(needed="x", passcode="hush"))


@pytest.mark.parametrize("text", ["1", "yes", "true", "on", "TRUE", "On", "Yes"])
def test_words_for_true(text: str) -> None:
    assert BOOLEAN.read(text) is True


@pytest.mark.parametrize("text", ["0", "no", "false", "off", "FALSE", "Off", "No"])
def test_words_for_false(text: str) -> None:
    assert BOOLEAN.read(text) is False


@pytest.mark.parametrize("text", ["", "2", "maybe", "truee", "y"])
def test_other_words_are_no_boolean(text: str) -> None:
    with pytest.raises(ValueError, match="true or false"):
        BOOLEAN.read(text)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("1", 1),
        ("1048576", 1 << 20),
        ("32 MiB", 32 << 20),
        ("32mib", 32 << 20),
        ("5 kB", 5000),
        ("3 KiB", 3072),
        ("2GB", 2 * 10**9),
        ("1 GiB", 1 << 30),
        ("7 mb", 7 * 10**6),
    ],
)
def test_sizes_have_units(text: str, octets: int) -> None:
    assert SIZE_IN_OCTETS.read(text) == octets


@pytest.mark.parametrize("text", ["", "0", "0 MiB", "-1", "1.5 MiB", "MiB", "1 TiB", "1e6", "1 MiB x"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number of octets"):
        SIZE_IN_OCTETS.read(text)


@pytest.mark.parametrize("text", ["1", "9", "05"])
def test_whole_numbers_within_bounds_are_read(text: str) -> None:
    assert integer(1, 9).read(text) == int(text)


@pytest.mark.parametrize("text", ["", "0", "10", "-1", "+1", "1.0", " 1", "1_0", "x", "\N{FULLWIDTH DIGIT ONE}"])
def test_other_numbers_are_refused_with_the_bounds(text: str) -> None:
    with pytest.raises(ValueError, match="from 1 to 9"):
        integer(1, 9).read(text)


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("1.5", 1.5), ("600", 600.0)])
def test_seconds_may_have_fractions(text: str, value: float) -> None:
    assert seconds(0, 600).read(text) == value


@pytest.mark.parametrize("text", ["", "-1", "601", "nan", "inf", "1e2", "1.", ".5", "1s"])
def test_what_is_no_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="from 0 to 600"):
        seconds(0, 600).read(text)


@pytest.mark.parametrize(
    ("text", "level"),
    [("DEBUG", 10), ("INFO", 20), ("WARN", 30), ("warning", 30), ("Error", 40), ("CRITICAL", 50)],
)
def test_levels_are_those_of_the_standard_library(text: str, level: int) -> None:
    assert LEVEL.read(text) == level
    assert logging.getLevelName(level) in {text.upper(), "WARNING"}


@pytest.mark.parametrize("text", ["", "LOUD", "20", "NOTSET"])
def test_other_levels_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be one of DEBUG"):
        LEVEL.read(text)


def test_a_choice_is_exact() -> None:
    assert choice("dirq", "directory").read("dirq") == "dirq"
    for text in ("", "Dirq", "dir"):
        with pytest.raises(ValueError, match="dirq or directory"):
            choice("dirq", "directory").read(text)


def test_paths_become_absolute() -> None:
    assert PATH.read("/a/b") == Path("/a/b")
    assert PATH.read("a/b") == Path.cwd() / "a" / "b"
    assert not str(PATH.read("~/a")).startswith("~")


def test_an_empty_path_is_refused_or_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        PATH.read("")
    assert OPTIONAL_PATH.read("") is None


def test_empty_text_is_refused_or_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        TEXT.read("")
    assert OPTIONAL_TEXT.read("") is None
    assert OPTIONAL_TEXT.read("x") == "x"
