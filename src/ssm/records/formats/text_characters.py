# SPDX-License-Identifier: Apache-2.0
"""Characters that need a closer look in a text message: controls, line ends for others, what is not UTF-8."""

import re

ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
BREAKERS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""Characters at which a repository ends a line."""
CONTROLS = bytes([*range(9), *range(11, 32), 127])
FIRST_SURROGATE, LAST_SURROGATE = 0xDC80, 0xDCFF


def is_calm(text: str, data: bytes) -> bool:
    """Whether there is none of them in a text; ``data`` are its octets, in which that is seen sooner."""
    if data.isascii():
        return len(data.translate(None, CONTROLS)) == len(data)
    return ODD.search(text) is None


def octet_of(character: str) -> int | None:
    """The octet that is not UTF-8 for which a character stands, if it stands for one."""
    return ord(character) - 0xDC00 if FIRST_SURROGATE <= ord(character) <= LAST_SURROGATE else None
