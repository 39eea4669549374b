# SPDX-License-Identifier: Apache-2.0
"""Damaged and hostile messages of records, text and JSON, end in records, faults or FormatError, and nothing else.

Mutations are drawn from a seeded generator, so that a run can be repeated; ``SSM_FUZZ_ROUNDS`` makes it longer. What
once did harm is kept in ``corpus``, and replayed.
"""

import json
import os
import random
from pathlib import Path

import pytest

from ssm.errors import FormatError
from ssm.records.check import check_message
from ssm.records.fault import Fault
from ssm.records.formats import FORMATS, text_reader, usage_json
from ssm.records.message import Message
from ssm.records.shown import shown_fault, shown_record
from ssm.records.totals import Totals
from tests.fuzz.test_fuzz_envelope import MUTATIONS
from tests.usage_messages import NOW, SAMPLES, blocks

ROUNDS = int(os.environ.get("SSM_FUZZ_ROUNDS", "400"))
CORPUS = Path(__file__).parent / "corpus"
READERS = (text_reader.FORMAT, usage_json.FORMAT)
PIECES = {
    text_reader.FORMAT: (
        b"%%", b"%%\n", b"\n\n", b": ", b"None", b"1_0", b"1e999", b"-", b"{", b"}", b"\xff", b"\x85", b"\xc2\x85",
        b"\xe2\x80\xa8", b"\r", b"\0", b"\xef\xbb\xbf", b"APEL-sync-message: v0.1\n", b"Site: A\n", b"9" * 30,
    ),
    usage_json.FORMAT: (
        b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\", b"\\u0000", b"\\ud800", b"null", b"true", b"NaN", b"1e999",
        b"9" * 30, b"9" * 5000, b"[" * 500, b"\xff", b'"UsageRecords": [],', b'"Type": 1,', b"-0", b"1.5",
    ),
}  # fmt: skip


def seeds(name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((SAMPLES / name).iterdir())]


def outcome(name: str, data: bytes, size: int | None = None) -> tuple[int, list[Fault]]:
    """Records and faults of what can be read; everything that is shown of them is JSON."""
    count, faults = 0, []
    try:
        message = FORMATS[name].read(blocks(data, size))
        faults += message.faults
        count = run_through(message, faults)
    except FormatError as error:
        assert error.code
        assert str(error)
        count -= 1
    return count, faults


def run_through(message: Message, faults: list[Fault]) -> int:
    totals, count = Totals(), 0
    for batch in message.batches:
        totals.see(batch)
        faults += batch.faults
        count += len(batch.records)
        for index, record in enumerate(batch.records):
            shown = shown_record(message.type, message.format, record)
            json.dumps(shown, allow_nan=False)
            assert batch.place(index, "site").field in {"Site", "SiteName"}
    return count


def judged(data: bytes) -> None:
    """A check says what is wrong, each fault with all its words, and where it is."""
    for fault in check_message(blocks(data, 4096), NOW):
        assert fault.code
        assert fault.message
        assert fault.line is None or 1 <= fault.line <= 1 + data.count(b"\n") + data.count(b"\r")
        json.dumps(shown_fault("file", fault))
        assert "\n" not in str(fault)


def mutated(name: str, chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 2, 4))):
        if chance.random() < 0.5:
            data = chance.choice(MUTATIONS)(chance, data) or b"x"
        else:
            at, piece = chance.randrange(len(data) + 1), chance.choice(PIECES[name])
            data = data[:at] + piece + data[at + chance.choice((0, len(piece))) :]
    return data


@pytest.mark.parametrize("name", READERS)
def test_damaged_messages_raise_documented_errors_only(name: str) -> None:
    chance = random.Random(f"records {name}")
    good = seeds(name)
    seen = set()
    for _ in range(ROUNDS):
        data = mutated(name, chance, chance.choice(good))
        count, faults = outcome(name, data)
        judged(data)
        assert outcome(name, data, chance.randrange(1, 80)) == (count, faults)
        seen |= {fault.code for fault in faults}
    assert len(seen) > 5, "the mutations do too little harm"


@pytest.mark.parametrize("name", READERS)
def test_every_truncation_is_read_or_refused(name: str) -> None:
    data = seeds(name)[0]
    for length in range(0, len(data), 3):
        outcome(name, data[:length])
        judged(data[:length])


@pytest.mark.parametrize("name", READERS)
def test_random_octets_are_read_or_refused(name: str) -> None:
    chance = random.Random(f"noise {name}")
    beginning = seeds(name)[0].split(b"\n", 1)[0] + b"\n"
    for _ in range(ROUNDS):
        noise = chance.randbytes(chance.randrange(300))
        for data in (noise, beginning + noise, beginning + bytes(octet % 96 + 10 for octet in noise)):
            outcome(name, data)
            judged(data)


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_did_harm_does_none(path: Path) -> None:
    data = path.read_bytes()
    found = outcome(path.parent.name, data)
    assert found[0] < 0 or found[1] or path.stem in {"escaped-name-of-records", "header-alone-no-line-end"}
    for size in (1, 7) if len(data) < 10_000 else (4096,):
        assert outcome(path.parent.name, data, size) == found
    judged(data)


def test_the_corpus_is_there() -> None:
    assert {path.parent.name for path in CORPUS.glob("*/*")} >= set(READERS)
