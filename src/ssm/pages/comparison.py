# SPDX-License-Identifier: Apache-2.0
"""The part of the report that sets our figures beside those of a portal."""

from ssm.accounting.compare import Compared, Comparison, Mark
from ssm.pages.html import Markup, el
from ssm.pages.numbers import grouped
from ssm.pages.tables import name_of, table

TITLES = {
    "time": "Month", "site": "Site", "vo": "VO", "ce": "Submit host", "infrastructure": "Infrastructure",
    "benchmark": "Benchmark", "number_of_jobs": "Jobs", "raw_cpu_time": "CPU time,\u00a0h", "raw_cpu_work": "CPU work",
    "raw_wc_time": "Wall × cores,\u00a0h", "raw_wc_work": "Work",
}  # fmt: skip
MOST_SHOWN = 1000


def comparison_section(comparison: Comparison) -> tuple[str, str, tuple[Markup, ...]]:
    """What differs: ours, and theirs below."""
    differing = comparison.differing
    said = f"{grouped(len(comparison.rows))} rows were compared; {grouped(len(differing))} differ."
    parts = [el("p", said)]
    if differing:
        names = [*(TITLES[one] for one in comparison.keys), "What"]
        figures = [TITLES[one] for one in comparison.columns]
        rows = [compared_row(one, comparison) for one in differing[:MOST_SHOWN]]
        parts.append(
            table("What differs: our figures, and below them the portal's", names, figures, [el("tbody", rows)])
        )
    if len(differing) > MOST_SHOWN:
        parts.append(
            el("p", f"{grouped(len(differing) - MOST_SHOWN)} more are in the output of the command.", class_="note")
        )
    return "comparison", "Compared with the portal", tuple(parts)


def compared_row(one: Compared, comparison: Comparison) -> Markup:
    """One line; what differs is marked by a sign as well as by weight."""
    first, *others = (name_of(name) for name in one.names)
    heads = [el("th", first, scope="row", class_="short"), [el("td", name, class_="mark") for name in others]]
    cells = [figure_cell(one, column) for column in comparison.columns]
    return el("tr", heads, el("td", one.mark.value, class_="mark"), cells)


def figure_cell(one: Compared, column: str) -> Markup:
    """Our figure; where it is the matter, the portal's below it, with the difference. A sign marks it, too."""
    here, there = one.here.get(column), one.there.get(column)
    shown = "–" if here is None else grouped(here)
    if one.mark is Mark.DIFFERENT and column not in one.differing:
        return el("td", shown)
    part = one.percent(column) if one.mark is Mark.DIFFERENT else None
    change = "" if part is None else f", {part:+.0f}\u202f%".replace("-", "−")
    return el("td", shown, el("span", f"{'–' if there is None else grouped(there)}{change}"), class_="differs")
