# SPDX-License-Identifier: Apache-2.0
import csv
import io
import json

import pytest

from ssm.accounting.portal import COLUMNS, Belonging, csv_text, json_text, portal_rows, read_topology
from ssm.errors import InputError
from ssm.ports.usage import Amount, Usage

AMOUNT = Amount(10, 5400, 7200, 54_000, 72_000)


def usage(site: str = "SITE-A", user: str = "", amount: Amount = AMOUNT) -> Usage:
    return Usage(202405, site, "demo", "ce1", user, "grid", "HEPscore23", amount)


def test_rows_have_the_columns_of_the_portals_in_hours() -> None:
    topology = {"SITE-A": Belonging("Germany", "DE-FED", "Tier-2", "NGI_DE")}
    text = "".join(csv_text(portal_rows([usage()], topology)))
    assert text == (
        "time,benchmark,ce,country,federation,infrastructure,site,tier,vo,ngi,"
        "number_of_jobs,raw_cpu_eff,raw_cpu_time,raw_cpu_work,raw_wc_time,raw_wc_work\n"
        "2024-05,HEPscore23,ce1,Germany,DE-FED,grid,SITE-A,Tier-2,demo,NGI_DE,10,75.0,1.5,15.0,2.0,20.0\n"
    )


def test_what_is_not_in_the_topology_stays_empty() -> None:
    [row] = portal_rows([usage()], {})
    assert [row[one] for one in ("country", "federation", "tier", "ngi")] == [""] * 4


def test_rows_that_differ_in_nothing_shown_are_one() -> None:
    [row] = portal_rows([usage(), usage()], {})
    assert row["number_of_jobs"] == 20


def test_the_user_is_a_column_only_where_asked_for() -> None:
    rows = list(portal_rows([usage(user="/CN=a"), usage(user="/CN=b")], {}, by_user=True))
    assert [one["user"] for one in rows] == ["/CN=a", "/CN=b"]
    assert "".join(csv_text(rows, by_user=True)).startswith(",".join(COLUMNS) + ",user\n")


def test_without_wall_time_there_is_no_efficiency() -> None:
    [row] = portal_rows([usage(amount=Amount(1))], {})
    assert row["raw_cpu_eff"] == ""


def test_json_is_the_same_rows() -> None:
    rows = list(portal_rows([usage("Zürich"), usage("B")], {}))
    assert json.loads("".join(json_text(rows))) == rows
    assert json.loads("".join(json_text([]))) == []


@pytest.mark.parametrize("name", ["=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_name_is_a_formula_to_a_spreadsheet(name: str) -> None:
    text = "".join(csv_text(portal_rows([usage(name)], {})))
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["site"] == "'" + name


def test_names_with_commas_quotes_and_line_ends_read_back() -> None:
    name = 'a,"b"\nc'
    [row] = csv.DictReader(io.StringIO("".join(csv_text(portal_rows([usage(name)], {}))), newline=""))
    assert row["site"] == name


def test_a_topology_may_have_some_of_the_columns_in_any_order() -> None:
    assert read_topology("tier,site\nTier-1, A \n,B\n") == {"A": Belonging(tier="Tier-1"), "B": Belonging()}
    with pytest.raises(InputError, match="no column named site"):
        read_topology("name,tier\nA,1\n")
    with pytest.raises(InputError, match="no column named site"):
        read_topology("")
