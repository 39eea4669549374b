# SPDX-License-Identifier: Apache-2.0
"""Which time is meant, and who may be seen."""

from datetime import UTC, date, datetime

import pytest

from ssm.accounting.selection import Selection, gap, latest
from ssm.ports.publications import Window
from ssm.records.types.job import JobRecord


def test_the_latest_is_this_month_and_the_one_before() -> None:
    assert latest(int(datetime(2024, 5, 31, 23, 59, tzinfo=UTC).timestamp())) == Window(202404)
    assert latest(int(datetime(2024, 1, 1, tzinfo=UTC).timestamp())) == Window(202312)


def test_a_gap_is_of_whole_days() -> None:
    begin = int(datetime(2024, 4, 30, tzinfo=UTC).timestamp())
    assert gap(date(2024, 4, 30), date(2024, 5, 1)) == Window(202404, 202405, begin, begin + 2 * 86_400)
    with pytest.raises(ValueError, match="before it begins"):
        gap(date(2024, 5, 2), date(2024, 5, 1))


@pytest.mark.parametrize(
    ("selection", "vo", "infrastructure", "expected"),
    [
        (Selection(window=Window()), "a", "grid", True),
        (Selection(window=Window()), "a", "local", False),
        (Selection(window=Window(), local_jobs=True), None, "local", True),
        (Selection(window=Window(), include_vos=frozenset("a")), "a", "grid", True),
        (Selection(window=Window(), include_vos=frozenset("a")), "b", "grid", False),
        (Selection(window=Window(), include_vos=frozenset("a")), None, None, False),
        (Selection(window=Window(), exclude_vos=frozenset("a")), "a", None, False),
        (Selection(window=Window(), exclude_vos=frozenset("a")), None, None, True),
    ],
)
def test_vos_and_infrastructures_are_chosen(
    selection: Selection, vo: str | None, infrastructure: str | None, *, expected: bool
) -> None:
    assert selection.takes(vo, infrastructure) is expected


def test_names_are_withheld_where_there_are_any() -> None:
    records = [JobRecord(global_user_name="/CN=a", site="A"), JobRecord(site="B")]
    hidden = list(Selection(window=Window(), withhold_dns=True).dressed(records))
    assert hidden == [JobRecord(global_user_name="withheld", site="A"), JobRecord(site="B")]
    assert list(Selection(window=Window()).dressed(records)) == records
