# SPDX-License-Identifier: Apache-2.0
"""Damaged and hostile answers end in MalformedReplyError or in messages, within bounds, and however they are cut.

Mutations are drawn from a seeded generator, so that a run can be repeated; ``SSM_FUZZ_ROUNDS`` makes it longer.
"""

import contextlib
import os
import random
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from ssm.protocols.ams.replies import (
    MalformedReplyError,
    explain,
    fate_of,
    read_pulled,
    read_token,
    require_published,
    retry_after,
)
from ssm.protocols.ams.shortening import Shortener

ROUNDS = int(os.environ.get("SSM_FUZZ_ROUNDS", "400"))
LIMIT = 50
PULLED = (
    b'{"receivedMessages":[{"ackId":"projects/p/subscriptions/s:7","message":{"messageId":"7","attributes":'
    b'{"empaid":"5f/ab"},"data":"QUJDRA==","publishTime":"2026-11-24T12:00:00.1Z"}}]}'
)
SEEDS = (
    PULLED,
    b'{"receivedMessages":[]}',
    b'{"messageIds":["1","2"]}',
    b'{"token":"0123456789abcdef"}',
    b'{"error":{"code":404,"message":"Topic doesn\'t exist","status":"NOT_FOUND"}}',
    b"<html><body>502</body></html>",
    b'{"receivedMessages":[{"ackId":"s:1","message":{"data":"\\u00e9\\"\\\\' + b"QUJD" * 50 + b'"}}]}',
)
INTERESTING = (
    *(b'"', b"\\", b"\\u", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"\0", b"\xff", b"\xed\xa0\x80"),
    *(b"null", b"NaN", b"Infinity", b"-1", b"1e999", b"9" * 5000, b"[" * 2000, b'{"a":' * 2000, b"\xef\xbb\xbf"),
    *(b'"ackId"', b'"message"', b'"data"', b'"attributes"', b'"error"'),
)
TIMES = ("Tue, 24 Nov 2026 12:00:30 GMT", "120", "Tue, 24 Nov 2026 12:00:30 +9999", "24 Nov", "1 1 1 1:1:1 X")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
READERS: dict[str, Callable[[bytes], object]] = {
    "token": read_token,
    "published": lambda data: require_published(data, 2),
    "pulled": lambda data: read_pulled(data, LIMIT),
}


def mutated(chance: random.Random, data: bytes) -> bytes:
    """One good answer with a few faults."""
    for _ in range(chance.randint(0, 5)):
        at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        match chance.randrange(4):
            case 0:
                data = data[:at] + chance.choice(INTERESTING) + data[at:]
            case 1:
                data = data[:at] + chance.randbytes(1) + data[at + 1 :]
            case 2:
                data = data[:at] + data[min(to, at + 20) :]
            case _:
                data = data[:at] + data[at:to] + data[at:]
    return data


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("seed", range(4))
def test_only_what_is_documented_comes_out(reader: str, seed: int) -> None:
    chance = random.Random(f"{reader} {seed}")
    good = 0
    for _ in range(ROUNDS):
        data = mutated(chance, chance.choice(SEEDS))
        with contextlib.suppress(MalformedReplyError):
            READERS[reader](data)
            good += 1
    assert good, "no mutation left anything to read"


@pytest.mark.parametrize("seed", range(4))
def test_messages_stay_within_their_bound(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        with contextlib.suppress(MalformedReplyError):
            for one in read_pulled(mutated(chance, SEEDS[chance.choice((0, 6))]), LIMIT):
                assert len(one.body) <= LIMIT
                assert one.full_size is None or one.full_size > LIMIT
                assert one.offset >= 0
                assert one.ack_id.isprintable()


@pytest.mark.parametrize("seed", range(4))
def test_any_error_has_one_bounded_line(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        status = chance.randint(100, 999)
        said = explain(status, mutated(chance, chance.choice(SEEDS)))
        assert len(said.splitlines()) == 1
        assert not any(unicodedata.category(char) == "Cc" for char in said)
        assert len(said) < 2000
        fate_of(status)


@pytest.mark.parametrize("seed", range(4))
def test_cutting_short_holds_little_and_depends_on_no_boundary(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        data = mutated(chance, chance.choice(SEEDS))
        one = Shortener(chance.randint(0, 40))
        whole = Shortener(one.most).feed(data)
        kept, at = b"", 0
        while at < len(data):
            size = chance.choice((1, 2, 3, 7, 40, 1000))
            kept += one.feed(data[at : at + size])
            at += size
            assert len(one.rest) < 6
        assert kept == whole
        assert len(kept) <= len(data)


@pytest.mark.parametrize("seed", range(4))
def test_any_time_is_some_seconds_or_nothing(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(ROUNDS):
        text = mutated(chance, chance.choice(TIMES).encode()).decode("latin-1")
        seconds = retry_after(text, NOW)
        assert seconds is None or 0 <= seconds <= 86400
