# SPDX-License-Identifier: Apache-2.0
"""Numbers as people read them."""

THIN = "\u202f"
"""Narrow and unbreakable: between groups of three digits, and before a unit."""
PREFIXES = (("P", 10**15), ("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3))
WORDS = (("trillion", 10**12), ("billion", 10**9), ("million", 10**6))
SIGNIFICANT = 3
SMALL_PART = 0.0095
"""Below it, a percentage has a decimal."""


def grouped(value: float) -> str:
    """``1 234 567``."""
    return f"{value:,.0f}".replace(",", THIN)


def short(value: float, unit: str = "") -> str:
    """Three significant digits: ``1.23 M``."""
    for prefix, size in PREFIXES:
        # From where rounding would give four digits of the smaller one.
        if value >= size * 0.9995:
            return f"{three(value / size)}{THIN}{prefix}{unit}"
    return f"{three(value)}{THIN}{unit}".rstrip(THIN)


def spoken(value: float, unit: str = "") -> str:
    """Three significant digits and a word: ``1.23 million h``; smaller numbers in full."""
    for word, size in WORDS:
        if value >= size * 0.9995:
            return f"{three(value / size)}{THIN}{word}{THIN}{unit}".rstrip(THIN)
    return f"{grouped(value)}{THIN}{unit}".rstrip(THIN)


def three(value: float) -> str:
    """``1.23``, ``12.3``, ``123``."""
    if value == 0:
        return "0"
    tries = (f"{value:.{decimals}f}" for decimals in (2, 1))
    return next((one for one in tries if len(one) <= SIGNIFICANT + 1), f"{value:.0f}")


def percent(part: float | None) -> str:
    """``87 %``; a dash where there is none."""
    if part is None:
        return "–"
    return f"{100 * part:.{int(0 < part < SMALL_PART)}f}{THIN}%"
