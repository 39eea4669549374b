# SPDX-License-Identifier: Apache-2.0
"""The charts, as specifications for Vega-Lite: one colour, every value written beside its mark, nothing to decipher."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ssm.pages.drawing import Chart
from ssm.pages.numbers import percent, short

Spec: TypeAlias = "dict[str, object]"
Shown: TypeAlias = "Callable[[float], str]"
ACCENT, INK, QUIET, HAIR = "#14507d", "#1b2733", "#5a6773", "#d5dbe1"
FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"
BAR_STEP = 30
"""The height of a line in the tables beside, so that bars stand beside their figures."""
WIDTH = 310
LABEL_WIDTH = 170
MOST_BARS = 12
ALL_AND_LABEL = 1.2
"""Of a scale from nothing to all, with room for a text after it."""
PANELS_IN_A_ROW = 3
CONFIG: Spec = {
    "aria": False,
    "background": "transparent",
    "font": FONT,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "labelFontSize": 12,
        "labelLimit": LABEL_WIDTH,
        "domain": False,
        "ticks": False,
        "title": None,
        "grid": False,
        "labelPadding": 8,
    },
    "header": {
        "title": None,
        "labelColor": INK,
        "labelFontSize": 12,
        "labelFontWeight": "bold",
        "labelAnchor": "start",
    },
    "text": {"color": INK, "fontSize": 12},
}


def bars(id_: str, title: str, values: Sequence[tuple[str, float]], unit: str) -> Chart:
    """Horizontal bars, in the order given, each with its value."""
    data = [{"name": name, "value": value, "label": short(value)} for name, value in values]
    room = 1.24 * max((value for _, value in values), default=0) or 1
    spec: Spec = {
        **frame(data, len(values)),
        "encoding": {"y": names(), "x": scale(room)},
        "layer": [
            {"mark": {"type": "bar", "color": ACCENT, "height": {"band": 0.66}}},
            {"mark": beside(), "encoding": {"text": {"field": "label"}}},
        ],
    }
    return Chart(id_, title, said("Horizontal bars", values, lambda value: short(value, unit)), spec)


def dots(id_: str, title: str, values: Sequence[tuple[str, float]], mean: float | None) -> Chart:
    """Parts of a whole as points on a line from nothing to all, and a dashed line for all together."""
    data = [{"name": name, "value": value, "label": percent(value)} for name, value in values]
    layers: list[Spec] = [
        {
            "mark": {"type": "rule", "color": HAIR, "strokeWidth": 2},
            "encoding": {"x": {"datum": 0}, "x2": {"datum": 1}},
        },
        {"mark": {"type": "point", "filled": True, "size": 90, "color": ACCENT, "opacity": 1}},
        {
            "mark": {"type": "text", "align": "right", "baseline": "middle"},
            "encoding": {"x": {"datum": ALL_AND_LABEL}, "text": {"field": "label"}},
        },
    ]
    if mean is not None:
        line: Spec = {"type": "rule", "color": QUIET, "strokeDash": [3, 3]}
        layers.insert(0, {"data": {"values": [{"value": mean}]}, "mark": line, "encoding": {"y": None}})
    spec: Spec = {**frame(data, len(values)), "encoding": {"y": names(), "x": scale(ALL_AND_LABEL)}, "layer": layers}
    description = said("Points on lines from 0 to 100 %", values, percent)
    if mean is not None:
        description += f" The dashed line stands at {percent(mean)}, all together."
    return Chart(id_, title, description, spec)


def columns(id_: str, title: str, values: Sequence[tuple[str, float]], unit: str) -> Chart:
    """Upright bars, one a month, each with its value."""
    data = [{"name": name, "value": value, "label": short(value)} for name, value in values]
    room = 1.12 * max((value for _, value in values), default=0) or 1
    spec: Spec = {
        "data": {"values": data},
        "width": {"step": max(34, min(64, 640 // max(1, len(values))))},
        "height": 190,
        "config": CONFIG,
        "encoding": {
            "x": {"field": "name", "type": "nominal", "sort": None, "axis": {"labelAngle": 0, "labelOverlap": True}},
            "y": {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": [0, room]}},
        },
        "layer": [
            {"mark": {"type": "bar", "color": ACCENT, "width": {"band": 0.62}}},
            {"mark": {"type": "text", "dy": -8}, "encoding": {"text": {"field": "label"}}},
        ],
    }
    return Chart(id_, title, said("Upright bars", values, lambda value: short(value, unit)), spec)


def panels(id_: str, title: str, series: Mapping[str, Sequence[tuple[str, float]]], unit: str) -> Chart:
    """The same upright bars for each of several, side by side on one scale; the largest of each is written."""
    data = []
    for name, values in series.items():
        most = max(value for _, value in values)
        for month, value in values:
            label = short(value) if value == most and value else ""
            data.append({"panel": name, "name": month, "value": value, "label": label})
    room = 1.2 * max((value for values in series.values() for _, value in values), default=0) or 1
    count = max(len(values) for values in series.values())
    ends = [values[at][0] for values in series.values() for at in (0, -1)]
    spec: Spec = {
        "data": {"values": data},
        "config": CONFIG,
        "columns": PANELS_IN_A_ROW,
        "spacing": {"row": 18, "column": 34},
        "facet": {"field": "panel", "type": "nominal", "sort": list(series)},
        "spec": {
            "width": {"step": max(9, min(34, 190 // count))},
            "height": 92,
            "encoding": {
                "x": {
                    "field": "name",
                    "type": "nominal",
                    "sort": None,
                    "axis": {"labelAngle": 0, "labelColor": QUIET, "labelFontSize": 11, "values": sorted(set(ends))},
                },
                "y": {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": [0, room]}},
            },
            "layer": [
                {"mark": {"type": "bar", "color": ACCENT, "width": {"band": 0.7}}},
                {
                    "mark": {"type": "text", "dy": -7, "fontSize": 11, "color": QUIET},
                    "encoding": {"text": {"field": "label"}},
                },
            ],
        },
    }
    sums = [(name, sum(value for _, value in values)) for name, values in series.items()]
    return Chart(id_, title, said("Small upright bars by month", sums, lambda value: short(value, unit)), spec)


def stacked(id_: str, title: str, values: Sequence[tuple[str, str, float]], unit: str) -> Chart:
    """Horizontal bars of parts, told apart by being solid, hollow or pale; the whole is written."""
    kinds = sorted({kind for _, kind, _ in values}, key=lambda kind: (kind != "disk", kind != "tape", kind))
    sums: dict[str, float] = {}
    for name, _, value in values:
        sums[name] = sums.get(name, 0) + value
    data = [{"name": name, "kind": kind, "value": value, "place": kinds.index(kind)} for name, kind, value in values]
    wholes = [{"name": name, "value": value, "label": short(value)} for name, value in sums.items()]
    fills = [ACCENT, "#ffffff", "#b9c7d3"]
    room = 1.24 * max(sums.values(), default=0) or 1
    spec: Spec = {
        **frame(data, len(sums)),
        "encoding": {"y": {**names(), "sort": list(sums)}, "x": scale(room)},
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.66}, "stroke": ACCENT, "strokeWidth": 1},
                "encoding": {
                    "fill": {
                        "field": "kind",
                        "type": "nominal",
                        "legend": None,
                        "scale": {"domain": kinds, "range": [fills[min(at, 2)] for at, _ in enumerate(kinds)]},
                    },
                    "order": {"field": "place", "type": "quantitative"},
                },
            },
            {"data": {"values": wholes}, "mark": beside(), "encoding": {"text": {"field": "label"}}},
        ],
    }
    return Chart(id_, title, said("Horizontal bars", list(sums.items()), lambda value: short(value, unit)), spec)


def frame(data: Sequence[Mapping[str, object]], count: int) -> Spec:
    """Of horizontal charts."""
    return {"data": {"values": list(data)}, "width": WIDTH, "height": BAR_STEP * max(1, count), "config": CONFIG}


def names() -> Spec:
    """Upright, in the order of the data."""
    axis = {"labelAlign": "left", "labelPadding": LABEL_WIDTH, "minExtent": LABEL_WIDTH, "maxExtent": LABEL_WIDTH}
    return {"field": "name", "type": "nominal", "sort": None, "axis": {**axis, "labelLimit": LABEL_WIDTH - 12}}


def scale(most: float) -> Spec:
    """Along, from zero, without an axis: the values are written."""
    return {"field": "value", "type": "quantitative", "axis": None, "scale": {"domain": [0, most], "nice": False}}


def beside() -> Spec:
    """The text after a mark."""
    return {"type": "text", "align": "left", "baseline": "middle", "dx": 6}


def said(kind: str, values: Sequence[tuple[str, float]], shown: Shown) -> str:
    """What a chart shows, in words; the numbers stand in the table beside it."""
    if not values:
        return f"{kind}; there is nothing to show."
    (first, most), (last, least) = values[0], values[-1]
    if len(values) == 1:
        return f"{kind}: {first} with {shown(most)}."
    return f"{kind} for {len(values)}, from {first} with {shown(most)} to {last} with {shown(least)}."
