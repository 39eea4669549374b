# SPDX-License-Identifier: Apache-2.0
"""Taking a text message apart between its records, octet for octet, without reading them, but as a reader would."""

from collections.abc import Container, Iterator

from ssm.errors import FormatError
from ssm.records.formats.text_header import read_header
from ssm.records.formats.text_pieces import SEPARATOR, pieces
from ssm.records.message import MAX_RECORD_OCTETS, Cut, begun

OCTETS = SEPARATOR.encode()
LINE_ENDS = (b"\n", b"\r")


def cut(blocks: Iterator[bytes]) -> Cut:
    """The header line and the records; FormatError where the header is none that we know."""
    held = b""
    for block in blocks:
        held += block
        if first_line(begun(held))[1] or len(begun(held)) > MAX_RECORD_OCTETS:
            break
    held = begun(held)
    line, end = first_line(held)
    header = read_header(line.decode("utf-8", "replace"), 1)
    names = header.type.readable(header.names_version).keys() | header.type.ignored
    records = records_in(held[len(line) + len(end) :], blocks, names)
    end = end or b"\n"
    return Cut(line + end, records, OCTETS + end, OCTETS + end)


def first_line(text: bytes) -> tuple[bytes, bytes]:
    """The first line, and what ends it; which is nothing while it is not seen, or may go on."""
    line = text.partition(b"\n")[0].partition(b"\r")[0]
    end = text[len(line) : len(line) + 2]
    if end == b"\r":
        return line, b""  # LF may follow
    return line, end if end == b"\r\n" else end[:1]


def records_in(held: bytes, blocks: Iterator[bytes], names: Container[str]) -> Iterator[bytes]:
    """What stands between separators, but for blank pieces; only where a line is whole is it plain what it holds."""
    for block in blocks:
        held += block
        end = max(map(held.rfind, LINE_ENDS)) + 1
        *whole, left = octet_pieces(held[:end], names)
        yield from filter(None, map(bare, whole))
        held = left + held[end:]
        if len(held) > MAX_RECORD_OCTETS:
            raise FormatError(f"a record is longer than {MAX_RECORD_OCTETS} octets", code="too-long")
    yield from filter(None, map(bare, octet_pieces(held, names)))


def octet_pieces(octets: bytes, names: Container[str]) -> list[bytes]:
    """What stands between separators."""
    found = octets.split(OCTETS)
    if all(one.endswith(LINE_ENDS) for one in found[:-1]):
        return found
    some, _ = pieces(octets.decode("utf-8", "surrogateescape"), names)
    return [one.encode("utf-8", "surrogateescape") for one in some]


def bare(piece: bytes) -> bytes:
    """A record's lines: without what is left of its separators' lines, and ended by a line end."""
    text = piece.strip(b" \t\r\n")
    if not text:
        return b""
    ends = (one for one in (b"\r\n", b"\n", b"\r") if one in piece)
    return text + next(ends, b"\n")
