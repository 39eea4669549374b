# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from ssm.broker.store import NewMessage, Store

ONE = NewMessage("/queue/a", {"empa-id": "1", "x": "a\nbé"}, b"\0\xff one")
TWO = NewMessage("/queue/b", {}, b"")


def test_what_is_kept_is_there_after_opening_it_again_in_its_order(tmp_path: Path) -> None:
    store = Store(tmp_path / "not" / "there" / "yet")
    numbers = store.add([ONE, TWO, ONE])
    store.close()
    again = Store(tmp_path / "not" / "there" / "yet")
    assert again.all() == [(numbers[0], "/queue/a"), (numbers[1], "/queue/b"), (numbers[2], "/queue/a")]
    assert [again.get(number) for number in numbers] == [ONE, TWO, ONE]
    again.close()


def test_a_batch_is_whole_for_another_reader_when_it_is_kept(tmp_path: Path) -> None:
    writer, reader = Store(tmp_path), Store(tmp_path)
    writer.add([ONE, TWO])
    assert len(reader.all()) == 2
    reader.close()
    writer.close()


def test_what_is_acknowledged_is_gone_and_its_number_is_not_given_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    [first, second] = store.add([ONE, TWO])
    store.remove([first, second])
    assert store.all() == []
    store.close()
    again = Store(tmp_path)
    assert again.add([ONE])[0] > second
    again.close()


def test_a_message_can_move_to_another_queue(tmp_path: Path) -> None:
    store = Store(tmp_path)
    [number] = store.add([ONE])
    store.move(number, "/queue/DLQ.a")
    assert store.all() == [(number, "/queue/DLQ.a")]
    assert store.get(number).body == ONE.body
    store.close()


def test_every_commit_is_synced(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.connection.execute("PRAGMA synchronous").fetchone() == (2,)
    store.close()
