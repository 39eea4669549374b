# SPDX-License-Identifier: Apache-2.0
"""Taking an XML document apart between its records, octet for octet, whatever they say."""

from collections.abc import Iterator, Sequence

from ssm.errors import FormatError
from ssm.records.formats.xml_stream import Piece, XmlStream
from ssm.records.message import Cut


def cut(blocks: Iterator[bytes], containers: Sequence[str]) -> Cut:
    """The head with the root's start tag, the records, and its end tag; FormatError where there is no such thing."""
    stream = XmlStream(blocks, lambda root: root.name in containers)
    root = stream.open()
    if not stream.at_rest:
        raise FormatError("the document is a single record, which cannot be cut", code="single-record", line=root.line)
    return Cut(stream.head + b"\n", records(stream), b"", b"</" + name_of(stream.head) + b">\n")


def records(stream: XmlStream) -> Iterator[bytes]:
    """Each record, with what stands before it."""
    held = b""
    for piece in stream.pieces():
        assert isinstance(piece, Piece), "no look is known, so none is recognised"
        held += piece.raw
        if piece.records and stream.at_rest:
            yield held.strip() + b"\n"
            held = b""


def name_of(head: bytes) -> bytes:
    """The root's name as it stands, with its prefix: what follows the last opening bracket."""
    start = head.rindex(b"<")
    return head[start + 1 :].split(None, 1)[0].rstrip(b">")
