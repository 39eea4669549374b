# SPDX-License-Identifier: Apache-2.0
"""Charts as pictures that stand in a page: drawn by Vega-Lite within this process, then copied part by part.

Only what a picture needs is copied: shapes, texts and how they look. Whatever else there is, the picture is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from ssm.errors import RepositoryError
from ssm.pages.html import Markup, el, text

SHAPES = frozenset({"g", "path", "text", "line", "rect", "circle"})
LOOKS = frozenset(
    {
        *("d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "transform", "display"),
        *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-miterlimit", "opacity"),
        *("stroke-linecap", "text-anchor", "font-family", "font-size", "font-weight", "font-style", "stroke-opacity"),
    }
)
SVG = "{http://www.w3.org/2000/svg}"
VERSION = "5.21"
"""Of Vega-Lite: the picture of a specification does not change with the library that draws it."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, and what it says to those who do not see it."""

    id: str
    """Unique in the page."""
    title: str
    description: str
    spec: Mapping[str, object]
    """For Vega-Lite; all data stand in it."""


def drawn(chart: Chart) -> Markup:
    """The picture; RepositoryError where the library is not installed."""
    try:
        import vl_convert
    except ImportError as error:
        raise RepositoryError("charts need vl-convert", hint="pip install 'secure-stomp-messenger[report]'") from error
    picture: str = vl_convert.vegalite_to_svg(dict(chart.spec), vl_version=VERSION, allowed_base_urls=[])
    return inlined(chart, picture)


def inlined(chart: Chart, picture: str) -> Markup:
    """The picture as part of a page: named, described, scalable; ValueError where it holds anything but shapes."""
    root = ET.fromstring(picture)  # noqa: S314 - no outside document: drawn a moment ago from our own specification
    width, height = root.get("width", ""), root.get("height", "")
    title, description = f"{chart.id}-title", f"{chart.id}-desc"
    return el(
        "svg",
        el("title", chart.title, id=title),
        el("desc", chart.description, id=description),
        *(copied(part) for part in root),
        role="img",
        aria_labelledby=title,
        aria_describedby=description,
        viewBox=f"0 0 {float(width):g} {float(height):g}",
        width=width,
        height=height,
    )


def copied(part: ET.Element) -> Markup:
    """A shape and what is in it."""
    name = part.tag.removeprefix(SVG)
    if name not in SHAPES:
        raise ValueError(f"a picture with {name[:40]!r} in it is none that we drew")
    looks = {key: value for key, value in part.attrib.items() if key in LOOKS}
    words = "".join(f' {key}="{text(value)}"' for key, value in looks.items())
    return Markup(f"<{name}{words}>{text(part.text or '')}{''.join(copied(one) for one in part)}</{name}>")
