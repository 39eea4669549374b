# SPDX-License-Identifier: Apache-2.0
"""Names that have been proved to be names: they can only be made by parsing."""

import re
from dataclasses import dataclass

# One component of a slash-form DN starts at each of these: a short name or a dotted number, then "=".
COMPONENT_START = re.compile(r"/(?=(?:[A-Za-z][A-Za-z0-9.\-]*|[0-9]+(?:\.[0-9]+)+)=)")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
MAX_SHOWN = 2000


@dataclass(frozen=True, slots=True, order=True)
class DistinguishedName:
    """A DN in slash form that parses back into itself, such as ``/C=UK/O=eScience/CN=host.example.org``."""

    text: str
    """The slash form; compared as an exact string."""

    @classmethod
    def parse(cls, text: str) -> "DistinguishedName":
        """Parse one slash-form DN; ValueError says what is wrong with it."""
        components(text)
        return cls(text)

    @classmethod
    def from_components(cls, pairs: "list[tuple[str, str]]") -> "DistinguishedName":
        """Join (type, value) pairs; ValueError when the joined form would read differently."""
        text = "".join(f"/{kind}={value}" for kind, value in pairs)
        if components(text) != pairs:
            message = "the name is ambiguous in slash form"
            raise ValueError(message)
        return cls(text)

    def __str__(self) -> str:
        return self.text


def components(text: str) -> list[tuple[str, str]]:
    """Split a slash-form DN into (type, value) pairs; ValueError where it is not one."""
    if not text.startswith("/"):
        raise ValueError("a DN begins with '/'")
    if CONTROL.search(text):
        raise ValueError("a DN holds no control characters")
    starts = [match.start() for match in COMPONENT_START.finditer(text)]
    if not starts or starts[0] != 0:
        raise ValueError("a DN begins with '/TYPE='")
    ends = [*starts[1:], len(text)]
    pairs = []
    for start, end in zip(starts, ends, strict=True):
        kind, _, value = text[start + 1 : end].partition("=")
        if not value:
            raise ValueError(f"the value of {kind} is empty")
        pairs.append((kind, value))
    return pairs


def printable(text: str) -> str:
    """Text from outside as a line for people may hold it: bounded, control characters written out."""
    shown = text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"
    return UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape", "backslashreplace").decode("ascii"), shown)
