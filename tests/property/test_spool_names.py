# SPDX-License-Identifier: Apache-2.0
"""Names of elements, whatever the clock does and whatever else lies in a spool."""

import tempfile
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ssm.spool.directory import DirectorySpool, claim_name
from ssm.spool.dirq import DirqQueue
from ssm.spool.dirq_simple import DirqSimpleSpool
from ssm.spool.element_names import ELEMENT, FOLDER, NameMaker

OURS = {".ssm", ".staging", "temporary", "obsolete"}  # what a spool needs for itself
HEX = "0123456789abcdef"
FOLDERS = st.text(HEX, min_size=8, max_size=8)
ELEMENTS = st.text(HEX, min_size=14, max_size=14)
FILE_NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40
).filter(lambda name: name not in {".", "..", *OURS})
NEAR_NAMES = (
    FILE_NAMES
    | st.text(HEX + "ABCDEF", min_size=7, max_size=15)
    | st.builds("{}{}".format, ELEMENTS, st.sampled_from([".lck", ".tmp", "\n", " ", "0"]))
)
FEW = settings(max_examples=60, deadline=None)


def seconds_of(name: str) -> int:
    return int(name[:8], 16)


@given(st.lists(st.integers(0, 2**32 * 1_000_000 - 3), min_size=1, max_size=50))
def test_names_rise_and_say_their_second_wherever_the_clock_stood_before(clocks: list[int]) -> None:
    maker = NameMaker()
    for clock in clocks:
        maker.last = clock
        before = time.time_ns() // 1000
        first, second = maker.next_name(), maker.next_name()
        assert first < second
        assert ELEMENT.fullmatch(first)
        assert seconds_of(first) >= max(before, clock + 1) // 1_000_000
        if clock > before + 60_000_000:  # it stood ahead: the next name follows the last one
            assert seconds_of(first) == (clock + 1) // 1_000_000


@FEW
@given(st.lists(st.tuples(FOLDERS | NEAR_NAMES, ELEMENTS | NEAR_NAMES), max_size=12))
def test_only_elements_are_listed_of_whatever_lies_in_a_queue(laid: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place)
        queue, simple = DirqQueue(path / "queue"), DirqSimpleSpool(path / "simple", 0)
        for folder, name in laid:
            (queue.path / folder / name).mkdir(parents=True, exist_ok=True)
            (simple.path / folder).mkdir(exist_ok=True)
            (simple.path / folder / name).write_bytes(b"x")
        there = {(folder, name) for folder, name in laid if FOLDER.fullmatch(folder) and ELEMENT.fullmatch(name)}
        assert list(queue.elements()) == sorted(f"{folder}/{name}" for folder, name in there)
        free = {f"{folder}/{name}" for folder, name in there if (folder, f"{name}.lck") not in laid}
        assert list(simple.ready()) == sorted(free)
        simple.recover()
        simple.purge()
        assert all((simple.path / folder / name).exists() for folder, name in laid)
        simple.close()


@FEW
@given(st.sets(FILE_NAMES, max_size=8))
def test_any_file_name_can_be_claimed_removed_and_is_nobody_elses(names: set[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place)
        for name in names:
            (path / name).write_bytes(name.encode())
        spool = DirectorySpool(path, 0)
        visible = {name for name in names if not name.startswith(".")}
        assert set(spool.ready()) == visible
        assert len({claim_name(name) for name in names}) == len(names)
        for name in visible:
            assert spool.claim(name) == name.encode()
            spool.remove(name)
        assert list(spool.ready()) == []
        spool.close()
