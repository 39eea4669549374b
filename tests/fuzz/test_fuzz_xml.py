# SPDX-License-Identifier: Apache-2.0
"""Damaged and hostile XML, read and cut, ends in records, faults or FormatError, and nothing else; the ways agree.

Mutations are drawn from a seeded generator, so that a run can be repeated; ``SSM_FUZZ_ROUNDS`` makes it longer. What
once did harm is kept in ``corpus``, and replayed.
"""

import os
import random
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from ssm.errors import FormatError
from ssm.records.check import check_message
from ssm.records.fault import Fault
from ssm.records.split import Size, merge, split
from tests.fuzz.test_fuzz_envelope import MUTATIONS
from tests.xml_messages import as_shipped, by_parser, is_xml, portions

ROUNDS = int(os.environ.get("SSM_FUZZ_ROUNDS", "400"))
NOW = 1717500000
CORPUS = sorted((Path(__file__).parent / "corpus" / "xml").iterdir())
SAMPLES = Path(__file__).parents[1] / "samples" / "xml"
PIECES = (
    *(b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?a", b"?>", b"<!DOCTYPE a [", b"]>", b"&amp;", b"&a;", b"&#0;", b"&"),
    *(b"<a>", b"</a>", b"<a/>", b" a='1'", b' xmlns="urn:x"', b" xmlns:sr='urn:x'", b" xmlns:urf='urn:x'", b"<", b">"),
    *(b"</sr:StorageUsageRecord>", b"</UsageRecord>", b"<UsageRecord>", b"</urf:UsageRecords>", b"\0", b"\xff", b"\r"),
    *(b"\xef\xbf\xbf", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"None", b"-1", b"9" * 30, b"PT", b"\n\n", b'"', b"'", b"="),
)


def seeds(form: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(SAMPLES.glob(f"{form}-*.xml"))]


def many(chance: random.Random, data: bytes) -> bytes:
    """A document with its first record several times, so that a look is learnt."""
    start = data.find(b"Record>") + len(b"Record>")
    begin, end = data.rfind(b"<", 0, start), data.find(b"Record>", start) + len(b"Record>")
    if b"Records" not in data[:begin] or end < start:
        return data
    return data[:begin] + data[begin:end] * chance.randint(1, 4) + data[end:]


def mutated(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 4))):
        if chance.random() < 0.5:
            at = chance.randrange(len(data) + 1)
            data = data[:at] + chance.choice(PIECES) + data[at:]
        else:
            data = chance.choice(MUTATIONS)(chance, data) or b"x"
    return data


def look(data: bytes, sizes: list[int]) -> bool:
    """Everything that is done with a message; whether anything is wrong with it."""
    quick = as_shipped(data, sizes)
    if is_xml(data):
        parsed = by_parser(data)
        assert quick.records == parsed.records
        assert Counter(without_lines(data, quick.faults)) == Counter(without_lines(data, parsed.faults))
    for fault in check_message(portions(data, sizes), NOW):
        assert fault.code
        assert str(fault)
    cut_up(data, sizes)
    return bool(quick.faults)


def without_lines(data: bytes, faults: list[Fault]) -> list[Fault]:
    """A carriage return alone is a line's end for the parser, and none for whoever counts lines elsewhere."""
    return [replace(one, line=None) for one in faults] if re.search(rb"\r(?!\n)", data) else faults


def cut_up(data: bytes, sizes: list[int]) -> None:
    """Pieces hold the same records as the whole, where it can be read to its end."""
    try:
        pieces = list(split(portions(data, sizes), Size(records=1)))
        again = b"".join(merge([[one] for one in pieces]))
    except FormatError as error:
        assert error.code
        return
    if pieces and is_xml(data):
        assert as_shipped(again).records == as_shipped(data).records


@pytest.mark.parametrize("form", ["car", "aur", "star"])
def test_damaged_documents_end_in_records_or_documented_errors(form: str) -> None:
    chance = random.Random(form)
    originals = seeds(form)
    seen = set()
    for _ in range(ROUNDS):
        data = mutated(chance, many(chance, chance.choice(originals)))
        seen.add(look(data, [chance.choice((1, 7, 100, 5000)), chance.choice((3, 1000, 65536))]))
    assert seen == {False, True}


@pytest.mark.parametrize("form", ["car", "aur", "star"])
def test_every_truncation_ends_in_a_documented_error(form: str) -> None:
    for data in seeds(form):
        for length in range(0, len(data.rstrip()), 5):
            assert look(data[:length], [100]), length


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_once_did_harm_does_no_more(path: Path) -> None:
    for sizes in ([], [1], [100], [4096]):
        look(path.read_bytes(), sizes)


def test_there_is_a_corpus() -> None:
    assert len(CORPUS) >= 8
