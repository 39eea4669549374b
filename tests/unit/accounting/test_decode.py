# SPDX-License-Identifier: Apache-2.0
"""A payload becomes rows, or everything that is wrong with it."""

import pytest

from ssm.accounting import decode as decoding
from ssm.accounting.batches import oldest_month
from ssm.accounting.decode import Terms, decode
from ssm.accounting.faults import one_line, report
from tests.accounting import JOB_HEADER, MAY_2024, job, jobs, summary

NOW = 1_760_000_000  # 2025-10-09


def test_records_become_rows_by_their_keys() -> None:
    found = decode(jobs(range(3)), 7, Terms(NOW))
    assert (found.kind, found.records, found.faults) == ("job", 3, [])
    assert list(found.rows) == [("EXAMPLE-T2", 202405, f"{one}.0", MAY_2024, "grid") for one in range(3)]
    assert {row[-1] for row in found.rows.values()} == {7}


def test_all_faults_are_found_also_those_behind_the_first() -> None:
    body = JOB_HEADER + job(1, Site=None) + job(2) + job(3, CpuDuration=-1, EndTime="x")
    found = decode(body.encode(), 7, Terms(NOW))
    assert [one.code for one in found.faults] == ["missing-field", "negative", "wrong-value"]
    assert found.rows == {}
    assert all(one.line for one in found.faults)


def test_what_no_row_can_hold_is_told_by_its_line() -> None:
    body = JOB_HEADER + job(1) + job(2, Queue="a\0b")
    [fault] = decode(body.encode(), 7, Terms(NOW)).faults
    assert (fault.code, fault.field) == ("unstorable-text", "Queue")
    assert fault.line == body[: body.index("Queue")].count("\n") + 1


def test_a_fault_in_the_last_of_many_batches_refuses_the_first_as_well() -> None:
    body = JOB_HEADER + "".join(job(number) for number in range(2000)) + job(5, Site="x" * 300)
    found = decode(body.encode(), 7, Terms(NOW))
    assert (len(found.faults), found.rows, found.records) == (1, {}, 2001)


def test_faults_without_end_are_counted_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MOST_FAULTS", 3)
    found = decode(jobs(range(10), Site=None), 7, Terms(NOW))
    assert (len(found.faults), found.more_faults) == (3, 7)
    assert one_line(found).endswith("(and 9 more)")
    assert report(found).endswith("and 7 more\n")


@pytest.mark.parametrize(("months", "oldest"), [(0, 0), (1, 202509), (9, 202501), (10, 202412), (34, 202212)])
def test_retention_is_counted_in_months(months: int, oldest: int) -> None:
    assert oldest_month(NOW, months) == oldest


def test_records_of_months_that_are_not_kept_are_refused_each() -> None:
    body = JOB_HEADER + job(1) + job(2, EndTime=NOW, StartTime=NOW)
    found = decode(body.encode(), 7, Terms(NOW, 202509))
    assert [one.code for one in found.faults] == ["too-old"]
    assert decode(body.encode(), 7, Terms(NOW, 202405)).faults == []
    assert decode(summary(), 7, Terms(NOW, 202509)).faults == [], "summaries are kept for ever"


def test_a_month_that_has_not_come_is_refused_wherever_it_comes_from() -> None:
    made = NOW + 90 * 86400
    body = f"APEL-cloud-message: v0.4\nVMUUID: x\nSiteName: A\nRecordCreateTime: {made}\nStatus: started\n%%\n"
    assert [one.code for one in decode(body.encode(), 7, Terms(NOW)).faults] == ["in-future"]


def test_a_line_that_could_be_taken_for_another_is_written_out() -> None:
    body = JOB_HEADER + job(1, EndTime="x\x1b[31m")
    text = report(decode(body.encode(), 7, Terms(NOW)))
    assert "\x1b" not in text
