# SPDX-License-Identifier: Apache-2.0
"""How values are read and proved, kind by kind, in text messages and in JSON. ``kinds`` puts these together."""

import math
import re
from collections.abc import Sequence
from typing import cast

from ssm.records import moments
from ssm.records.benchmarks import EARLIER, MOST_NUMBER, NUMBER, Benchmarks
from ssm.records.moments import Doubts

INTEGER = re.compile(r"[+-]?\d{1,19}(?:_\d{1,19}){0,6}", re.ASCII)
MOST_INTEGER = 2**63 - 1
NULLS = frozenset(
    "".join(letters)
    for word in ("none", "null")
    for bits in range(16)
    for letters in [[one.upper() if bits >> place & 1 else one for place, one in enumerate(word)]]
) | {""}
"""What means nothing in a text message: ``none`` and ``null`` in any case, and the empty text."""

SURROGATE = re.compile("[\ud800-\udfff]")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")

Pairs = tuple[tuple[str, str], ...]


def read_text(text: str, doubts: Doubts) -> str:
    """As it is."""
    del doubts
    return text


def text_from_json(value: object, doubts: Doubts) -> str:
    """A string, of characters that a repository can keep."""
    if not isinstance(value, str):
        raise ValueError("must be a string, in double quotes")
    if SURROGATE.search(value):
        raise ValueError("holds half a character, which no UTF-8 text can hold")
    if CONTROL.search(value):
        doubts.append("holds control characters")
    return value.strip()


def text_column(values: Sequence[str]) -> list[str | None]:
    """Stripped, and None for the words that mean it."""
    stripped = list(map(str.strip, values))
    if NULLS.isdisjoint(stripped):
        return cast("list[str | None]", stripped)
    return [None if value in NULLS else value for value in stripped]


def read_integer(text: str, doubts: Doubts) -> int:
    """As the repository's language reads it; ``1_000`` is 1000, with a doubt."""
    if INTEGER.fullmatch(text) is None:
        raise ValueError("must be a whole number")
    value = int(text)
    if abs(value) > MOST_INTEGER:
        raise ValueError(f"must be a whole number up to {MOST_INTEGER}")
    if "_" in text or text[0] == "+":
        doubts.append(f"is an unusual way to write {value}")
    return value


def integer_from_json(value: object, doubts: Doubts) -> int:
    """A number without a fraction; a string of digits with a doubt."""
    if isinstance(value, str):
        doubts.append("is a string where a number is expected")
        return read_integer(value.strip(), doubts)
    if isinstance(value, bool) or not isinstance(value, int | float) or int_of(value) is None:
        raise ValueError("must be a whole number")
    return int(value)


def int_of(value: float) -> int | None:
    """The same number as an integer, within bounds, if there is one; there is none for what is not a number."""
    return int(value) if abs(value) <= MOST_INTEGER and value == int(value) else None


def integer_column(values: Sequence[str]) -> Sequence[int | None]:
    """Digits, or None."""
    if "None" in values:
        return [None if value == "None" else int(value) for value in values]
    return list(map(int, values))


def read_number(text: str, doubts: Doubts) -> float:
    """A finite number of a size that a column holds."""
    plain = UNDERSCORE.sub("", text)
    if NUMBER.fullmatch(plain) is None:
        raise ValueError(
            "must be a number, and finite" if plain.lower().strip("+-") in NOT_FINITE else "must be a number"
        )
    if plain != text:
        doubts.append(f"is an unusual way to write {plain}")
    return bounded(float(plain))


UNDERSCORE = re.compile(r"(?<=\d)_(?=\d)", re.ASCII)
"""Between digits, where the repository's language passes over it."""
NOT_FINITE = ("nan", "inf", "infinity")


def bounded(value: float) -> float:
    """ValueError beyond what repositories hold."""
    if not math.isfinite(value) or abs(value) > MOST_NUMBER:
        raise ValueError(f"must be a number up to {MOST_NUMBER:.0e}")
    return value


def number_from_json(value: object, doubts: Doubts) -> float:
    """A number; a string that is one with a doubt."""
    if isinstance(value, str):
        doubts.append("is a string where a number is expected")
        return read_number(value.strip(), doubts)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return bounded(float(value))


def number_column(values: Sequence[str]) -> Sequence[float | None]:
    """Plain decimals, or None; the same few levels stand in thousands of records, so each is read once."""
    read = {value: None if value == "None" else float(value) for value in set(values)}
    return [read[value] for value in values]


