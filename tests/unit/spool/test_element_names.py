# SPDX-License-Identifier: Apache-2.0
"""Names sort by time, are of the library's form, and never stand twice in one program."""

import threading
import time

from ssm.spool.element_names import ELEMENT, FOLDER, NameMaker


def seconds_of(name: str) -> int:
    return int(name[:8], 16)


def test_names_rise_and_never_repeat_however_fast_they_are_made() -> None:
    maker = NameMaker()
    names = [maker.next_name() for _ in range(20_000)]
    assert names == sorted(set(names))
    assert all(ELEMENT.fullmatch(name) for name in names)


def test_threads_get_different_names() -> None:
    maker = NameMaker()
    made: list[list[str]] = [[] for _ in range(4)]

    def make(into: list[str]) -> None:
        into.extend(maker.next_name() for _ in range(5000))

    threads = [threading.Thread(target=make, args=(into,)) for into in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len({name for into in made for name in into}) == 20_000


def test_a_clock_that_is_set_back_does_not_bring_names_back() -> None:
    maker = NameMaker()
    maker.last = (time.time_ns() // 1000) + 3600 * 1_000_000
    first, second = maker.next_name(), maker.next_name()
    assert first < second
    assert seconds_of(first) >= time.time() + 3500


def test_a_second_ends_after_a_million_microseconds() -> None:
    maker = NameMaker()
    maker.last = (int(time.time()) + 1000) * 1_000_000 - 2
    names = [maker.next_name() for _ in range(3)]
    assert [name[8:13] for name in names] == ["f423f", "00000", "00001"]
    assert seconds_of(names[1]) == seconds_of(names[0]) + 1


def test_only_the_librarys_forms_are_names() -> None:
    assert FOLDER.fullmatch("0123abcd")
    assert not any(map(FOLDER.fullmatch, ["0123ABCD", "0123abc", "0123abcde", "0123abcd\n", ".staging"]))
    assert not any(map(ELEMENT.fullmatch, ["0123456789abcd.lck", "0123456789abcd\n", "0123456789ABCD", "locked"]))
