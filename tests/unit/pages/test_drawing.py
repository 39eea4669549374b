# SPDX-License-Identifier: Apache-2.0
import pytest

from ssm.pages import charts
from ssm.pages.drawing import Chart, drawn, inlined

CHART = Chart("c1", "A <title>", "What & how", {})
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="20">{}</svg>'
)


def test_a_picture_is_named_described_and_scales() -> None:
    made = inlined(
        CHART, SVG.format('<g class="x" role="y" aria-label="z"><rect width="1" height="2" fill="red"/></g>')
    )
    assert made == (
        '<svg role="img" aria-labelledby="c1-title" aria-describedby="c1-desc" '
        'viewBox="0 0 10 20" width="10" height="20">'
        '<title id="c1-title">A &lt;title&gt;</title><desc id="c1-desc">What &amp; how</desc>'
        '<g><rect width="1" height="2" fill="red"></rect></g></svg>'
    )


@pytest.mark.parametrize("part", ["script", "foreignObject", "image", "use", "a", "style", "animate", "iframe"])
def test_a_picture_with_more_than_shapes_is_refused(part: str) -> None:
    with pytest.raises(ValueError, match=part):
        inlined(CHART, SVG.format(f"<g><{part}/></g>"))


@pytest.mark.parametrize(
    "words", ['onload="x()"', 'xlink:href="javascript:x()"', 'style="fill:url(http://x)"', 'id="c"']
)
def test_what_a_shape_does_besides_being_seen_is_left_out(words: str) -> None:
    made = inlined(CHART, SVG.format(f'<g {words} fill="red"/>'))
    assert made.endswith('<g fill="red"></g></svg>')


def test_texts_of_a_picture_stay_texts() -> None:
    assert "<text>&lt;script&gt;</text>" in inlined(CHART, SVG.format("<text>&lt;script&gt;</text>"))


VALUES = [("A", 12_300_000.0), ("<b>", 4.0), ("C\u2028", 0.0)]


@pytest.mark.parametrize(
    "chart",
    [
        charts.bars("a", "t", VALUES, "h"),
        charts.bars("a", "t", [], "h"),
        charts.dots("b", "t", [("A", 0.5), ("B", 1.1)], 0.7),
        charts.dots("b", "t", [("A", 0.5)], None),
        charts.columns("c", "t", VALUES, "h"),
        charts.panels(
            "d", "t", {"A": [("2024-05", 1.0), ("2024-06", 0.0)], "<b>": [("2024-05", 0.0), ("2024-06", 3.0)]}, "h"
        ),
        charts.stacked("e", "t", [("A", "disk", 5.0), ("A", "tape", 1.0), ("B", "<b>", 2.0)], "B"),
    ],
    ids=["bars", "no bars", "dots", "dots without mean", "columns", "panels", "stacked"],
)
def test_every_chart_is_drawn_with_its_values_written(chart: Chart) -> None:
    made = drawn(chart)
    assert made.startswith('<svg role="img"')
    assert "<b>" not in made
    assert chart.description.endswith(".")
    if chart.id == "a" and "nothing" not in chart.description:
        assert "12.3\u202fM</text>" in made
        assert "&lt;b&gt;</text>" in made


def test_a_chart_says_in_words_what_it_shows() -> None:
    assert charts.bars("a", "t", VALUES, "h").description == (
        "Horizontal bars for 3, from A with 12.3\u202fMh to C\u2028 with 0\u202fh."
    )
    assert charts.bars("a", "t", [], "h").description == "Horizontal bars; there is nothing to show."
    assert charts.bars("a", "t", VALUES[:1], "h").description == "Horizontal bars: A with 12.3\u202fMh."
