# SPDX-License-Identifier: Apache-2.0
"""Tables of amounts, as HTML: names to the left, figures to the right, every cell with heads for a screen reader."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from ssm.accounting.report import Line, hours, month_text, total_of
from ssm.pages.html import Markup, el
from ssm.pages.numbers import grouped, percent
from ssm.ports.usage import Amount

AMOUNTS = ("Jobs", "CPU time,\u00a0h", "Wall × cores,\u00a0h", "CPU work", "Work", "Efficiency")
UNSAID = "(not said)"


def name_of(name: str) -> str:
    """A name, or that there is none."""
    return name or UNSAID


def amount_cells(amount: Amount) -> list[str]:
    """As ``AMOUNTS`` has them."""
    times = (amount.cpu, amount.core_wall, amount.cpu_work, amount.core_wall_work)
    return [grouped(amount.jobs), *(grouped(hours(one)) for one in times), percent(amount.efficiency)]


def table(caption: str, names: Sequence[str], figures: Sequence[str], rows: Iterable[Markup], *more: Markup) -> Markup:
    """A table that scrolls by itself where it is too wide; it can be reached by keyboard for that."""
    heads = [el("th", one, scope="col", class_="name") for one in names]
    heads += [el("th", one, scope="col") for one in figures]
    head = el("thead", el("tr", heads))
    parts = el("table", el("caption", caption), head, rows, more)
    return el("div", parts, class_="scroll", tabindex="0", role="region", aria_label=caption)


def row(names: Sequence[str], cells: Sequence[str]) -> Markup:
    """One line: the first name is its head."""
    first, *others = (name_of(one) for one in names)
    rest = [el("td", one, class_="mark") for one in others]
    return el("tr", el("th", first, scope="row"), rest, [el("td", one) for one in cells])


def monthly(caption: str, names: Sequence[str], lines: Sequence[Line]) -> Markup:
    """Amounts by month: where there are several, each month is a part of its own, with its sum."""
    width = str(len(names) + len(AMOUNTS))
    bodies = []
    several = len({one.month for one in lines}) > 1
    for month, group in groupby(lines, key=lambda one: one.month):
        rows = [row(one.names, amount_cells(one.amount)) for one in group]
        head = el("tr", el("th", month_text(month), scope="rowgroup", colspan=width))
        bodies.append(el("tbody", [head] if several else [], rows))
    sums = el("tr", el("th", "All", scope="row", colspan=str(len(names))), [
        el("td", one) for one in amount_cells(total_of(lines))
    ])  # fmt: skip
    return table(caption, names, AMOUNTS, bodies, el("tfoot", sums))
