# SPDX-License-Identifier: Apache-2.0
"""A JSON document that is not trusted: bounded, with what stands twice in it, and where each of its records stands."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

from ssm.errors import FormatError
from ssm.records.message import BYTE_ORDER_MARK

MAX_OCTETS = 16 * 1024 * 1024
LONGEST_INTEGER = 25
"""Digits; a longer one is no value of a field, and is read as a float, which costs nothing."""
TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[{}\[\]]|[^\s"{}\[\]:,]++', re.DOTALL)
CONSTANTS = frozenset({b"NaN", b"Infinity", b"-Infinity"})
"""What the parser takes for numbers, and JSON does not have."""
STEPS = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}
"""How deep what follows stands."""
RECORDS = b'"UsageRecords"'
RECORDS_DEPTH = 2


class Members(dict[str, object]):
    """An object of a JSON document, which knows what stood in it twice."""

    twice: tuple[str, ...] = ()


def members(pairs: list[tuple[str, object]]) -> Members:
    """From what stands in braces; the last of two counts."""
    found = Members(pairs)
    if len(found) < len(pairs):
        found.twice = tuple(sorted(name for name, count in Counter(name for name, _ in pairs).items() if count > 1))
    return found


def whole(blocks: Iterable[bytes]) -> bytes:
    """All octets; FormatError beyond the bound."""
    data = bytearray()
    for block in blocks:
        data += block
        if len(data) > MAX_OCTETS:
            raise FormatError(f"a JSON message is longer than {MAX_OCTETS} octets", code="too-large")
    return bytes(data).removeprefix(BYTE_ORDER_MARK)


def refuse(word: str) -> object:
    """NaN and infinities, which are no JSON."""
    raise ValueError(f"{word} is no number of JSON")


def integer(digits: str) -> float:
    """As an integer where it is of a size that counts."""
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


def parsed(data: bytes) -> Members:
    """The document's object; FormatError where it is none."""
    try:
        text = data.decode("utf-8")
        found: object = json.loads(text, object_pairs_hook=members, parse_constant=refuse, parse_int=integer)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError("the message is not UTF-8", code="not-utf8", line=line) from error
    except json.JSONDecodeError as error:
        said = f"the message is not JSON: {error.msg.lower()} at column {error.colno}"
        raise FormatError(said, code="not-json", line=error.lineno) from error
    except RecursionError as error:
        raise FormatError("the message is nested too deeply", code="too-large") from error
    except ValueError as error:
        start = next((one.start() for one in TOKEN.finditer(data) if one[0] in CONSTANTS), 0)
        line = data.count(b"\n", 0, start) + 1
        raise FormatError(f"the message is not JSON: {error}", code="not-json", line=line) from error
    if not isinstance(found, Members):
        raise FormatError("the message must be a JSON object", code="unknown-header", line=1)
    return found


class Document:
    """The octets of a document, in which records can be found again."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @cached_property
    def spans(self) -> list[tuple[int, int]]:
        """Begin and end of each record."""
        found: list[tuple[int, int]] = []
        depth, begin, is_records, last = 0, 0, False, b""
        for match in TOKEN.finditer(self.data):
            token = match[0]
            before, step = depth, STEPS.get(token, 0)
            depth += step
            if before == 1 and step > 0:
                is_records = token == b"[" and last == RECORDS
                if is_records:
                    found.clear()  # of two lists the last counts
            elif is_records and before == RECORDS_DEPTH and step >= 0:
                begin = match.start()
            if is_records and depth == RECORDS_DEPTH <= before and token != b"[":
                found.append((begin, match.end()))
            if depth == 1 and not step:
                last = token
        return found

    @cached_property
    def lines(self) -> list[int]:
        """Line of each record."""
        found, line, position = [], 1, 0
        for begin, _ in self.spans:
            line += self.data.count(b"\n", position, begin)
            position = begin
            found.append(line)
        return found

    def line(self, index: int) -> int | None:
        """Line of a record."""
        return self.lines[index] if index < len(self.lines) else None
