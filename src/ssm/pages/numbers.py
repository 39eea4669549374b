# SPDX-License-Identifier: Apache-2.0
"""Numbers as people read them."""

THIN = "\u202f"
"""Narrow and unbreakable: between groups of three digits, and before a unit."""
PREFIXES = (("P", 10**15), ("T", 10**12), ("G", 10**9), ("M", 10**6), ("k", 10**3))
SIGNIFICANT = 3


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


def three(value: float) -> str:
    """``1.23``, ``12.3``, ``123``."""
    decimals = max(0, SIGNIFICANT - len(str(int(value + 0.0005)))) if value else 0
    return f"{value:.{decimals}f}"


def percent(part: float | None) -> str:
    """``87 %``; a dash where there is none."""
    return "–" if part is None else f"{100 * part:.0f}{THIN}%"
