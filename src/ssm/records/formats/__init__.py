# SPDX-License-Identifier: Apache-2.0
"""The formats that records travel in, told from each other by their content. To add one: a file and a line here."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from ssm.errors import FormatError
from ssm.records.fault import nearest, quoted
from ssm.records.field import Record, RecordType
from ssm.records.formats import (
    aur,
    car,
    star,
    text_cutter,
    text_reader,
    text_writer,
    usage_json,
    xml_cutter,
    xml_reader,
)
from ssm.records.formats.safe_xml import Element, root_of
from ssm.records.message import MAX_BLANK_OCTETS, Cut, Message, begun
from ssm.records.types import RECORD_TYPES
from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY

BEGINNING = 64 * 1024
"""Octets by which a format is recognised."""


@dataclass(frozen=True, slots=True)
class Format:
    """One format: what it can carry, and how it is read, written and cut."""

    name: str
    title: str
    types: tuple[RecordType, ...]
    names_versions: dict[str, str]
    """For each type whose version is the format's own: the version of its names that is used."""
    read: Callable[[Iterator[bytes]], Message]
    """FormatError when it cannot even be begun; its batches may raise it later."""
    write: Callable[[RecordType, str, Iterable[Record]], Iterator[bytes]]
    """RecordError where a record cannot be said in this format."""
    cut: Callable[[Iterator[bytes]], Cut]
    """FormatError where the message is broken."""
    roots: tuple[tuple[str, str], ...] = ()
    """Namespace and name of root elements."""


def write_aur(kind: RecordType, version: str, records: Iterable[Record]) -> Iterator[bytes]:
    """Either kind of summaries."""
    return aur.WRITERS[kind.name](kind, version, records)


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format(
            text_reader.FORMAT, "APEL text", tuple(one for one in RECORD_TYPES.values() if one.headers), {},
            text_reader.read, text_writer.write, text_cutter.cut,
        ),
        Format(
            car.FORMAT, "EMI CAR", (JOB,), {JOB.name: car.NAMES_VERSION},
            partial(xml_reader.read, choose=car.choose, containers=car.CONTAINERS), car.write,
            partial(xml_cutter.cut, containers=car.CONTAINERS),
            tuple((space, name) for space in car.VOCABULARIES for name in (*car.CONTAINERS, *car.OGF_RECORDS)),
        ),
        Format(
            aur.FORMAT, "EMI AUR", (SUMMARY, NORMALISED_SUMMARY), aur.NAMES_VERSIONS,
            partial(xml_reader.read, choose=aur.choose, containers=aur.CONTAINERS), write_aur,
            partial(xml_cutter.cut, containers=aur.CONTAINERS),
            tuple((aur.NAMESPACE, name) for name in (*aur.CONTAINERS, *aur.RECORDS)),
        ),
        Format(
            star.FORMAT, "EMI StAR", (STORAGE,), {STORAGE.name: STORAGE.newest},
            partial(xml_reader.read, choose=star.choose, containers=star.CONTAINERS), star.write,
            partial(xml_cutter.cut, containers=star.CONTAINERS),
            tuple((star.NAMESPACE, name) for name in (*star.CONTAINERS, *star.RECORDS)),
        ),
        Format(
            usage_json.FORMAT, "JSON usage records", tuple(kind for kind, _ in usage_json.TYPES.values()), {},
            usage_json.read, usage_json.write, usage_json.cut,
        ),
    )
}  # fmt: skip
ROOTS = {root: one for one in FORMATS.values() for root in one.roots}


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
        return FORMATS[usage_json.FORMAT]
    if not text.startswith(b"<"):
        return FORMATS[text_reader.FORMAT]
    root = root_of(beginning)
    if root is None:
        raise FormatError(
            "no root element begins in the document, or only far from its start", code="truncated-xml", line=1
        )
    found = ROOTS.get((root.namespace, root.name))
    if found is None:
        raise unknown_root(root)
    return found


def unknown_root(root: Element) -> FormatError:
    """What the root must be instead."""
    wanted = next((space for space, name in ROOTS if name == root.name), "")
    if wanted:
        said = f"{root.name} stands in the namespace {quoted(root.namespace)}; it must be {wanted}"
        return FormatError(said, code="wrong-namespace", line=root.line, path=root.name, suggestion=wanted)
    said = f"{quoted(root.name)} is not the root element of records that we know"
    guess = nearest(root.name, {name for _, name in ROOTS})
    return FormatError(said, code="unknown-header", line=root.line, path=root.name, suggestion=guess)
