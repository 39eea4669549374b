# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ssm.lookup.cache import MAX_OCTETS, BrokerCache, Kept
from ssm.protocols.bdii import Answer, Broker, Question

BROKERS = (Broker("a.example.org", 6162), Broker("2001:db8::1", 6162, 1))
FOUND = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def cache(tmp_path: Path) -> BrokerCache:
    return BrokerCache(tmp_path / ".ssm" / "brokers.json", Question("PROD", use_tls=True))


def test_what_was_kept_is_read_again(cache: BrokerCache) -> None:
    cache.write(Answer(BROKERS), FOUND)
    assert cache.read() == Kept(BROKERS, FOUND)


def test_nothing_was_kept(cache: BrokerCache) -> None:
    assert cache.read() is None


def test_a_later_answer_takes_the_place_of_the_earlier_and_leaves_no_other_file(cache: BrokerCache) -> None:
    cache.write(Answer(BROKERS), FOUND)
    cache.write(Answer(BROKERS[:1]), FOUND)
    assert cache.read() == Kept(BROKERS[:1], FOUND)
    assert [path.name for path in cache.path.parent.iterdir()] == ["brokers.json"]
    assert cache.path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "other", [Question("TEST-NWOB", use_tls=True), Question("PROD", use_tls=False), Question("PROD", True, 7)]
)
def test_an_answer_to_another_question_is_none(cache: BrokerCache, other: Question) -> None:
    cache.write(Answer(BROKERS), FOUND)
    assert replace(cache, question=other).read() is None


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b" " * MAX_OCTETS + b"{}",
        b'{"question": ["PROD", true, null]}',
    ],
)
def test_a_broken_file_is_none(cache: BrokerCache, octets: bytes) -> None:
    cache.path.parent.mkdir()
    cache.path.write_bytes(octets)
    assert cache.read() is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("found", "yesterday"),
        ("found", "2025-07-01T12:00:00"),
        ("found", 7),
        ("brokers", []),
        ("brokers", {}),
        ("brokers", [["a"]]),
        ("brokers", [7]),
        ("brokers", [[7, 1, 0]]),
        ("brokers", [["a", "1", 0]]),
        ("brokers", [["a", 0, 0]]),
        ("brokers", [["a", True, 0]]),
        ("brokers", [["a", 1, None]]),
        ("brokers", [["a/../b", 1, 0]]),
        ("brokers", [["0.0.0.0", 1, 0]]),
        ("brokers", [["good.example.org", 1, 0], ["evil@example.org", 1, 0]]),
    ],
)
def test_a_file_that_somebody_wrote_into_is_none(cache: BrokerCache, name: str, value: object) -> None:
    cache.write(Answer(BROKERS), FOUND)
    content = json.loads(cache.path.read_text())
    content[name] = value
    cache.path.write_text(json.dumps(content))
    assert cache.read() is None


def test_where_nothing_can_be_written_the_old_file_stays(cache: BrokerCache) -> None:
    cache.path.mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        cache.write(Answer(BROKERS), FOUND)
    assert [path.name for path in cache.path.parent.iterdir()] == ["brokers.json"]
