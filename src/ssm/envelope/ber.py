# SPDX-License-Identifier: Apache-2.0
"""A bounded reader of BER and a writer of DER, as far as CMS and certificates need them.

Input comes from anybody. Every value lies inside its parent; depth, number of values and octets of a length
are bounded; the only exception that comes out is ``BerError`` (X.690, sections 8 and 10).
"""

from collections.abc import Iterator
from dataclasses import dataclass

MAX_DEPTH = 24
MAX_VALUES = 30_000
MAX_LENGTH_OCTETS = 4

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31
CONSTRUCTED = 0x20
INDEFINITE = 0x80  # X.690, 8.1.3.6
END_OF_CONTENTS = b"\x00\x00"


class BerError(ValueError):
    """The octets are not BER, or beyond a bound."""


class Budget:
    """How many values may still be read in one structure."""

    __slots__ = ("left",)

    def __init__(self, values: int = MAX_VALUES) -> None:
        self.left = values

    def spend(self) -> None:
        """Count one value."""
        self.left -= 1
        if self.left < 0:
            raise BerError("too many values")


@dataclass(frozen=True, slots=True)
class Value:
    """One tag-length-value inside ``data``; nothing is copied until asked for."""

    data: bytes
    tag: int
    """Identifier octet, with class and constructed bit."""
    start: int
    """Where the identifier is."""
    content: int
    """Where the content begins."""
    stop: int
    """Where the content ends."""
    end: int
    """Where the next value begins; beyond ``stop`` after an indefinite length."""
    depth: int
    budget: Budget
    inside: "tuple[Value, ...] | None" = None
    """What was read on the way to the end of an indefinite length, so that nothing is read or counted twice."""

    def raw(self) -> bytes:
        """The whole encoding."""
        return self.data[self.start : self.end]

    def octets(self) -> bytes:
        """The content octets of a primitive value."""
        if self.tag & CONSTRUCTED:
            raise BerError("a constructed value where a primitive one is expected")
        return self.data[self.content : self.stop]

    def children(self) -> "list[Value]":
        """The values inside a constructed one."""
        if not self.tag & CONSTRUCTED:
            raise BerError("a primitive value where a constructed one is expected")
        return list(self.walk())

    def walk(self) -> "Iterator[Value]":
        """As ``children``, one after the other."""
        if self.inside is not None:
            yield from self.inside
            return
        position = self.content
        while position < self.stop:
            value = read(self.data, position, self.stop, self.depth + 1, self.budget)
            yield value
            position = value.end

    def expect(self, tag: int, what: str) -> "Value":
        """This value, if it has this tag."""
        if self.tag != tag:
            raise BerError(f"{what} has tag {self.tag:#04x}, not {tag:#04x}")
        return self

    def integer(self) -> int:
        """An INTEGER of at most 64 octets."""
        octets = self.expect(INTEGER, "an integer").octets()
        if not 0 < len(octets) <= 64:  # noqa: PLR2004 - generous for serial numbers, which have 20
            raise BerError("an integer without octets, or with too many")
        return int.from_bytes(octets, "big", signed=True)

    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted form."""
        return dotted(self.expect(OID, "an object identifier").octets())

    def string(self, tag: int = OCTET_STRING) -> "bytes | memoryview":
        """A string type's octets, its segments joined (X.690, 8.7.3); a view where nothing needs joining."""
        if self.tag == tag:
            return memoryview(self.data)[self.content : self.stop]
        if self.tag != tag | CONSTRUCTED:
            raise BerError("not a string of the expected type")
        return b"".join(self.segments())

    def segments(self) -> "Iterator[bytes]":
        """The primitive pieces of a constructed string, which are OCTET STRINGs whatever the outer tag."""
        for piece in self.walk():
            if piece.tag == OCTET_STRING:
                yield piece.octets()
            elif piece.tag == OCTET_STRING | CONSTRUCTED:
                yield from piece.segments()
            else:
                raise BerError("a string is made of something else")


def read_one(data: bytes, budget: Budget | None = None) -> Value:
    """The one value that ``data`` holds; anything behind it is refused."""
    value = read(data, 0, len(data), 0, budget or Budget())
    if value.end != len(data):
        raise BerError("octets after the end")
    return value


