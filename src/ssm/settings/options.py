# SPDX-License-Identifier: Apache-2.0
"""How an option is declared: once, with its type, its default and one sentence; everything else is derived."""

import logging
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Generic, TypeVar, cast

T = TypeVar("T")

BOOLEANS = {"1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False, "off": False}
MAX_DIGITS = 15
SIZES = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "kb": 10**3, "mb": 10**6, "gb": 10**9}
SIZE = re.compile(r"(\d{1,15})\s*([A-Za-z]*)")
LEVELS = {
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARN": logging.WARNING,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
    "CRITICAL": logging.CRITICAL,
}


@dataclass(frozen=True, slots=True)
class Reader(Generic[T]):
    """How text becomes a value; ``read`` raises ValueError with what it must be."""

    kind: str
    read: Callable[[str], T]


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """One declared option."""

    reader: Reader[T]
    meaning: str
    is_secret: bool = False


def option(reader: Reader[T], meaning: str, default: object = MISSING, *, secret: bool = False) -> T:
    """A dataclass field that is an option; without a default it must be set."""
    declared = Option(reader, meaning, secret)
    if default is MISSING:
        return cast("T", field(metadata={"option": declared}, repr=not secret))
    return cast("T", field(default=default, metadata={"option": declared}, repr=not secret))


@dataclass(frozen=True, slots=True)
class Declared:
    """An option as the reference page and the parser see it."""

    name: str
    option: Option[object]
    default: object
    is_required: bool


def declared(section: type) -> list[Declared]:
    """The options of a section class, in their order."""
    return [
        Declared(
            one.name,
            cast("Option[object]", one.metadata["option"]),
            None if one.default is MISSING else one.default,
            one.default is MISSING,
        )
        for one in fields(section)
    ]


def read_boolean(text: str) -> bool:
    """As configparser has it."""
    if text.lower() not in BOOLEANS:
        raise ValueError("must be true or false")
    return BOOLEANS[text.lower()]


def read_line(text: str) -> str:
    """Text without line ends and other control characters."""
    if not text.isprintable():
        raise ValueError("must be one line, without control characters")
    return text


def read_text(text: str) -> str:
    """Any text with something in it."""
    if not text:
        raise ValueError("must not be empty")
    return read_line(text)


def read_optional(text: str) -> str | None:
    """Any text, or nothing."""
    return read_line(text) if text else None


def read_word(text: str) -> str | None:
    """One word that any header can carry, or nothing."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ValueError("must be one word of ASCII")
    return text or None


def read_path(text: str) -> Path:
    """A path; relative ones are from where the program is started."""
    try:
        return Path(read_text(text)).expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("must be a path; there is no such user") from error


def read_optional_path(text: str) -> Path | None:
    """A path, or nothing."""
    return read_path(text) if text else None


def read_size(text: str) -> int:
    """Octets, with a unit if there is one: ``32 MiB``."""
    match = SIZE.fullmatch(text)
    if match is None or match[2].lower() not in SIZES or int(match[1]) == 0:
        raise ValueError("must be a number of octets, such as 1048576 or 32 MiB")
    return int(match[1]) * SIZES[match[2].lower()]


def read_level(text: str) -> int:
    """A level of the standard library's logging."""
    if text.upper() not in LEVELS:
        raise ValueError(f"must be one of {', '.join(LEVELS)}")
    return LEVELS[text.upper()]


def integer(least: int, most: int) -> Reader[int]:
    """A whole number within bounds."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and least <= int(text) <= most):
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(text)

    return Reader(f"{least} to {most}", read)


def seconds(least: float, most: float) -> Reader[float]:
    """A number of seconds within bounds."""

    def read(text: str) -> float:
        if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", text) is None or not least <= float(text) <= most:
            raise ValueError(f"must be a number of seconds from {least:g} to {most:g}")
        return float(text)

    return Reader(f"seconds, {least:g} to {most:g}", read)


def choice(*names: str) -> Reader[str]:
    """One of some words."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"must be {' or '.join(names)}")
        return text

    return Reader(" or ".join(names), read)


BOOLEAN = Reader("true or false", read_boolean)
TEXT = Reader("text", read_text)
OPTIONAL_TEXT = Reader("text, or nothing", read_optional)
OPTIONAL_WORD = Reader("one word, or nothing", read_word)
PATH = Reader("path", read_path)
OPTIONAL_PATH = Reader("path, or nothing", read_optional_path)
SIZE_IN_OCTETS = Reader("octets, or with a unit such as 32 MiB", read_size)
LEVEL = Reader("DEBUG, INFO, WARN, ERROR or CRITICAL", read_level)
