# SPDX-License-Identifier: Apache-2.0
"""What every database answers about sums, and that all answers are of one moment."""

import pytest
from sqlalchemy import insert

from ssm.errors import RepositoryError
from ssm.ports.usage import Amount, LeftOut, Machines, Question, Space, Usage
from ssm.repository.database import Database
from ssm.repository.schema import DIRTY, SUMMARIES
from ssm.repository.session import Access
from ssm.repository.usage import open_usage
from tests.usage import CLOUDS, JOBS, SOURCES, STORAGE, fill, jobs_row, machines_row, source_row, space_row

MAY = Question(202405, 202405)
TEN = Amount(10, 230_400, 288_000, 2_304_000, 2_880_000)
HUGE = 4 * 10**18


def test_jobs_are_added_up_by_what_a_portal_shows(access: Access) -> None:
    rows = [
        jobs_row(1, "B", 202405),
        jobs_row(2, "B", 202405, global_user_name="/CN=other", processors=1),
        jobs_row(3, "A", 202405, vo=None, submit_host=None, service_level_type=None, infrastructure="local"),
        jobs_row(4, "A", 202404),
        jobs_row(5, "A", 202406),
    ]
    fill(access, {JOBS: rows})
    with open_usage(Database(access)) as reader:
        assert list(reader.jobs(MAY, by_user=False)) == [
            Usage(202405, "A", "", "", "", "local", "", TEN),
            Usage(202405, "B", "demo", "ce1.b.example.org", "", "grid", "HEPscore23", TEN + TEN),
        ]
        users = reader.jobs(MAY, by_user=True)
        known = "/DC=org/DC=example/CN=A User"
        assert [(one.site, one.user) for one in users] == [("A", known), ("B", "/CN=other"), ("B", known)]
        assert sum((one.amount for one in users), Amount()) == TEN + TEN + TEN


def test_sites_and_vos_can_be_chosen(access: Access) -> None:
    rows = [
        jobs_row(number, site, 202405, vo=vo) for number, (site, vo) in enumerate((s, v) for s in "ABC" for v in "xyz")
    ]
    fill(access, {JOBS: rows})
    with open_usage(Database(access)) as reader:
        found = reader.jobs(Question(202405, 202405, ("A", "C"), ("y", "' OR 1=1 --")), by_user=False)
        assert [(one.site, one.vo) for one in found] == [("A", "y"), ("C", "y")]


def test_sums_up_to_64_bits_are_exact(access: Access) -> None:
    rows = [jobs_row(number, "A", 202405, normalised_core_wall_duration=HUGE) for number in range(2)]
    fill(access, {JOBS: rows})
    with open_usage(Database(access)) as reader:
        [one] = reader.jobs(MAY, by_user=False)
        assert one.amount.core_wall_work == 2 * HUGE


def test_storage_clouds_and_what_was_left_out(access: Access) -> None:
    space = [
        space_row(1, "A", 202405), space_row(2, "A", 202405, resource_capacity_used=5, logical_capacity_used=None),
        space_row(3, "A", 202405, storage_media="tape", group=None),
    ]  # fmt: skip
    machines = [machines_row(1, "A", 202405), machines_row(2, "A", 202405, status="completed")]
    sources = [source_row("A", 202405), source_row("A", 202405, number=1, is_counted=1, source="job")]
    fill(access, {STORAGE: space, CLOUDS: machines, SOURCES: sources})
    with open_usage(Database(access)) as reader:
        assert list(reader.space(MAY)) == [
            Space(202405, "A", "", "tape", 10**12, 9 * 10**11, 2 * 10**12, 1000),
            Space(202405, "A", "demo", "disk", 10**12 + 5, 9 * 10**11, 4 * 10**12, 2000),
        ]
        assert list(reader.machines(MAY)) == [Machines(202405, "A", "demo", 6, 21_600, 43_200)]
        assert list(reader.left_out(MAY)) == [LeftOut(202405, "A", "job", "ce1", "summary", 12)]
        assert list(reader.space(Question(202405, 202405, vos=("other",)))) == []


def test_months_that_wait_are_counted_once_whoever_changed_them(access: Access) -> None:
    fill(access, {})
    database = Database(access)
    marks = [
        ("A", 202405, "job", 1),
        ("A", 202405, "job", 2),
        ("A", 202405, "cloud", 3),
        ("B", 202405, "job", 4),
        ("A", 202404, "job", 5),
    ]
    with database.connect() as connection:
        names = ("site", "month", "kind", "message")
        connection.execute(insert(DIRTY), [dict(zip(names, one, strict=True)) for one in marks])
        connection.commit()
    with open_usage(database) as reader:
        assert reader.waiting(MAY) == 2
        assert reader.waiting(Question(202405, 202405, ("A",))) == 1


def test_all_answers_are_of_one_moment(access: Access) -> None:
    fill(access, {JOBS: [jobs_row(1, "A", 202405)]})
    with open_usage(Database(access)) as reader:
        before = reader.jobs(MAY, by_user=False)
        writer = Database(access)
        with writer.connect() as connection:
            connection.execute(insert(SUMMARIES[JOBS]), [jobs_row(2, "A", 202405)])
            connection.commit()
        writer.close()
        assert reader.jobs(MAY, by_user=False) == before
    with open_usage(Database(access)) as reader:
        assert reader.jobs(MAY, by_user=False)[0].amount.jobs == 20


def test_a_database_without_our_tables_is_refused(access: Access) -> None:
    with pytest.raises(RepositoryError, match="no tables of ours"), open_usage(Database(access)):
        pass
