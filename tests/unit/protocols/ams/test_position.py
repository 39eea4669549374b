# SPDX-License-Identifier: Apache-2.0
"""Nothing is acknowledged before it, and everything below it, is filed."""

from ssm.protocols.ams.position import Position, PullSize
from ssm.protocols.ams.replies import Pulled

PATIENCE = 5.0


def message(offset: int, size: int = 10) -> Pulled:
    return Pulled(f"s:{offset}", offset, f"id/{offset}", b"x" * size)


def at(*offsets: int, now: float = 0.0) -> Position:
    position = Position(PATIENCE)
    position.pulled([message(one) for one in offsets], now)
    return position


def taken(position: Position, limit: int = 100) -> list[int]:
    return [one.offset for one in position.take(limit, 10**9)]


def test_everything_that_was_pulled_is_acknowledged_together() -> None:
    position = at(0, 1, 2)
    assert taken(position, 2) == [0, 1]
    position.note_filed(["s:0", "s:1"])
    assert position.due(1.0) is None
    assert taken(position) == [2]
    position.note_filed(["s:2"])
    assert position.due(1.0) == "s:2"
    position.acknowledged("s:2")
    assert position.due(1.0) is None
    assert position.may_pull()


def test_what_is_filed_out_of_order_waits_for_what_is_below_it() -> None:
    position = at(0, 1, 2)
    taken(position)
    position.note_filed(["s:2", "s:1"])
    assert position.due(100.0) is None
    assert position.due(0.0, in_full=False) is None
    position.note_filed(["s:0"])
    assert position.due(0.0) == "s:2"


def test_when_it_is_late_what_is_filed_is_acknowledged_and_the_rest_pulled_again() -> None:
    position = at(0, 1, 2, 3)
    taken(position, 3)
    position.note_filed(["s:0", "s:1"])
    assert position.due(4.9) is None
    assert position.due(5.0) == "s:1"
    position.acknowledged("s:1")
    assert position.may_pull()
    position.pulled([message(2), message(3)], 6.0)
    assert taken(position) == [3]
    position.note_filed(["s:2", "s:3"])
    assert position.due(6.0) == "s:3"


def test_what_waits_bounds_what_may_be_acknowledged() -> None:
    position = at(0, 1, 2)
    taken(position, 1)
    position.note_filed(["s:0"])
    assert position.due(0.0, in_full=False) == "s:0"


def test_what_is_below_a_further_pull_is_acknowledged_already() -> None:
    position = at(0, 1, 2)
    taken(position)
    position.note_filed(["s:0"])
    position.no_pull_pending()
    assert position.pulled([message(2), message(3)], 1.0) == 1
    assert position.due(1.0, in_full=False) is None
    position.note_filed(["s:0", "s:2"])
    assert position.due(1.0, in_full=False) == "s:2"


def test_when_nothing_is_left_everything_is_behind_us() -> None:
    position = at(0, 1)
    taken(position)
    position.note_filed(["s:0", "s:1"])
    position.no_pull_pending()
    assert position.pulled([], 1.0) == 0
    assert position.due(1.0) is None
    assert position.may_pull()


def test_only_what_the_last_pull_reached_can_be_acknowledged() -> None:
    position = at(0, 1, 2, 3)
    taken(position)
    position.note_filed(["s:0", "s:1", "s:2", "s:3"])
    position.no_pull_pending()
    position.pulled([message(0), message(1)], 1.0)
    assert position.due(1.0) == "s:1"


def test_a_position_that_was_set_back_is_followed() -> None:
    position = at(100, 101)
    taken(position)
    position.note_filed(["s:100", "s:101"])
    position.no_pull_pending()
    assert position.pulled([message(50), message(51)], 1.0) == 2
    assert position.due(1.0, in_full=False) is None
    assert taken(position) == [50, 51]
    position.note_filed(["s:50", "s:51"])
    assert position.due(1.0) == "s:51"
    position.acknowledged("s:51")
    assert position.may_pull()


def test_octets_bound_what_is_handed_out_but_one_always_is() -> None:
    position = Position(PATIENCE)
    position.pulled([message(0, 100), message(1, 100), message(2, 100)], 0.0)
    assert [one.offset for one in position.take(10, 150)] == [0, 1]
    assert [one.offset for one in position.take(10, 1)] == [2]


def test_what_we_never_had_is_not_filed() -> None:
    position = at(0)
    position.note_filed(["s:9", "", "x"])
    taken(position)
    assert position.due(0.0) is None


def test_as_much_is_pulled_as_goes_well() -> None:
    size = PullSize(100)
    sizes = [size.now]
    for _ in range(3):
        size.grow()
        sizes.append(size.now)
    assert sizes == [32, 64, 100, 100]
    while size.shrink():
        assert size.now >= 1
    assert size.now == 1
    assert PullSize(7).now == 7


def test_more_than_fits_is_not_tried_again_soon() -> None:
    size = PullSize(100)
    size.fit(8)
    assert size.now == 8
    for _ in range(32):
        assert size.now == 8
        size.grow()
    size.grow()
    assert size.now == 16
    size.fit(0)
    assert size.now == 1
    size.fit(1000)
    size.grow()
    assert size.now == 2
