# SPDX-License-Identifier: Apache-2.0
"""What the filing cabinet promises."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssm.ports.filing import Box, Filed, Verdict
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.placing import LARGE_OCTETS

RETENTION_DAYS = 30


def verdict(body: bytes, box: Box = Box.INCOMING, *, about: bytes | None = None) -> Verdict:
    error = None if box is Box.INCOMING else "why"
    digest = hashlib.sha256(about or body).digest()
    return Verdict(digest, box, body, "/CN=a" if error is None else None, "id", error, None)


def opened(path: Path, boot: str | None = None) -> DirqCabinet:
    return DirqCabinet(path, SqliteJournal(path / ".ssm"), retention_days=RETENTION_DAYS, boot=boot)


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[DirqCabinet]:
    made = opened(tmp_path)
    yield made
    made.close()
    made.journal.close()


def body(tmp_path: Path, filed: Filed) -> Path:
    return tmp_path / filed.verdict.box.value / filed.name / "body"


@pytest.mark.parametrize("size", [1, LARGE_OCTETS, LARGE_OCTETS + 1, 3_000_000])
def test_what_is_filed_is_there_and_known(cabinet: DirqCabinet, tmp_path: Path, size: int) -> None:
    verdicts = [verdict(bytes([number]) * size) for number in range(5)]
    filed = cabinet.file(verdicts)
    assert [one.verdict for one in filed] == verdicts
    assert [body(tmp_path, one).read_bytes() for one in filed] == [one.body for one in verdicts]
    assert cabinet.known([one.digest for one in verdicts]) == {one.digest: Box.INCOMING for one in verdicts}
    assert cabinet.known([b"x" * 32]) == {}
    assert [one.name for one in filed] == sorted(one.name for one in filed)


def test_the_same_message_again_is_left_out(cabinet: DirqCabinet) -> None:
    assert len(cabinet.file([verdict(b"a")])) == 1
    assert [one.verdict.body for one in cabinet.file([verdict(b"a"), verdict(b"b")])] == [b"b"]


def test_two_receivers_on_one_spool_file_a_message_once(cabinet: DirqCabinet, tmp_path: Path) -> None:
    other = opened(tmp_path)
    assert len([*cabinet.file([verdict(b"a")]), *other.file([verdict(b"a")])]) == 1
    assert len(list(cabinet.queues[Box.INCOMING].elements())) == 1
    other.close()
    other.journal.close()


def twin(number: int) -> Verdict:
    """One payload, sealed for the n-th time."""
    return Verdict(hashlib.sha256(b"%d" % number).digest(), Box.INCOMING, b"a", "/CN=a", "id", twin=b"t" * 32)


def test_a_message_that_was_sealed_anew_is_known_by_its_twin_and_from_then_on_by_itself(cabinet: DirqCabinet) -> None:
    assert len(cabinet.file([twin(1), twin(2)])) == 1
    assert cabinet.file([twin(3)]) == []
    assert len(cabinet.known([twin(number).digest for number in range(1, 5)])) == 3
    assert len(list(cabinet.queues[Box.INCOMING].elements())) == 1


def test_a_twin_that_is_forgotten_is_a_new_message_but_each_sealing_stays_known(cabinet: DirqCabinet) -> None:
    cabinet.file([twin(1), twin(2)])
    cabinet.forget_twins([b"u" * 16, b"t" * 16])
    assert cabinet.file([twin(1), twin(2)]) == []
    assert len(cabinet.file([twin(3)])) == 1
    assert cabinet.file([twin(4)]) == []


def test_forgetting_twins_forgets_no_message(cabinet: DirqCabinet) -> None:
    filed = cabinet.file([verdict(b"a"), twin(1)])
    cabinet.forget_twins([one.verdict.digest[:16] for one in filed])
    assert len(cabinet.known([one.verdict.digest for one in filed])) == 2
    cabinet.forget_twins([])
    assert cabinet.file([twin(2)]) == []


def test_a_twin_survives_its_program_and_what_was_staged_for_a_second_one_is_not_placed(
    cabinet: DirqCabinet, tmp_path: Path
) -> None:
    [filed] = cabinet.file([twin(1)])
    second = opened(tmp_path)
    try:
        staged = second.prepare(twin(2))
        second.stage([staged])
        assert second.remember([staged], replace=False) == []  # and dies before it tidies up
        assert second.finish_staged(second.queues[Box.INCOMING], staged.staged) == 0
        assert list(second.queues[Box.INCOMING].elements()) == [filed.name]
    finally:
        second.close()
        second.journal.close()


def test_nothing_of_ours_is_left_in_staging(cabinet: DirqCabinet, tmp_path: Path) -> None:
    cabinet.file([verdict(b"a"), verdict(b"a"), verdict(b"b", Box.REJECTED)])
    staged = list(tmp_path.glob("*/.staging/*/*"))
    assert staged == []


def test_settling_lets_copies_go_and_leaves_elements(cabinet: DirqCabinet, tmp_path: Path) -> None:
    filed = cabinet.file([verdict(b"a"), verdict(b"b")])
    assert cabinet.settle() == 0
    with cabinet.journal.transaction() as connection:
        connection.execute("UPDATE unsettled SET at = ?", (time.time() - 3600,))
    (body(tmp_path, filed[0]).parent / "locked").mkdir()
    cabinet.forget(Box.INCOMING, filed[0].name)  # as a loader does
    assert cabinet.settle() == 1
    assert cabinet.settle() == 0
    assert body(tmp_path, filed[1]).read_bytes() == b"b"


def test_digests_are_forgotten_after_their_time(cabinet: DirqCabinet) -> None:
    cabinet.file([verdict(b"old"), verdict(b"new")])
    old = verdict(b"old").digest
    with cabinet.journal.transaction() as connection:
        connection.execute("UPDATE filed SET at = ? WHERE digest = ?", (time.time() - 31 * 86400, old))
    cabinet.settle()
    assert cabinet.known([old, verdict(b"new").digest]) == {verdict(b"new").digest: Box.INCOMING}


def test_suspects_are_counted_until_they_are_finished(cabinet: DirqCabinet) -> None:
    one, two = b"1" * 32, b"2" * 32
    cabinet.begin([one, two])
    cabinet.begin([one])
    assert cabinet.suspects() == {one: 2, two: 1}
    cabinet.finish([one])
    assert cabinet.suspects() == {two: 1}


def test_a_deferred_message_is_resolved_once(cabinet: DirqCabinet, tmp_path: Path) -> None:
    [waiting] = cabinet.file([verdict(b"sealed", Box.DEFERRED)])
    assert list(cabinet.deferred()) == [waiting.name]
    element = cabinet.take_deferred(waiting.name)
    assert element is not None
    assert (element.body, element.message_id, element.error) == (b"sealed", "id", "why")
    assert cabinet.take_deferred(waiting.name) is None
    final = verdict(b"payload", about=b"sealed")
    filed = cabinet.resolve_deferred(waiting.name, final)
    assert filed is not None
    assert body(tmp_path, filed).read_bytes() == b"payload"
    assert list(cabinet.deferred()) == []
    assert cabinet.known([final.digest]) == {final.digest: Box.INCOMING}
    assert cabinet.resolve_deferred(waiting.name, final) is None
    assert len(list(cabinet.queues[Box.INCOMING].elements())) == 1


def test_a_released_deferred_message_can_be_taken_again(cabinet: DirqCabinet) -> None:
    [waiting] = cabinet.file([verdict(b"sealed", Box.DEFERRED)])
    assert cabinet.take_deferred(waiting.name) is not None
    cabinet.release_deferred(waiting.name)
    assert cabinet.take_deferred(waiting.name) is not None


@pytest.mark.parametrize("damage", ["gone", "torn", "empty", "field gone", "whole"])
def test_after_the_machine_went_down_each_element_is_as_it_was_filed(tmp_path: Path, damage: str) -> None:
    before = opened(tmp_path, boot="first")
    filed = before.file([verdict(b"payload " * 20), verdict(b"other")])
    before.close()
    before.journal.close()
    element = body(tmp_path, filed[0]).parent
    if damage == "gone":
        for field in element.iterdir():
            field.unlink()
        element.rmdir()
    elif damage == "torn":
        (element / "body").write_bytes(b"payl")
    elif damage == "empty":
        for field in element.iterdir():
            field.write_bytes(b"")
    elif damage == "field gone":
        (element / "signer").unlink()
    after = opened(tmp_path, boot="second")
    assert after.recover() == (0 if damage == "whole" else 1)
    assert {field.name: field.read_bytes() for field in element.iterdir()} == {
        "body": b"payload " * 20,
        "signer": b"/CN=a",
        "empaid": b"id",
    }
    assert after.recover() == 0
    assert len(list(after.queues[Box.INCOMING].elements())) == 2
    after.close()
    after.journal.close()


def test_a_broken_journal_is_moved_aside_and_costs_at_worst_a_duplicate(tmp_path: Path) -> None:
    before = opened(tmp_path)
    before.file([verdict(b"a")])
    before.close()
    before.journal.close()
    journal = tmp_path / ".ssm" / "journal.sqlite"
    journal.write_bytes(b"this is not a database, by any means" * 100)
    after = opened(tmp_path)
    assert after.known([verdict(b"a").digest]) == {}
    assert len(after.file([verdict(b"a")])) == 1
    assert list(journal.parent.glob("journal.sqlite.broken-*"))
    after.close()
    after.journal.close()


def test_a_full_intermediate_folder_is_followed_by_the_next(
    cabinet: DirqCabinet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssm.spool.dirq.MAX_ELEMENTS", 3)
    filed = [one for number in range(8) for one in cabinet.file([verdict(b"%d" % number)])]
    assert {one.name.split("/")[0] for one in filed} == {"00000000", "00000001", "00000002"}
    assert len(list(cabinet.queues[Box.INCOMING].elements())) == 8
