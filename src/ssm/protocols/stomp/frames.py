# SPDX-License-Identifier: Apache-2.0
"""Frames as values, and how they stand on the wire (STOMP 1.0, 1.1 and 1.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

SECRETS = ("passcode",)


class Version(StrEnum):
    """The versions there are; each differs in what a header may hold."""

    V1_0 = "1.0"
    V1_1 = "1.1"
    V1_2 = "1.2"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. Of a header that stands twice, the first counts (STOMP 1.2, Repeated Header Entries)."""

    command: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    full_size: int | None = None
    """Octets of the body as sent, when it exceeded the bound and was cut; else None."""

    def __repr__(self) -> str:
        """Without secrets, and without the body."""
        shown = {name: "…" if name in SECRETS else value for name, value in self.headers.items()}
        return f"Frame({self.command}, {shown}, {len(self.body)} octets)"


# CONNECT and CONNECTED are never escaped, so that old peers read them (STOMP 1.2, Value Encoding).
UNESCAPED_COMMANDS = ("CONNECT", "CONNECTED")
ESCAPES = {
    Version.V1_0: {},
    Version.V1_1: {"\\": "\\\\", "\n": "\\n", ":": "\\c"},
    Version.V1_2: {"\\": "\\\\", "\r": "\\r", "\n": "\\n", ":": "\\c"},
}
UNESCAPES = {version: {escaped: plain for plain, escaped in table.items()} for version, table in ESCAPES.items()}
FORBIDDEN_PLAIN = ("\n", "\r", "\0")


def encode_head(command: str, headers: Mapping[str, str], version: Version) -> bytes:
    """Everything before the body. ValueError when a header cannot be written in this version."""
    escape = {} if command in UNESCAPED_COMMANDS else ESCAPES[version]
    lines = [command]
    for name, value in headers.items():
        lines.append(f"{encode_name(name, escape)}:{encode_text(value, escape)}")
    return ("\n".join(lines) + "\n\n").encode("utf-8")


def encode_name(name: str, escape: Mapping[str, str]) -> str:
    """One header name: without escapes, a colon in it would make it another name with another value."""
    if not escape and ":" in name:
        raise ValueError("a header name that this version of STOMP cannot carry")
    return encode_text(name, escape)


def encode_text(text: str, escape: Mapping[str, str]) -> str:
    """One header value, or a name."""
    if not escape or not any(char in text for char in escape):
        if any(char in text for char in FORBIDDEN_PLAIN):
            raise ValueError("a header that this version of STOMP cannot carry")
        return text
    escaped = "".join(escape.get(char, char) for char in text)
    if any(char in escaped for char in FORBIDDEN_PLAIN):
        raise ValueError("a header that this version of STOMP cannot carry")
    return escaped


def carriable(headers: Mapping[str, str], version: Version) -> dict[str, str]:
    """Those headers that this version can carry."""
    kept = {}
    for name, value in headers.items():
        try:
            encode_name(name, ESCAPES[version])
            encode_text(value, ESCAPES[version])
        except ValueError:
            continue
        kept[name] = value
    return kept


def encode(frame: Frame, version: Version) -> bytes:
    """A whole frame; content-length is added where there is a body."""
    headers = dict(frame.headers)
    if frame.body:
        headers.setdefault("content-length", str(len(frame.body)))
    return b"".join((encode_head(frame.command, headers, version), frame.body, b"\0"))


def decode_text(text: str, unescape: Mapping[str, str]) -> str:
    """Undo escapes; ValueError for one that the version does not know (STOMP 1.2, Value Encoding)."""
    if "\\" not in text or not unescape:
        return text
    pieces = []
    position = 0
    while (at := text.find("\\", position)) >= 0:
        pieces.append(text[position:at])
        plain = unescape.get(text[at : at + 2])
        if plain is None:
            raise ValueError("an unknown escape sequence")
        pieces.append(plain)
        position = at + 2
    return "".join((*pieces, text[position:]))
