# SPDX-License-Identifier: Apache-2.0
"""The part of the report that sets our figures beside those of a portal."""

from ssm.accounting.compare import Compared, Comparison, Mark
from ssm.pages.html import Markup, el
from ssm.pages.numbers import grouped
from ssm.pages.tables import name_of, table

TITLES = {
    "time": "Month", "site": "Site", "vo": "VO", "ce": "Submit host", "infrastructure": "Infrastructure",
    "benchmark": "Benchmark", "number_of_jobs": "Jobs", "raw_cpu_time": "CPU time, h", "raw_cpu_work": "CPU work",
    "raw_wc_time": "Wall × cores, h", "raw_wc_work": "Work",
}  # fmt: skip
MOST_SHOWN = 1000


def comparison_section(comparison: Comparison) -> tuple[str, str, tuple[Markup, ...]]:
    """What differs, each figure as theirs → ours with the difference."""
    differing = comparison.differing
    said = f"{grouped(len(comparison.rows))} rows were compared; {grouped(len(differing))} differ."
    parts = [el("p", said)]
    if differing:
        names = [*(TITLES[one] for one in comparison.keys), "What"]
        figures = [TITLES[one] for one in comparison.columns]
        rows = [compared_row(one, comparison) for one in differing[:MOST_SHOWN]]
        parts.append(table("Portal → here", names, figures, [el("tbody", rows)]))
    if len(differing) > MOST_SHOWN:
        parts.append(
            el("p", f"{grouped(len(differing) - MOST_SHOWN)} more are in the output of the command.", class_="note")
        )
    return "comparison", "Compared with the portal", tuple(parts)


def compared_row(one: Compared, comparison: Comparison) -> Markup:
    """One line; what differs is marked by a sign as well as by weight."""
    first, *others = (name_of(name) for name in one.names)
    heads = [el("th", first, scope="row"), [el("td", name, class_="mark") for name in others]]
    cells = [
        el("td", difference(one, column), class_="differs" if is_marked(one, column) else "")
        for column in comparison.columns
    ]
    return el("tr", heads, el("td", one.mark.value, class_="mark"), cells)


def is_marked(one: Compared, column: str) -> bool:
    """Whether this figure is what is the matter."""
    return column in one.differing if one.mark is Mark.DIFFERENT else True


def difference(one: Compared, column: str) -> str:
    """``1 200 → 1 000 (-17 %)``."""
    here, there = one.here.get(column), one.there.get(column)
    if here is None or there is None:
        return grouped(there or here or 0.0)
    part = one.percent(column)
    change = "" if part is None or round(part, 1) == 0 else f" ({part:+.1f}\u202f%)".replace("-", "−")
    return f"{grouped(there)} → {grouped(here)}{change}"
