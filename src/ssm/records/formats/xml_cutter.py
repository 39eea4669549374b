# SPDX-License-Identifier: Apache-2.0
"""Taking an XML document apart between its records, octet for octet, whatever they say."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from ssm.errors import FormatError
from ssm.records.formats.xml_stream import XmlStream
from ssm.records.message import MAX_RECORD_OCTETS, Cut

ASCII_DECLARED = re.compile(rb"""(^<\?xml[^>]*encoding\s*=\s*["'])(?:us-)?ascii""", re.IGNORECASE)
MAX_HELD = 4 * MAX_RECORD_OCTETS


def cut(blocks: Iterator[bytes], containers: Sequence[str]) -> Cut:
    """The head with the root's start tag, the records, and its end tag; FormatError where there is no such thing."""
    stream = XmlStream(blocks, lambda root: root.name in containers)
    root = stream.open()
    if stream.parser.record_depth == 1:
        raise FormatError("the document is a single record, which cannot be cut", code="single-record", line=root.line)
    is_closed = stream.head.endswith(b"/>")
    head = stream.head[:-2].rstrip() + b">" if is_closed else stream.head
    # All that is read is UTF-8, and other records than these may follow the head.
    head = ASCII_DECLARED.sub(rb"\1UTF-8", head, count=1)
    return Cut(head + b"\n", records(stream), b"", b"</" + name_of(head) + b">\n")


def records(stream: XmlStream) -> Iterator[bytes]:
    """Each from where it begins to where the next one does, or the root ends; the first with what is before it."""
    parser, line, held = stream.parser, stream.line, b""
    start, is_begun = parser.fed, False
    for block in chain([stream.buffer], stream.blocks):
        held += block
        was_open = parser.depth > 0
        parser.feed(block, line)
        line += block.count(b"\n")
        marks = [*parser.begins, *([parser.ends_at] if was_open and parser.depth == 0 else [])]
        at = 0
        for end in (mark - start for mark in marks):
            if is_begun:
                yield held[at:end].strip() + b"\n"
                at = end
            is_begun = True
        held, start = held[at:], start + at
        parser.ready.clear()
        parser.begins.clear()
        if len(held) > MAX_HELD:
            raise parser.too_much(f"more than {MAX_HELD} octets stand between two records")
    parser.feed(b"", line, is_last=True)


def name_of(head: bytes) -> bytes:
    """The root's name as it stands, with its prefix: what follows the last opening bracket."""
    start = head.rindex(b"<")
    return head[start + 1 :].split(None, 1)[0].rstrip(b">")
