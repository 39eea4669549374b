# SPDX-License-Identifier: Apache-2.0
import pytest

from ssm.accounting.compare import Comparison, Mark, compare, read_portal
from ssm.accounting.portal import portal_rows
from ssm.errors import InputError
from ssm.ports.usage import Amount, Usage

HEADS = "time,site,vo,number_of_jobs,raw_wc_time"


def ours(site: str = "A", jobs: int = 1000, month: int = 202405, infrastructure: str = "grid") -> Usage:
    return Usage(month, site, "demo", "ce1", "", infrastructure, "HEPscore23", Amount(jobs, 0, 3_600_000, 0, 0))


def compared(usages: list[Usage], lines: str, percent: float = 1.0) -> Comparison:
    return compare(list(portal_rows(usages, {})), read_portal(f"{HEADS}\n{lines}"), percent)


def test_rows_within_the_tolerance_are_alike() -> None:
    found = compared([ours()], "2024-05,A,demo,1010,1000\n")
    assert [one.mark for one in found.rows] == [Mark.ALIKE]
    assert found.differing == ()
    assert found.keys == ("time", "site", "vo")
    assert found.columns == ("number_of_jobs", "raw_wc_time")


def test_rows_beyond_it_say_which_figures_differ_and_by_how_much() -> None:
    [row] = compared([ours()], "2024-05,A,demo,1250,1000\n").differing
    assert (row.mark, row.differing) == (Mark.DIFFERENT, ("number_of_jobs",))
    assert row.percent("number_of_jobs") == -20
    assert compared([ours()], "2024-05,A,demo,1250,1000\n", 25).differing == ()


def test_rows_of_one_side_only_are_told() -> None:
    found = compared([ours("A"), ours("B")], "2024-05,B,demo,1000,1000\n2024-05,C,demo,1,1\n")
    assert [(one.names[1], one.mark) for one in found.differing] == [("A", Mark.ONLY_HERE), ("C", Mark.ONLY_THERE)]
    assert found.differing[0].percent("number_of_jobs") is None


def test_we_are_added_up_as_coarsely_as_the_portal_is() -> None:
    assert compared([ours(), ours(infrastructure="local")], "2024-05,A,demo,2000,2000\n").differing == ()


@pytest.mark.parametrize("time", ["2024-05", "2024-05-01", "2024-05-01T00:00:00Z", "1714521600000"])
def test_months_may_be_written_as_portals_do(time: str) -> None:
    assert compared([ours()], f"{time},A,demo,1000,1000\n").differing == ()


def test_rounding_is_no_difference() -> None:
    assert compared([ours(jobs=3)], "2024-05,A,demo,3.4,1000.4\n", 0).differing == ()


def test_infrastructures_and_benchmarks_are_compared_without_regard_to_case() -> None:
    theirs = read_portal("time,site,infrastructure,benchmark,number_of_jobs\n2024-05,A,Grid,HEPSCORE23,1000\n")
    assert compare(list(portal_rows([ours()], {})), theirs, 1.0).differing == ()


@pytest.mark.parametrize("figure", ["many", "nan", "inf", "1e999", "0x10"])
def test_a_figure_that_is_none_is_refused(figure: str) -> None:
    with pytest.raises(InputError, match="no number"):
        compared([ours()], f"2024-05,A,demo,{figure},1\n")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "time,site\n2024-05,A\n", "number_of_jobs\n1\n"])
def test_a_file_without_the_columns_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="none of the portal's columns"):
        read_portal(text)


def test_a_cell_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be read at line"):
        read_portal(f'{HEADS}\n"{"x" * 200_000}",A,demo,1,1\n')


def test_short_and_long_lines_are_read_as_far_as_they_go() -> None:
    assert read_portal(f"\ufeff{HEADS}\n2024-05,A\n2024-05,A,demo,1,1,9,9\n")[0]["number_of_jobs"] == ""
