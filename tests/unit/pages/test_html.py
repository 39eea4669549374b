# SPDX-License-Identifier: Apache-2.0
import html
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from ssm.pages.html import Markup, document, el, joined, text


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def seen(markup: str) -> Seen:
    reader = Seen()
    reader.feed(markup)
    reader.close()
    return reader


@given(st.text())
def test_any_text_is_text_and_any_value_a_value(words: str) -> None:
    found = seen(el("p", words, title=words or "x"))
    assert [tag for tag, _ in found.tags] == ["p"]
    assert [name for name, _ in found.tags[0][1]] == ["title"]
    assert "".join(found.words) == html.unescape(text(words))


def test_markup_is_made_once_and_not_escaped_again() -> None:
    inner = el("b", "a & b")
    assert el("p", inner) == "<p><b>a &amp; b</b></p>"
    assert isinstance(joined([inner, "<"]), Markup)
    assert joined([inner, "<", ["x", [inner]]]) == "<b>a &amp; b</b>&lt;x<b>a &amp; b</b>"


def test_attributes_have_hyphens_and_empty_ones_are_left_out() -> None:
    assert el("td", "1", class_="mark", aria_label='a"b', id="") == '<td class="mark" aria-label="a&quot;b">1</td>'


def test_empty_elements_have_no_end() -> None:
    assert el("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_what_would_turn_the_reading_direction_or_cannot_be_shown_is_replaced() -> None:
    assert text("a\u202eb\u2066c\x00d\x1be\ud800") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd"
    assert text("tab\tand\nline") == "tab\tand\nline"


def test_a_page_forbids_scripts_and_fetching() -> None:
    page = document("<title>", "p { color: red }", el("p", "x"))
    policy = dict(seen(page).tags[3][1])
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert "default-src 'none'" in (policy["content"] or "")
    assert "script-src" not in (policy["content"] or "")
    assert "<title>&lt;title&gt;</title>" in page
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
