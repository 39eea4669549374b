# SPDX-License-Identifier: Apache-2.0
import pytest

from ssm.pages.numbers import THIN, grouped, percent, short, spoken


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"), (1, "1.00"), (0.5, "0.50"), (9.999, "10.0"), (12.34, "12.3"), (999.4, "999"), (999.6, "1.00 k"),
        (1234, "1.23 k"), (99.96, "100"),
        (999_499, "999 k"), (999_700, "1.00 M"), (1.5e9, "1.50 G"),
        (2e12, "2.00 T"), (3.21e15, "3.21 P"), (1e18, "1000 P"),
    ],
)  # fmt: skip
def test_three_digits_and_a_prefix(value: float, shown: str) -> None:
    assert short(value).replace(THIN, " ") == shown


def test_words_for_large_numbers_and_all_digits_of_small_ones() -> None:
    assert spoken(12_300_000, "h").replace(THIN, " ") == "12.3 million h"
    assert spoken(1_720_000_000).replace(THIN, " ") == "1.72 billion"
    assert spoken(9_999, "h").replace(THIN, " ") == "9 999 h"
    assert grouped(1_234_567.6).replace(THIN, " ") == "1 234 568"


def test_percentages() -> None:
    assert [percent(one).replace(THIN, " ") for one in (None, 0, 0.004, 0.0094, 0.01, 0.874, 1.2)] == [
        "\u2013", "0 %", "0.4 %", "0.9 %", "1 %", "87 %", "120 %",
    ]  # fmt: skip
