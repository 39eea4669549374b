# SPDX-License-Identifier: Apache-2.0
"""Statements about space become means, and the same bytes count once."""

from ssm.accounting.storage_means import covered, storage_rows
from ssm.ports.summaries import Statement

MAY = 1_714_521_600
DAY = 86_400
EMPTY = Statement(*[None] * 17)


def said(day: int, used: int | None, **values: str | int | None) -> Statement:
    begin = MAY + day * DAY
    known = {"storage_system": "se1", "group": "demo", "start_time": begin, "end_time": begin + DAY}
    return EMPTY._replace(**{**known, "resource_capacity_used": used, **values})  # type: ignore[arg-type]  # as declared


def used(*statements: Statement) -> list[object]:
    return [row[14] for row in storage_rows(statements, MAY)]


def test_days_are_a_mean_and_things_at_a_time_are_a_sum() -> None:
    assert used(said(0, 10), said(1, 20)) == [15]
    assert used(said(0, 10), said(0, 20)) == [30]
    assert used(said(0, 10), said(0, 20), said(1, 60)) == [45]


def test_days_nobody_speaks_of_do_not_count_as_empty() -> None:
    [row] = storage_rows([said(0, 10), said(9, 30)], MAY)
    assert row[11:15] == (MAY, MAY + 10 * DAY, 2 * DAY, 20)


def test_what_began_before_the_month_counts_from_its_begin() -> None:
    [row] = storage_rows([said(0, 10, start_time=MAY - 100 * DAY), said(1, 20)], MAY)
    assert row[11:15] == (MAY, MAY + 2 * DAY, 2 * DAY, 15)


def test_a_moment_is_a_statement_too() -> None:
    assert used(said(0, 10, start_time=MAY, end_time=MAY)) == [10]
    assert used(said(0, 10, start_time=None, end_time=None)) == [10]


def test_a_logical_record_repeats_what_the_media_hold() -> None:
    """As dCache publishes: by medium what is taken, and once more without medium the sizes of the files."""
    disk = said(0, 60, storage_media="disk", storage_share="pool")
    tape = said(0, 40, storage_media="tape")
    logical = said(0, 100, logical_capacity_used=50, file_count=7)
    rows = storage_rows([disk, tape, logical], MAY)
    assert [row[14:18] for row in rows] == [
        (60, None, None, None),
        (40, None, None, None),
        (None, 50, None, 7),
    ]


def test_one_record_may_say_both() -> None:
    """As DPM publishes."""
    [row] = storage_rows([said(0, 60, storage_media="disk", logical_capacity_used=50)], MAY)
    assert row[14:16] == (60, 50)


def test_a_group_and_its_users_are_the_same_bytes() -> None:
    rows = storage_rows([said(0, 60), said(0, 10, user_identity="/CN=a"), said(0, 50, local_user="b")], MAY)
    assert [row[14] for row in rows] == [60, None, None]
    assert used(said(0, 10, user_identity="/CN=a"), said(0, 50, local_user="b")) == [10, 50]


def test_other_groups_and_systems_are_other_bytes() -> None:
    others = [said(0, 1), said(0, 2, group="x"), said(0, 4, storage_system="se2", storage_media="disk")]
    assert used(*others) == [1, 2, 4]


def test_time_that_is_covered_twice_counts_once() -> None:
    assert covered([(0, 10), (5, 20), (30, 40), (32, 33)]) == 30
    assert covered([]) == 0
