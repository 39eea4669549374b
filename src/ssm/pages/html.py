# SPDX-License-Identifier: Apache-2.0
"""HTML, put together from elements: the one place where text becomes markup, so that no text can be markup itself."""

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

UNSHOWN = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)), "\ufffd")
"""Characters that HTML forbids, or that would hide something: shown as what cannot be shown."""
UNSHOWN |= dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000)), "\ufffd")
VOID = frozenset({"meta", "col", "br"})


class Markup(str):
    """Text in which everything is meant as HTML. Only this module makes it, and ``drawing`` for pictures."""

    __slots__ = ()


Child: TypeAlias = "str | Iterable[Child]"


def text(value: str) -> Markup:
    """Text as it is to be read."""
    return value if isinstance(value, Markup) else Markup(escape(value.translate(UNSHOWN), quote=True))


def el(name: str, *children: Child, **attributes: str) -> Markup:
    """One element. An underscore in an attribute's name stands for a hyphen; a trailing one for nothing."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items() if value
    )
    if name in VOID:
        return Markup(f"<{name}{words}>")
    return Markup(f"<{name}{words}>{joined(children)}</{name}>")


def joined(children: Iterable[Child]) -> Markup:
    """One after the other."""
    return Markup("".join(text(one) if isinstance(one, str) else joined(one) for one in children))


def document(title: str, style: str, *body: Child) -> str:
    """A whole page. Its policy forbids scripts and fetching, should markup ever slip in."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    head = (
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy),
        el("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name_="robots", content="noindex"),
        el("title", title),
        Markup(f"<style>{style}</style>"),
    )
    page = el("html", el("head", *head), el("body", *body), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"
