# SPDX-License-Identifier: Apache-2.0
"""Dictionaries of benchmarks."""

import pytest

from ssm.records.benchmarks import MOST_NAMES, Benchmarks, canonical


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{HEPscore23: 15.3}", (("HEPscore23", 15.3),)),
        ("{hepspec: 11.4, HEPscore23: 15.3}", (("hepspec", 11.4), ("HEPscore23", 15.3))),
        ("hepspec: 11.4", (("hepspec", 11.4),)),
        (" { a :1 ,b: 2 } ", (("a", 1.0), ("b", 2.0))),
        ("{a: -1e3}", (("a", -1000.0),)),
        ("{HEPSPEC: 1, hepspec: 2}", (("HEPSPEC", 1.0), ("hepspec", 2.0))),
    ],
)
def test_dictionaries(text: str, values: tuple[tuple[str, float], ...]) -> None:
    found = Benchmarks.parse(text)
    assert found.values == values
    assert Benchmarks.parse(str(found)) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("10.5", "must be benchmarks, as in {HEPscore23: 15.3}"),
        ("", "must be benchmarks"),
        ("{}", "must be benchmarks"),
        ("{a: 1,}", "must be benchmarks"),
        ("{: 1}", "must be benchmarks"),
        ("{a: 1", "an opening brace or a closing one, but not both"),
        ("a: 1}", "but not both"),
        ("{a: x}", "the value of a must be a number"),
        ("{a: }", "the value of a must be a number"),
        ("{a: nan}", "the value of a must be a number"),
        ("{a: 1_0}", "the value of a must be a number"),
        ("{a: 1e999}", r"the value of a must be a number up to 1e\+15"),
        ("{a: -1e16}", r"the value of a must be a number up to 1e\+15"),
        ("{a: 1, a: 2}", "a stands twice"),
        (",".join(f"n{at}: 1" for at in range(MOST_NAMES + 1)), "names more than 16 benchmarks"),
    ],
)
def test_what_is_no_dictionary(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Benchmarks.parse(text)


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("{Si2k: 2500, hepspec: 10, hepscore23: 12}", ("hepscore23", 12.0)),
        ("{Si2k: 2500, HEPSPEC: 10}", ("hepspec", 10.0)),
        ("{other: 1, SI2K: 2500}", ("si2k", 2500.0)),
        ("{HEPSPEC: 9, hepspec: 11}", ("hepspec", 11.0)),
        ("{other: 1}", None),
    ],
)
def test_the_first_of_the_known_ones_is_taken(text: str, chosen: tuple[str, float] | None) -> None:
    assert Benchmarks.parse(text).chosen() == chosen


def test_names_as_we_write_them() -> None:
    assert [canonical(name) for name in ("hepscore23", "HEPSPEC06", "SpecInt2000", "x")] == [
        "HEPscore23", "HEPSPEC", "Si2k", "x",
    ]  # fmt: skip
