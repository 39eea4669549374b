# SPDX-License-Identifier: Apache-2.0
"""The formats that records travel in, told from each other by their content. To add one: a file and a line here.

What reads, writes and cuts a format is a module, which is loaded when it is first needed: who sends text needs no XML.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from typing import Protocol, cast

from ssm.errors import FormatError
from ssm.records.field import Record, RecordType
from ssm.records.formats.xml_names import AUR, CAR, STAR
from ssm.records.message import MAX_BLANK_OCTETS, Cut, Message, begun
from ssm.records.types import RECORD_TYPES
from ssm.records.types.accelerator import ACCELERATOR
from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.public_ip import PUBLIC_IP
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY

BEGINNING = 64 * 1024
"""Octets by which a format is recognised."""
TEXT, JSON = "apel-text", "json"


class Code(Protocol):
    """What the module of a format does."""

    def read(self, blocks: Iterator[bytes], /) -> Message:
        """See ``Format``."""

    def write(self, kind: RecordType, version: str, records: Iterable[Record], /) -> Iterator[bytes]:
        """See ``Format``."""

    def cut(self, blocks: Iterator[bytes], /) -> Cut:
        """See ``Format``."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format: what it can carry, and how it is read, written and cut."""

    name: str
    title: str
    types: tuple[RecordType, ...]
    module: str
    """In this package."""
    names_versions: Mapping[str, str]
    """For each type whose version is the format's own: the version of its names that is used."""
    roots: tuple[tuple[str, str], ...] = ()
    """Namespace and name of root elements."""

    def read(self, blocks: Iterator[bytes]) -> Message:
        """FormatError when it cannot even be begun; its batches may raise it later."""
        return self.code().read(blocks)

    def write(self, kind: RecordType, version: str, records: Iterable[Record]) -> Iterator[bytes]:
        """RecordError where a record cannot be said in this format."""
        return self.code().write(kind, version, records)

    def cut(self, blocks: Iterator[bytes]) -> Cut:
        """FormatError where the message is broken."""
        return self.code().cut(blocks)

    def code(self) -> Code:
        """The module, loaded if it is not yet."""
        return cast("Code", import_module(f"{__name__}.{self.module}"))


TEXT_TYPES = tuple(one for one in RECORD_TYPES.values() if one.headers)
FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(TEXT, "APEL text", TEXT_TYPES, "apel_text", {}),
        Format(CAR.format, "EMI CAR", (JOB,), "car", CAR.versions, CAR.roots),
        Format(AUR.format, "EMI AUR", (SUMMARY, NORMALISED_SUMMARY), "aur", AUR.versions, AUR.roots),
        Format(STAR.format, "EMI StAR", (STORAGE,), "star", STAR.versions, STAR.roots),
        Format(JSON, "JSON usage records", (PUBLIC_IP, ACCELERATOR), "usage_json", {}),
    )
}
ROOTS = {root: one.name for one in FORMATS.values() for root in one.roots}


def recognise(blocks: Iterator[bytes]) -> tuple[Format, Iterator[bytes]]:
    """The format of a message, and the message again from its beginning; FormatError where it is none that we know."""
    beginning = b""
    for block in blocks:
        beginning += block
        if len(beginning) >= MAX_BLANK_OCTETS or len(beginning) >= BEGINNING <= len(begun(beginning)):
            break
    return format_of(beginning), chain([beginning], blocks)


def format_of(beginning: bytes) -> Format:
    """By the first octets of a message."""
    text = begun(beginning)
    if not text:
        is_long = len(beginning) >= MAX_BLANK_OCTETS
        said = f"the message begins with more than {MAX_BLANK_OCTETS} blanks" if is_long else "the message is empty"
        raise FormatError(said, code="empty-message")
    if text.startswith(b"{"):
        return FORMATS[JSON]
    if not text.startswith(b"<"):
        return FORMATS[TEXT]
    from ssm.records.formats.xml_roots import format_by_root

    return FORMATS[format_by_root(beginning, ROOTS)]
