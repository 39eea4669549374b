# SPDX-License-Identifier: Apache-2.0
"""Parts of the report that are not about jobs: storage, clouds, and what was not counted."""

from collections import defaultdict
from collections.abc import Callable
from typing import TypeAlias

from ssm.accounting.report import TERABYTE, Report, hours, mean_space, month_text
from ssm.pages import charts
from ssm.pages.drawing import Chart
from ssm.pages.html import Markup, el
from ssm.pages.numbers import grouped
from ssm.pages.tables import name_of, row, table

Made: TypeAlias = "tuple[str, str, tuple[Markup, ...]] | None"
"""Id, title and contents of a part; None where there is nothing."""


def terabytes(octets: int) -> str:
    """To one decimal."""
    return f"{octets / TERABYTE:,.1f}".replace(",", "\u202f")


def space_section(report: Report, draw: Callable[[Chart], Markup]) -> Made:
    """What was stored."""
    if not report.space:
        return None
    means = mean_space(report.space, len({one.month for one in report.space}))
    sites: dict[str, int] = defaultdict(int)
    for (site, _), used in means.items():
        sites[site] += used
    order = sorted(sites, key=lambda site: (-sites[site], site))[: charts.MOST_BARS]
    media = sorted({medium for _, medium in means}, key=lambda one: (one != "disk", one != "tape", one))
    values = [
        (name_of(site), name_of(medium), float(means[site, medium]))
        for site in order
        for medium in media
        if (site, medium) in means
    ]
    chart = charts.stacked("chart-space", "Space used by site", values, "B")
    rows = [
        row((site,), [*(terabytes(means.get((site, one), 0)) for one in media), terabytes(sites[site])])
        for site in order
    ]
    beside = table("Space used by site, TB", ("Site",), (*map(name_of, media), "All"), [el("tbody", rows)])
    more = f"; the largest of {len(sites)} sites" if len(sites) > len(order) else ""
    looks = ("solid", "hollow", "pale")
    key = ", ".join(f"{looks[min(at, 2)]}: {name_of(one)}" for at, one in enumerate(media))
    caption = el("figcaption", chart.title, " ", el("span", f"bytes, mean of the time; {key}{more}"))
    return "storage", "Storage", (el("figure", caption, draw(chart), beside), space_table(report))


def space_table(report: Report) -> Markup:
    """All of it, by month."""
    rows = [
        row(
            (month_text(one.month), one.site, one.vo, one.media),
            [*(terabytes(size) for size in (one.used, one.logical, one.allocated)), grouped(one.files)],
        )
        for one in report.space
    ]
    names, figures = ("Month", "Site", "VO", "Medium"), ("Used", "Logical", "Allocated", "Files")
    return el("div", el("h3", "All of it"), table("Mean space in a month, TB", names, figures, [el("tbody", rows)]))


def machines_section(report: Report) -> Made:
    """Virtual machines."""
    if not report.machines:
        return None
    rows = [
        row(
            (month_text(one.month), one.site, one.vo),
            [grouped(one.count), grouped(hours(one.wall)), grouped(hours(one.cpu))],
        )
        for one in report.machines
    ]
    made = table(
        "Virtual machines and their time in the month", ("Month", "Site", "VO"),
        ("Machines", "Wall time, h", "CPU time, h"), [el("tbody", rows)],
    )  # fmt: skip
    return "clouds", "Clouds", (made,)


def left_out_section(report: Report) -> Made:
    """Usage that came twice."""
    if not report.left_out:
        return None
    rows = [
        row((month_text(one.month), one.site, one.part, one.usage, one.source), [grouped(one.count)])
        for one in report.left_out
    ]
    said = "This usage came in more than one form. One was counted; these were left out, so that nothing counts twice."
    names = ("Month", "Site", "Submit host or cloud", "Usage", "Records")
    return (
        "left-out",
        "Not counted",
        (el("p", said), table("Usage that was left out", names, ("Number",), [el("tbody", rows)])),
    )
