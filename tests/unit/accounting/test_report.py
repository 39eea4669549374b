# SPDX-License-Identifier: Apache-2.0
from ssm.accounting.report import VIEWS, by_month, lines_of, mean_space, month_text, over_all, total
from ssm.ports.usage import Amount, Space, Usage


def usage(
    month: int = 202405, site: str = "A", vo: str = "v", host: str = "ce", jobs: int = 1, work: int = 10
) -> Usage:
    return Usage(month, site, vo, host, "", "grid", "HEPscore23", Amount(jobs, 50, 100, work // 2, work))


USAGES = [
    usage(),
    usage(work=30, host="ce2"),
    usage(site="B", work=35, jobs=7),
    usage(202406, "B", "w", work=1),
    usage(202404, "A", "w", work=2),
]


def test_a_monthly_table_has_the_largest_of_each_month_first() -> None:
    lines = lines_of(USAGES, VIEWS["site"])
    assert [(one.month, one.names, one.amount.core_wall_work) for one in lines] == [
        (202404, ("A",), 2),
        (202405, ("A",), 40),
        (202405, ("B",), 35),
        (202406, ("B",), 1),
    ]


def test_tables_by_submit_host_name_the_site_too_since_hosts_may_be_called_alike() -> None:
    lines = lines_of([usage(site="A"), usage(site="B")], VIEWS["submit-host"])
    assert [one.names for one in lines] == [("A", "ce"), ("B", "ce")]


def test_every_view_has_all_of_the_usage() -> None:
    whole = total(USAGES)
    assert whole == Amount(11, 250, 500, 38, 78)
    for view in VIEWS.values():
        assert sum((one.amount for one in lines_of(USAGES, view)), Amount()) == whole
        assert sum((amount for _, amount in over_all(USAGES, view.key)), Amount()) == whole
    assert sum(by_month(USAGES).values(), Amount()) == whole


def test_equals_are_in_the_order_of_their_names_whatever_order_they_came_in() -> None:
    usages = [usage(site=one) for one in "CAB"]
    assert [names for names, _ in over_all(usages, VIEWS["site"].key)] == [("A",), ("B",), ("C",)]
    assert lines_of(usages, VIEWS["site"]) == lines_of(usages[::-1], VIEWS["site"])


def test_efficiency_is_of_time_on_all_cores_and_none_without_time() -> None:
    assert Amount(1, 50, 100).efficiency == 0.5
    assert Amount(1, 50, 0).efficiency is None
    assert Amount(1, 50, -5).efficiency is None


def test_space_is_added_within_a_month_and_averaged_over_months() -> None:
    def space(month: int, used: int, vo: str = "v") -> Space:
        return Space(month, "A", vo, "disk", used, 0, 0, 0)

    assert mean_space([space(1, 10), space(1, 20, "w"), space(2, 50)], 2) == {("A", "disk"): 40}
    assert mean_space([], 0) == {}


def test_months_are_written_as_years_and_months() -> None:
    assert month_text(202405) == "2024-05"
