# SPDX-License-Identifier: Apache-2.0
"""The report as one page: what was used in sum, then charts with their figures beside them, then every table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files

from ssm.accounting.compare import Comparison
from ssm.accounting.report import VIEWS, Report, by_month, hours, month_text, over_all
from ssm.pages import charts
from ssm.pages.comparison import comparison_section
from ssm.pages.drawing import Chart
from ssm.pages.html import Markup, document, el
from ssm.pages.numbers import grouped, percent, spoken
from ssm.pages.others import left_out_section, machines_section, space_section
from ssm.pages.tables import monthly, name_of, row, table
from ssm.ports.usage import Amount, Usage

OTHERS = "others"
MOST_PANELS = 6
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
WORK = "h"
EXPLANATION = (
    "Work is time multiplied by the benchmark of the cores, in HEPscore23 hours; HEPSPEC counts alike, and Si2k is "
    "divided by 250. Wall time is multiplied by the cores of each job. Efficiency is CPU time as a part of it. Months "
    "are those of the ends of jobs, in UTC. Hours are rounded; sums are made before."
)
Draw = Callable[[Chart], Markup]


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the figures."""

    made: str
    """The day, YYYY-MM-DD."""
    program: str
    draw: Draw


def report_page(report: Report, frame: Frame, comparison: Comparison | None = None) -> str:
    """The whole page."""
    sections = [one for one in all_sections(report, frame.draw, comparison) if one is not None]
    title = f"Usage, {period(report)}"
    links = [el("li", el("a", one.title, href=f"#{one.id}")) for one in sections]
    header = el("header", el("h1", title), el("p", about(report, frame), class_="about"), totals(report.total))
    return document(
        title,
        files("ssm.pages").joinpath("style.css").read_text(encoding="utf-8"),
        header,
        el("nav", el("ul", links), aria_label="Parts of this report"),
        el("main", warnings(report), [one.markup() for one in sections]),
        el("footer", el("p", EXPLANATION), el("p", f"Made by {frame.program} on {frame.made}.")),
    )


def period(report: Report) -> str:
    """The months."""
    first, last = report.question.first, report.question.last
    if first == last:
        return month_name(first)
    begin = MONTHS[first % 100 - 1] if first // 100 == last // 100 else month_name(first)
    return f"{begin} to {month_name(last)}"


def month_name(month: int) -> str:
    """``May 2024``."""
    return f"{MONTHS[month % 100 - 1]} {month // 100}"


def about(report: Report, frame: Frame) -> str:
    """What the page is about, in one line."""
    sites, vos = ({getattr(one, name) for one in report.usages} for name in ("site", "vo"))
    chosen = [f"only {', '.join(some)}" for some in (report.question.sites, report.question.vos) if some]
    parts = [counted(len(sites), "site"), counted(len(vos), "VO"), *chosen, f"as known on {frame.made}"]
    return ", ".join(parts)


def counted(count: int, what: str) -> str:
    """``1 site``, ``2 sites``."""
    return f"{grouped(count)} {what}{'' if count == 1 else 's'}"


def totals(amount: Amount) -> Markup:
    """The five figures that everybody asks for."""
    pairs = (
        ("Jobs", spoken(amount.jobs)),
        ("CPU time", spoken(hours(amount.cpu), "h")),
        ("Wall time × cores", spoken(hours(amount.core_wall), "h")),
        ("Work: wall × cores × benchmark", spoken(hours(amount.core_wall_work), "h")),
        ("Efficiency", percent(amount.efficiency)),
    )
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in pairs], class_="totals")


def warnings(report: Report) -> Iterator[Markup]:
    """What a reader should know first."""
    if report.waiting:
        said = f"{counted(report.waiting, 'month')} of sites changed since they were summarised: run ssm summarise."
        yield el("p", said, class_="warning")
    if not (report.usages or report.space or report.machines):
        yield el("p", "Nothing was used in this time, as far as is known.", class_="warning")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    id: str
    title: str
    parts: tuple[Markup, ...]

    def markup(self) -> Markup:
        """As it stands there."""
        return el("section", el("h2", self.title, id=f"{self.id}-head"), self.parts, id=self.id,
                  aria_labelledby=f"{self.id}-head")  # fmt: skip


def all_sections(report: Report, draw: Draw, comparison: Comparison | None) -> Iterator[Section | None]:
    """In reading order; None for what there is nothing of."""
    if len(report.months) > 1 and report.usages:
        yield Section("months", "By month", (months_figure(report, draw),))
    for view in report.views:
        if report.usages:
            yield Section(view.name, view.title, tuple(view_parts(report, view.name, draw)))
    for made in (space_section(report, draw), machines_section(report), left_out_section(report)):
        yield None if made is None else Section(*made)
    if comparison is not None:
        yield Section(*comparison_section(comparison))