def read_time(text: str, doubts: Doubts) -> int:
    """Seconds since 1970; or ISO 8601 that ends in Z, with a doubt."""
    if INTEGER.fullmatch(text) is None:
        return read_iso_in_text(text, doubts)
    value = read_integer(text, doubts)
    if not 0 <= value <= moments.LAST_SECOND:
        raise ValueError("must be seconds since 1970, up to the year 9999")
    return value


def read_iso_in_text(text: str, doubts: Doubts) -> int:
    """Only the form with Z is understood by repositories, and only where their clocks run in UTC."""
    found: Doubts = []
    try:
        value = moments.read_iso_time(text, found)
    except ValueError as error:
        raise ValueError("must be seconds since 1970") from error
    if not text.endswith("Z"):
        raise ValueError(
            f"must be seconds since 1970, or end in Z ({value} if it is meant as UTC)"
            if found
            else f"must be seconds since 1970 ({value})"
        )
    doubts.append(f"is better written as seconds since 1970 ({value})")
    return value


def time_from_json(value: object, doubts: Doubts) -> int:
    """Seconds since 1970; strings as in text messages."""
    if isinstance(value, str):
        return read_time(value.strip(), doubts)
    seconds = integer_from_json(value, doubts)
    if not 0 <= seconds <= moments.LAST_SECOND:
        raise ValueError("must be seconds since 1970, up to the year 9999")
    return seconds


def read_xml_duration(text: str, doubts: Doubts) -> int:
    """ISO 8601; plain seconds with a doubt would hide a wrong unit, and are refused."""
    del doubts
    return moments.read_duration(text)


def read_benchmarks(text: str, doubts: Doubts) -> Benchmarks:
    """A dictionary of them."""
    return without_doubt(Benchmarks.parse(text), doubts)


def without_doubt(read: Benchmarks, doubts: Doubts) -> Benchmarks:
    """The same; with a doubt where it is not plain which value counts."""
    if read.names_one_twice():
        doubts.append("names a benchmark twice, in other letters; repositories take the last")
    return read


def benchmarks_from_json(value: object, doubts: Doubts) -> Benchmarks:
    """An object of numbers."""
    if not isinstance(value, dict) or not value:
        raise ValueError('must be benchmarks, as in {"HEPscore23": 15.3}')
    read = Benchmarks.of({str(name): number_from_json(one, doubts) for name, one in value.items()})
    return without_doubt(read, doubts)


def benchmarks_column(values: Sequence[str]) -> Sequence[Benchmarks | None]:
    """The same few dictionaries stand in thousands of records, so each is read once."""
    read = {value: None if value == "None" else Benchmarks.parse(value) for value in set(values)}
    if any(one is not None and one.names_one_twice() for one in read.values()):
        raise ValueError("a value needs a closer look")
    return [read[value] for value in values]


def unwritable(_: object) -> str:
    """Pairs have no spelling; the format that has them makes elements of them."""
    raise ValueError("has no spelling in this format")


def unreadable(_: object, __: Doubts) -> Pairs:
    """The other way round."""
    raise ValueError("has no spelling in this format")


def is_sound_text(value: str) -> bool:
    """Something, without blanks around it, that does not mean nothing."""
    return value not in NULLS and value == value.strip()


def is_sound_integer(value: int) -> bool:
    """Within what a column holds."""
    return -MOST_INTEGER <= value <= MOST_INTEGER


def is_sound_time(value: int) -> bool:
    """From 1970 to 9999."""
    return 0 <= value <= moments.LAST_SECOND


def is_sound_number(value: float) -> bool:
    """Finite, and not too large."""
    return abs(value) <= MOST_NUMBER


def is_sound_benchmarks(value: Benchmarks) -> bool:
    """It reads back as itself."""
    try:
        return Benchmarks.parse(str(value)) == value
    except ValueError:
        return False


def read_earlier_unit(text: str, doubts: Doubts) -> str:
    """A benchmark's name as version v0.1 had it, or as it is now."""
    del doubts
    return EARLIER.get(text.lower(), text)


def earlier_unit(name: str) -> str:
    """A benchmark's name as version v0.1 had it."""
    return {"HEPSPEC": "HepSpec06", "Si2k": "SpecInt2000"}.get(name, name)


def is_sound_earlier_unit(name: str) -> bool:
    """A name that reads back as itself."""
    return is_sound_text(name) and read_earlier_unit(earlier_unit(name), []) == name


def earlier_unit_column(values: Sequence[str]) -> list[str | None]:
    """A column of them."""
    return [value if value is None else EARLIER.get(value.lower(), value) for value in text_column(values)]


def benchmarks_to_json(value: Benchmarks) -> dict[str, float]:
    """An object."""
    return dict(value.values)


def no_column(_: Sequence[str]) -> list[Pairs | None]:
    """Pairs have no spelling in a text, so no column of them."""
    return []
