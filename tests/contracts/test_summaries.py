# SPDX-License-Identifier: Apache-2.0
"""Adding up, over each database: each usage counts once, and what is loaded meanwhile is not forgotten."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ssm.accounting.summarise import Summarised, summarise_month
from ssm.accounting.summary_tables import CLOUD_SUMMARIES, JOB_SUMMARIES, SOURCES, STORAGE_SUMMARIES
from ssm.errors import RepositoryUnavailableError
from ssm.ports.summaries import Place
from ssm.records.formats import FORMATS
from ssm.records.types.cloud import CLOUD, CloudRecord
from ssm.records.types.cloud_summary import CLOUD_SUMMARY, CloudSummaryRecord
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY, NormalisedSummaryRecord
from ssm.records.types.storage import STORAGE, StorageRecord
from ssm.repository.retention import forget
from ssm.repository.session import Access
from tests.accounting import MAY_2024, Contents, jobs, summary
from tests.books import Books

SITE = "EXAMPLE-T2"
HOST = "ce1.example.org:9619/condor"
DAY = 86_400
MAY_FIRST = 1_714_521_600
JUNE_2024 = MAY_2024 + 30 * DAY


@pytest.fixture
def books(access: Access) -> Iterator[Books]:
    made = Books(access)
    yield made
    made.close()


@pytest.fixture
def contents(access: Access) -> Contents:
    return Contents(access)


ALL = ("number_of_jobs", "wall_duration", "cpu_duration", "core_wall_duration")
NORMALISED = ("normalised_wall_duration", "normalised_cpu_duration", "normalised_core_wall_duration")


def test_jobs_are_added_up_and_normalised(books: Books, contents: Contents) -> None:
    books.put(
        jobs(range(3), Processors=4, CpuDuration=12_000), jobs(range(3, 5), ServiceLevelType="Si2k", ServiceLevel=2500)
    )
    [done] = books.summarise()
    assert done == Summarised(Place(SITE, 202405), ("job",), rows=2, left_out=0)
    assert books.sums(*ALL) == [(5, 18_000, 42_000, 3 * 14_400 + 7200)]
    assert books.sums(*NORMALISED, by=["service_level_type"]) == [
        ("HEPSPEC", 113_400, 378_000, 453_600),
        ("Si2k", 72_000, 60_000, 72_000),
    ]
    assert contents.dirty() == set()
    assert books.summarise() == []


def test_only_what_has_changed_is_added_up_again(books: Books) -> None:
    books.put(jobs([1]), jobs([2], Site="OTHER"), jobs([3], EndTime=JUNE_2024, StartTime=JUNE_2024 - 3600))
    assert [done.place.month for done in books.summarise()] == [202405, 202406, 202405]
    books.put(jobs([4], Site="OTHER"), jobs([1]))
    assert [done.place for done in books.summarise()] == [Place("OTHER", 202405)]
    assert books.sums("number_of_jobs", by=["site", "month"]) == [
        (SITE, 202405, 1),
        (SITE, 202406, 1),
        ("OTHER", 202405, 2),
    ]


def test_a_correction_is_in_the_sums(books: Books) -> None:
    books.put(jobs([1, 2]))
    books.summarise()
    books.put(jobs([1], CpuDuration=1, FQAN="/other"))
    books.summarise()
    assert books.sums("number_of_jobs", "cpu_duration", by=["vo"]) == [("demo", 1, 3000), ("other", 1, 1)]


def added(books: Books) -> int | None:
    """How many jobs the summariser would only add to the sums of before; None where it makes the month anew."""
    count = None
    with contextlib.suppress(ZeroDivisionError), books.summaries.month(Place(SITE, 202405)) as month:
        found = month.added_job_groups()
        count = None if found is None or not month.summed_job_groups() else sum(one.number_of_jobs for one in found)
        raise ZeroDivisionError  # so that nothing has been done
    return count


def test_late_jobs_are_added_to_the_sums_without_reading_the_others_again(books: Books) -> None:
    books.put(jobs(range(20)), jobs(range(20, 30), FQAN="/other"))
    books.summarise()
    books.put(jobs([30, 31], Processors=8), jobs([32], EndTime=MAY_2024 + DAY, StartTime=MAY_2024))
    books.put(jobs([33], FQAN="/new"))
    assert added(books) == 4
    [done] = books.summarise()
    assert (done.kinds, done.left_out) == (("job",), 0)
    assert books.sums("number_of_jobs", by=["vo"]) == [("demo", 23), ("new", 1), ("other", 10)]
    assert books.job_sums() == books.job_sums_made_anew()


@pytest.mark.parametrize(
    "further",
    [
        pytest.param([jobs([1], CpuDuration=1, FQAN="/other"), jobs([9])], id="a correction"),
        pytest.param([jobs([1, 9])], id="a job that was there already, beside a new one"),
        pytest.param([jobs([9]), jobs([9])], id="a new job that is said again"),
        pytest.param([jobs([9]), jobs([9], CpuDuration=1, FQAN="/other")], id="a new job that is corrected"),
    ],
)
def test_a_month_in_which_more_happened_than_additions_is_made_anew(books: Books, further: list[bytes]) -> None:
    books.put(jobs([1, 2]))
    books.summarise()
    for body in further:
        books.put(body)
    assert added(books) is None
    books.summarise()
    assert books.sums("number_of_jobs") == [(3,)]
    assert books.job_sums() == books.job_sums_made_anew()


def test_a_group_that_became_empty_is_gone(books: Books) -> None:
    books.put(jobs([1, 2]), jobs([3], FQAN="/other"))
    books.summarise()
    books.put(jobs([3]))
    books.summarise()
    assert books.sums("number_of_jobs", by=["vo"]) == [("demo", 3)]


def test_a_mark_of_an_earlier_program_makes_the_month_anew(books: Books, contents: Contents) -> None:
    books.put(jobs([1]))
    books.summarise()
    books.put(jobs([2]))
    contents.execute("UPDATE dirty SET records = NULL")
    assert added(books) is None
    books.summarise()
    assert books.sums("number_of_jobs") == [(2,)]


def test_jobs_that_were_left_out_are_read_again_with_a_late_one(books: Books) -> None:
    books.put(jobs(range(5)), summary(NumberOfJobs=5, VO="other"))
    books.put(summary(SubmitHost="ce2.example.org", NumberOfJobs=9))
    books.summarise()
    books.put(summary(NumberOfJobs=6, VO="other"))
    books.summarise()
    assert books.sums("number_of_jobs", by=["source"]) == [("summary", 15)]
    books.put(jobs([5, 6]))
    assert added(books) is None
    books.summarise()
    assert books.sums("number_of_jobs", by=["source"]) == [("job", 7), ("summary", 9)]


def test_jobs_and_their_summary_count_once(books: Books) -> None:
    books.put(jobs(range(5)), summary(NumberOfJobs=1200))
    [done] = books.summarise()
    assert done.left_out == 5
    assert books.sums("number_of_jobs", by=["source"]) == [("summary", 1200)]
    assert books.rows(SOURCES.name, "source", "part", "count", "is_counted") == [
        ("job", HOST, 5, 0),
        ("summary", HOST, 1200, 1),
    ]
    books.put(jobs(range(1200)))
    books.summarise()
    assert books.sums("number_of_jobs", by=["source"]) == [("job", 1200)], "of equals the jobs themselves"


def test_other_hosts_and_local_jobs_are_other_usage(books: Books) -> None:
    books.put(jobs([1, 2]), summary(SubmitHost="ce2.example.org", NumberOfJobs=7))
    books.put(summary(InfrastructureType="local", NumberOfJobs=9))
    books.summarise()
    found = books.sums("number_of_jobs", by=["submit_host", "infrastructure"])
    assert sorted(found) == [(HOST, "grid", 2), (HOST, "local", 9), ("ce2.example.org", "grid", 7)]


def normalised(**said: object) -> NormalisedSummaryRecord:
    values: dict[str, object] = {
        "site": SITE, "month": 5, "year": 2024, "submit_host": HOST, "infrastructure": "Gratia-OSG", "vo": "demo",
        "processors": 8, "node_count": 1, "wall_duration": 100, "cpu_duration": 700, "number_of_jobs": 10,
        "normalised_wall_duration": 1050, "normalised_cpu_duration": 7350, "service_level_type": "HEPscore23",
    }  # fmt: skip
    return NormalisedSummaryRecord(**(values | said))  # type: ignore[arg-type]  # as declared


def put_normalised(books: Books, **said: object) -> None:
    books.put(b"".join(FORMATS["apel-text"].write(NORMALISED_SUMMARY, "v0.3", [normalised(**said)])))


def test_normalised_summaries_keep_what_they_say(books: Books) -> None:
    put_normalised(books)
    books.summarise()
    assert books.sums(*ALL, *NORMALISED) == [(10, 100, 700, 800, 1050, 7350, 8400)]
    assert books.rows(JOB_SUMMARIES.name, "infrastructure", "service_level") == [("gratia-osg", None)]


def test_the_same_grid_usage_under_another_name_counts_once(books: Books) -> None:
    put_normalised(books, number_of_jobs=3)
    books.put(jobs(range(2)), summary(NumberOfJobs=4))
    books.summarise()
    assert books.sums("number_of_jobs", by=["source"]) == [("summary", 4)]


def test_a_summary_without_host_speaks_of_all_hosts(books: Books) -> None:
    put_normalised(books, submit_host=None, number_of_jobs=30)
    books.put(jobs(range(4)))
    books.summarise()
    assert books.sums("number_of_jobs") == [(30,)]
    books.put(summary(SubmitHost="ce2", NumberOfJobs=26))
    books.summarise()
    assert books.sums("number_of_jobs", by=["source"]) == [("job", 4), ("summary", 26)]


def test_a_summary_that_is_taken_back_with_zeros_leaves_nothing(books: Books) -> None:
    books.put(summary())
    books.summarise()
    books.put(summary(NumberOfJobs=0, WallDuration=0, CpuDuration=0))
    books.summarise()
    assert books.rows(JOB_SUMMARIES.name, "number_of_jobs") == []


def machine(name: str, wall: int, made: int, **said: object) -> CloudRecord:
    values: dict[str, object] = {
        "vm_uuid": name, "site": SITE, "cloud_compute_service": "cloud1", "status": "started", "fqan": "demo",
        "record_create_time": made, "start_time": MAY_FIRST, "wall_duration": wall, "cpu_duration": 2 * wall,
        "cpu_count": 2.0, "memory": 4096, "disk": 20, "machine_name": name,
    }  # fmt: skip
    return CloudRecord(**(values | said))  # type: ignore[arg-type]  # as declared


USED = ("number_of_vms", "wall_duration", "cpu_duration")


def clouds(books: Books) -> list[tuple[object, ...]]:
    return books.sums(*USED, by=["month"], table=CLOUD_SUMMARIES.name)


def test_machines_count_what_they_used_in_the_month(books: Books) -> None:
    books.put_records(CLOUD, machine("a", 1000, MAY_2024), machine("b", 500, MAY_2024))
    books.put_records(CLOUD, machine("a", 5000, JUNE_2024), machine("c", 70, JUNE_2024))
    books.summarise()
    assert clouds(books) == [(202405, 2, 1500, 3000), (202406, 2, 4070, 8140)]


def test_a_late_record_of_a_machine_changes_the_next_month_too(books: Books) -> None:
    books.put_records(CLOUD, machine("a", 5000, JUNE_2024))
    books.summarise()
    assert clouds(books) == [(202406, 1, 5000, 10_000)]
    books.put_records(CLOUD, machine("a", 1000, MAY_2024))
    assert [done.place.month for done in books.summarise()] == [202405]
    assert clouds(books) == [(202405, 1, 1000, 2000), (202406, 1, 4000, 8000)]


def test_a_counter_that_was_set_back_counts_as_nothing(books: Books) -> None:
    books.put_records(CLOUD, machine("a", 5000, MAY_2024))
    books.put_records(CLOUD, machine("a", 100, JUNE_2024))
    books.summarise()
    assert clouds(books) == [(202405, 1, 5000, 10_000), (202406, 1, 0, 0)]


def test_machines_and_their_summary_count_once(books: Books) -> None:
    books.put_records(CLOUD, machine("a", 5000, MAY_2024))
    said = CloudSummaryRecord(
        site=SITE, cloud_compute_service="cloud1", month=5, year=2024, wall_duration=9, cpu_duration=9, number_of_vms=3
    )
    books.put_records(CLOUD_SUMMARY, said)
    [done] = books.summarise()
    assert done.left_out == 1
    assert clouds(books) == [(202405, 3, 9, 9)]


def stored(name: str, begin: int, used: int, **said: object) -> StorageRecord:
    values: dict[str, object] = {
        "record_id": name, "create_time": begin + DAY, "storage_system": "se1", "site": SITE, "storage_media": "disk",
        "group": "demo", "start_time": begin, "end_time": begin + DAY, "resource_capacity_used": used,
    }  # fmt: skip
    return StorageRecord(**(values | said))  # type: ignore[arg-type]  # as declared


def test_days_of_the_same_space_are_a_mean_and_volumes_are_a_sum(books: Books) -> None:
    days = [stored(f"day{day}", MAY_FIRST + day * DAY, 1000 + 100 * day) for day in range(3)]
    volumes = [stored(f"volume{number}", MAY_FIRST, 10, group="other") for number in range(5)]
    books.put_records(STORAGE, *days, *volumes)
    books.summarise()
    found = books.rows(
        STORAGE_SUMMARIES.name, "group", "resource_capacity_used", "measured_seconds", "number_of_records"
    )
    assert found == [("demo", 1100, 3 * DAY, 3), ("other", 50, DAY, 5)]


def test_marks_of_what_is_loaded_meanwhile_stay(books: Books, contents: Contents, access: Access) -> None:
    books.put(jobs([1]))
    if access.url.startswith("sqlite"):
        pytest.skip("there nobody loads meanwhile: whoever writes is alone")
    with books.summaries.month(Place(SITE, 202405)) as month:
        assert month.kinds() == {"job"}
        books.put(jobs([2]))
        assert sum(one.number_of_jobs for one in month.job_groups()) == 1, "one state from beginning to end"
    assert contents.dirty() == {(SITE, 202405, "job")}
    books.summarise()
    assert books.sums("number_of_jobs") == [(2,)]
    books.put(jobs([3]))
    with books.summaries.month(Place(SITE, 202405)) as month:
        books.put(jobs([4]))
        assert [one.number_of_jobs for one in month.added_job_groups() or ()] == [1]
        summarise_month(month, Place(SITE, 202405))
    assert contents.dirty() == {(SITE, 202405, "job")}
    assert books.sums("number_of_jobs") == [(3,)]
    books.summarise()
    assert books.sums("number_of_jobs") == [(4,)]


def test_who_adds_up_while_others_load_forgets_nothing_and_counts_nothing_twice(books: Books, access: Access) -> None:
    def load(begin: int) -> None:
        mine = Books(access)
        mine.second = begin
        for number in range(begin, begin + 12):
            again, corrected = jobs([number - 1]), jobs([number - 2], CpuDuration=number, FQAN=f"/vo{number % 2}")
            mine.put(*([jobs([number])] if number % 3 else [jobs([number]), again, corrected]))
        mine.close()

    with ThreadPoolExecutor(2) as pool:
        loading = [pool.submit(load, begin) for begin in (1000, 2000)]
        while not all(one.done() for one in loading):
            books.summarise()
        for one in loading:
            one.result()
    books.summarise()
    [(count,)] = books.sums("number_of_jobs")
    assert count == 24 + 1, "the job before the first is said by a correction of the second loader only"
    assert books.job_sums() == books.job_sums_made_anew()


def test_marks_of_what_is_not_added_up_go_as_well(books: Books, contents: Contents) -> None:
    books.put(
        b"APEL-sync-message: v0.1\nSite: EXAMPLE-T2\nSubmitHost: ce1\nNumberOfJobs: 1\nMonth: 5\nYear: 2024\n%%\n"
    )
    [done] = books.summarise()
    assert (done.kinds, done.rows) == (("sync",), 0)
    assert contents.dirty() == set()


def test_what_breaks_off_has_changed_nothing(books: Books, contents: Contents) -> None:
    books.put(jobs([1]))
    books.summarise()
    books.put(jobs([2]))
    with pytest.raises(ZeroDivisionError):
        break_off(books)
    assert books.sums("number_of_jobs") == [(1,)]
    assert contents.dirty() == {(SITE, 202405, "job")}


def break_off(books: Books) -> None:
    with books.summaries.month(Place(SITE, 202405)) as month:
        month.replace(JOB_SUMMARIES.name, 202405, [])
        raise ZeroDivisionError


def test_one_adds_up_at_a_time(books: Books, access: Access) -> None:
    with contextlib.ExitStack() as held:
        held.enter_context(books.summaries.alone())
        if access.url.startswith("sqlite"):
            held.enter_context(books.summaries.alone())
        else:
            with pytest.raises(RepositoryUnavailableError, match="another ssm summarise"):
                held.enter_context(books.summaries.alone())
    with books.summaries.alone():
        pass


def test_sums_of_jobs_that_were_forgotten_stay(books: Books) -> None:
    books.put(jobs(range(10)))
    books.put_records(CLOUD, machine("a", 5000, MAY_2024))
    books.summarise()
    assert forget(books.database, 202407).rows == {"job_records": 10, "cloud_records": 1}
    books.put(summary(SubmitHost="ce2.example.org", NumberOfJobs=7))
    said = CloudSummaryRecord(site=SITE, cloud_compute_service="cloud2", month=5, year=2024, number_of_vms=3)
    books.put_records(CLOUD_SUMMARY, said)
    books.summarise()
    assert books.sums("number_of_jobs", by=["source"]) == [("job", 10), ("summary", 7)]
    assert books.sums("number_of_vms", by=["source"], table=CLOUD_SUMMARIES.name) == [
        ("cloud", 1),
        ("cloud-summary", 3),
    ]


def test_a_machine_whose_past_was_forgotten_does_not_use_it_again(books: Books) -> None:
    books.put_records(CLOUD, machine("a", 5000, MAY_2024))
    books.put_records(CLOUD, machine("a", 6000, JUNE_2024))
    books.summarise()
    assert forget(books.database, 202406).rows == {}
    books.put_records(CLOUD, machine("b", 1, JUNE_2024))
    books.summarise()
    assert clouds(books) == [(202405, 1, 5000, 10_000), (202406, 2, 1001, 2002)]