def months_figure(report: Report, draw: Draw) -> Markup:
    """Work of each month."""
    amounts = by_month(report.usages)
    chart = charts.columns(
        "chart-months",
        "Work by month",
        [(month_text(one), hours(amounts[one].core_wall_work)) for one in amounts],
        WORK,
    )
    return figure(chart, draw, "Month", [((month_text(one),), amount) for one, amount in amounts.items()])


def view_parts(report: Report, name: str, draw: Draw) -> Iterator[Markup]:
    """Charts where names are short enough for one, and the table of everything."""
    view = VIEWS[name]
    if name in {"site", "vo"}:
        sums = shortened(over_all(report.usages, view.key))
        chart = charts.bars(f"chart-{name}", f"Work {view.title[0].lower()}{view.title[1:]}", work_of(sums), WORK)
        yield figure(chart, draw, view.heads[0], sums)
        parts = [(name_of(key[0]), amount.efficiency) for key, amount in sums]
        dots = charts.dots(
            f"chart-{name}-efficiency", f"CPU efficiency {view.title[0].lower()}{view.title[1:]}",
            [(one, part) for one, part in parts if part is not None], report.total.efficiency,
        )  # fmt: skip
        yield efficiency_figure(dots, draw, view.heads[0], sums)
    if name == "vo" and len(report.months) > 1:
        yield vo_months_figure(report, draw)
    yield el("h3", "All of it" if len(report.months) == 1 else "Month by month")
    yield monthly(f"{view.title}, {period(report)}; times and work in hours", view.heads, report.lines(view))


def work_of(sums: Sequence[tuple[tuple[str, ...], Amount]]) -> list[tuple[str, float]]:
    """For a chart."""
    return [(name_of(key[-1]), hours(amount.core_wall_work)) for key, amount in sums]


def shortened(sums: Sequence[tuple[tuple[str, ...], Amount]]) -> list[tuple[tuple[str, ...], Amount]]:
    """No more than a chart holds: the largest, and the others in one."""
    if len(sums) <= charts.MOST_BARS:
        return list(sums)
    rest = sums[charts.MOST_BARS - 1 :]
    together = Amount()
    for _, amount in rest:
        together += amount
    return [*sums[: charts.MOST_BARS - 1], ((f"{len(rest)} {OTHERS}",), together)]


def figure(chart: Chart, draw: Draw, head: str, sums: Sequence[tuple[tuple[str, ...], Amount]]) -> Markup:
    """A chart of work, with its figures beside it."""
    whole = sum(amount.core_wall_work for _, amount in sums)
    rows = [
        row(key, [grouped(amount.jobs), grouped(hours(amount.core_wall_work)),
                  percent(amount.core_wall_work / whole if whole else None)])
        for key, amount in sums
    ]  # fmt: skip
    beside = table(f"{chart.title}, h", (head,), ("Jobs", "Work, h", "Share"), [el("tbody", rows)])
    return el("figure", caption(chart, "hours × benchmark"), draw(chart), beside)


def efficiency_figure(chart: Chart, draw: Draw, head: str, sums: Sequence[tuple[tuple[str, ...], Amount]]) -> Markup:
    """A chart of efficiency, with its figures beside it."""
    rows = [
        row(key, [grouped(hours(amount.cpu)), grouped(hours(amount.core_wall)), percent(amount.efficiency)])
        for key, amount in sums
    ]
    beside = table(chart.title, (head,), ("CPU, h", "Wall × cores,\u00a0h", "Efficiency"), [el("tbody", rows)])
    return el("figure", caption(chart, "the dashed line is all together"), draw(chart), beside)


def vo_months_figure(report: Report, draw: Draw) -> Markup:
    """Work of the largest VOs, month by month."""
    largest = [key[0] for key, _ in over_all(report.usages, lambda one: (one.vo,))[:MOST_PANELS]]
    series = {name_of(vo): months_of(report, [one for one in report.usages if one.vo == vo]) for vo in largest}
    title = "Work by VO and month" if len(largest) < MOST_PANELS else "Work of the largest VOs by month"
    chart = charts.panels("chart-vo-months", title, series, WORK)
    rows = [
        row((month_text(month),), [grouped(values[at][1]) for values in series.values()])
        for at, month in enumerate(report.months)
    ]
    beside = table(f"{title}, h", ("Month",), list(series), [el("tbody", rows)])
    return el(
        "figure", caption(chart, "all on one scale; the largest month is written"), draw(chart), beside, class_="wide"
    )


def months_of(report: Report, usages: Sequence[Usage]) -> list[tuple[str, float]]:
    """Work in every month, also where it is none."""
    amounts = by_month(usages)
    return [(month_text(one), hours(amounts.get(one, Amount()).core_wall_work)) for one in report.months]


def caption(chart: Chart, more: str) -> Markup:
    """What is seen."""
    return el("figcaption", chart.title, " ", el("span", more))
