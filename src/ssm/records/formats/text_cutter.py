# SPDX-License-Identifier: Apache-2.0
"""Taking a text message apart between its records, octet for octet, without reading them."""

from collections.abc import Iterator

from ssm.errors import FormatError
from ssm.records.formats.text_header import read_header
from ssm.records.message import BYTE_ORDER_MARK, MAX_RECORD_OCTETS, Cut

SEPARATOR = b"%%"


def cut(blocks: Iterator[bytes]) -> Cut:
    """The header line and the records; FormatError where the header is none that we know."""
    held = b""
    for block in blocks:
        held += block
        if b"\n" in begun(held) or len(held) > MAX_RECORD_OCTETS:
            break
    held = begun(held)
    line, end, rest = held.partition(b"\n")
    read_header(line.decode("utf-8", "replace"), 1)
    head = line + (end or b"\n")
    separator = SEPARATOR + head[len(head.rstrip(b"\r\n")) :]
    return Cut(head, records_in(rest, blocks), separator, separator)


def begun(held: bytes) -> bytes:
    """Without what may stand before the header."""
    return held.removeprefix(BYTE_ORDER_MARK).lstrip()


def records_in(held: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """What stands between separators, but for blank pieces."""
    for block in blocks:
        *whole, held = (held + block).split(SEPARATOR)
        yield from filter(None, map(bare, whole))
        if len(held) > MAX_RECORD_OCTETS:
            raise FormatError(f"a record is longer than {MAX_RECORD_OCTETS} octets", code="too-long")
    yield from filter(None, map(bare, held.split(SEPARATOR)))


def bare(piece: bytes) -> bytes:
    """A record's lines: without what is left of its separators' lines, and ended by a line end."""
    text = piece.strip(b" \t\r\n")
    if not text:
        return b""
    return text + (b"\r\n" if b"\r\n" in piece else b"\n")
