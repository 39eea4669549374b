# SPDX-License-Identifier: Apache-2.0
"""Where a text message is cut into records: for who reads them, and for who only takes them apart, the same places."""

from collections.abc import Container
from itertools import pairwise

SEPARATOR = "%%"
LINE_ENDS = ("\n", "\r")


def pieces(text: str, names: Container[str]) -> tuple[list[str], bool]:
    """What stands between separators; and whether one of them stands inside a value, which then is left whole.

    ``names`` are what a line of a record may begin with. The last line of the text must be whole.
    """
    found = text.split(SEPARATOR)
    if all(one.endswith(LINE_ENDS) for one in found[:-1]):
        return found, False
    whole = [[found[0]]]
    for before, piece in pairwise(found):
        if is_inside_value(before, piece, names):
            whole[-1].append(piece)
        else:
            whole.append([piece])
    return [SEPARATOR.join(one) for one in whole], len(whole) < len(found)


def is_inside_value(before: str, behind: str, names: Container[str]) -> bool:
    """Whether a separator has something before it on its line, and behind it what is no first line of a record."""
    rest = behind.partition("\n")[0].partition("\r")[0].strip()
    line = before.rpartition("\n")[2].rpartition("\r")[2]
    return bool(rest and line.strip()) and rest.partition(":")[0].strip() not in names