def read(data: bytes, start: int, limit: int, depth: int, budget: Budget) -> Value:
    """The value at ``start``, which must end at ``limit`` or before."""
    if depth > MAX_DEPTH:
        raise BerError("nested too deeply")
    budget.spend()
    if start + 2 > limit:
        raise BerError("cut off")
    tag, first = data[start], data[start + 1]
    if tag & 0x1F == 0x1F:  # noqa: PLR2004 - the mask is X.690's
        raise BerError("a tag number in the long form")
    if tag == 0:
        raise BerError("an end of contents where none is due")
    if first == INDEFINITE:
        return read_indefinite(data, start, limit, depth, budget)
    content, length = read_length(data, start + 1, limit)
    stop = content + length
    if stop > limit:
        raise BerError("a value larger than what holds it")
    return Value(data, tag, start, content, stop, stop, depth, budget)


def read_length(data: bytes, position: int, limit: int) -> tuple[int, int]:
    """Where the content begins, and its length (X.690, 8.1.3.4 and 8.1.3.5)."""
    first = data[position]
    if first < INDEFINITE:
        return position + 1, first
    octets = first & 0x7F
    content = position + 1 + octets
    if octets > MAX_LENGTH_OCTETS or content > limit:
        raise BerError("a length out of bounds")
    return content, int.from_bytes(data[position + 1 : content], "big")


def read_indefinite(data: bytes, start: int, limit: int, depth: int, budget: Budget) -> Value:
    """A value that goes on until its end-of-contents octets."""
    tag = data[start]
    if not tag & CONSTRUCTED:
        raise BerError("a primitive value of indefinite length")
    position = start + 2
    inside = []
    while data[position : position + 2] != END_OF_CONTENTS:
        inside.append(read(data, position, limit, depth + 1, budget))
        position = inside[-1].end
    if position + 2 > limit:
        raise BerError("cut off")
    return Value(data, tag, start, start + 2, position, position + 2, depth, budget, tuple(inside))


def dotted(octets: bytes) -> str:
    """Dotted form of an object identifier's content (X.690, 8.19)."""
    if not 0 < len(octets) <= 32 or octets[-1] & 0x80:  # noqa: PLR2004 - ours have at most 11
        raise BerError("not an object identifier")
    arcs: list[int] = []
    arc = 0
    for octet in octets:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def to_der(value: Value, tag: int | None = None) -> bytes:
    """The same value with definite, minimal lengths and whole strings; the order of sets is kept."""
    new_tag = value.tag if tag is None else tag
    if value.tag == OCTET_STRING | CONSTRUCTED:
        return tlv(OCTET_STRING, bytes(value.string()))
    if value.tag & CONSTRUCTED:
        return tlv(new_tag, *(to_der(child) for child in value.walk()))
    return tlv(new_tag, value.octets())


def tlv(tag: int, *contents: bytes) -> bytes:
    """One DER value."""
    return b"".join((head(tag, sum(map(len, contents))), *contents))


def enclose(tag: int, *contents: bytes | list[bytes]) -> list[bytes]:
    """As ``tlv``, in pieces that are not joined: a large content is not copied at each level."""
    pieces = [piece for content in contents for piece in (content if isinstance(content, list) else [content])]
    return [head(tag, sum(map(len, pieces))), *pieces]


def head(tag: int, length: int) -> bytes:
    """Identifier and length octets (X.690, 10.1)."""
    if length < INDEFINITE:
        return bytes((tag, length))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets


def oid(text: str) -> bytes:
    """DER of an object identifier in dotted form."""
    first, second, *rest = (int(arc) for arc in text.split("."))
    return tlv(OID, b"".join(base128(arc) for arc in (first * 40 + second, *rest)))


def base128(arc: int) -> bytes:
    """One arc, seven bits an octet."""
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(arc & 0x7F | 0x80)
    return bytes(reversed(octets))


def integer(number: int) -> bytes:
    """DER of a non-negative integer."""
    return tlv(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))
