# SPDX-License-Identifier: Apache-2.0
"""Publishing to the next level, over each database: what goes out is what is there, and what is gone is taken back."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

import pytest
from sqlalchemy import update

from ssm.accounting.plan import Plan, plan
from ssm.accounting.selection import Selection, gap
from ssm.accounting.summary_tables import JOB_SUMMARIES
from ssm.accounting.sync import Verdict, compare
from ssm.accounting.unload import Shape, Unload, Unloaded, format_of
from ssm.errors import RecordError, RepositoryUnavailableError
from ssm.ports.publications import Window
from ssm.records.formats import recognise
from ssm.records.types.cloud import CLOUD, CloudRecord
from ssm.records.types.storage import STORAGE, StorageRecord
from ssm.repository.publications import SqlPublications
from ssm.repository.schema import SUMMARIES
from ssm.repository.session import Access
from tests.accounting import MAY_2024, jobs, summary
from tests.books import NOW, Books

SITE, HOST = "EXAMPLE-T2", "ce1.example.org:9619/condor"
EVERYTHING = Selection(window=Window())
DAY = 86_400


class PowerCutError(Exception):
    """The end."""


@dataclass
class Level:
    """A repository, and the next one, which loads what the first publishes."""

    here: Books
    there: Books
    publications: SqlPublications
    messages: list[bytes] = field(default_factory=list)

    def leave(self, payload: bytes) -> str:
        self.messages.append(payload)
        return str(len(self.messages))

    def unload(
        self,
        kind: str,
        selection: Selection = EVERYTHING,
        shape: Shape | None = None,
        leave: Callable[[bytes], str] | None = None,
    ) -> Unloaded:
        """Publish, after adding up."""
        self.here.summarise()
        run = Unload(self.publications, leave or self.leave, selection, "next", NOW)
        return run.run(kind, shape or Shape(format=format_of(kind)))

    def arrive(self) -> None:
        """What was published is loaded and added up at the next level."""
        if self.messages:
            self.there.put(*self.messages)
            self.messages.clear()
        self.there.summarise()

    def plan(self, kind: str = "summary", selection: Selection = EVERYTHING) -> Plan:
        self.here.summarise()
        return plan(self.publications, "next", kind, selection)


@pytest.fixture
def level(access: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Level]:
    here = Books(access)
    there = Books(Access(f"sqlite:///{tmp_path_factory.mktemp('next')}/accounting.sqlite"))
    publications = SqlPublications(here.database)
    yield Level(here, there, publications)
    publications.close()
    here.close()
    there.close()


SUMS = ("number_of_jobs", "wall_duration", "cpu_duration", "core_wall_duration")
NORMALISED = ("normalised_wall_duration", "normalised_cpu_duration", "normalised_core_wall_duration")


def same(level: Level, *by: str) -> bool:
    columns = (*SUMS, *NORMALISED)
    return level.here.sums(*columns, by=by) == level.there.sums(*columns, by=by)


MIXED = (
    jobs(range(3), Processors=8),
    jobs(range(3, 7), FQAN="/atlas/uk/Role=production", ServiceLevelType="Si2k", ServiceLevel=2625),
    jobs([7], SubmitHost="ce2", InfrastructureDescription="APEL-X", ServiceLevel=11.2504),
    jobs([8], SubmitHost="ce2", InfrastructureDescription="APEL-Y", ServiceLevel=11.2502),
    summary(SubmitHost="ce3", Site="OTHER-T2", NumberOfJobs=50),
)


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("summary", None),
        ("summary", "v0.4"),
        ("normalised-summary", None),
        ("normalised-summary", "v0.4"),
        ("job", "v0.4"),
    ],
)
def test_the_next_level_adds_up_to_the_same(level: Level, kind: str, version: str | None) -> None:
    bodies = MIXED[:2] if kind == "job" else MIXED
    level.here.put(*bodies)
    level.unload(kind, shape=Shape(format="apel-text", version=version))
    level.arrive()
    by = ("site", "month", "vo", "submit_host", "infrastructure")
    found, expected = (books.sums(*SUMS, by=by) for books in (level.there, level.here))
    assert found == expected
    for one, other in zip(*(books.sums(*NORMALISED) for books in (level.here, level.there)), strict=True):
        assert all(abs(int(str(a)) - int(str(b))) <= 10 for a, b in zip(one, other, strict=True))
    with contextlib.closing(SqlPublications(level.there.database)) as publications:
        compared = list(compare(publications, Window()))
    assert {one.verdict for site in compared for one in site.comparisons} == {Verdict.AGREES}


def test_jobs_travel_as_car_too(level: Level) -> None:
    level.here.put(*MIXED[:2])
    level.unload("job", shape=Shape(format="car"))
    assert [recognise(iter([one]))[0].name for one in level.messages] == ["car", "apel-text"]
    level.arrive()
    assert same(level, "vo", "submit_host")


def test_what_has_no_such_form_is_refused(level: Level) -> None:
    level.here.put(*MIXED)
    with pytest.raises(RecordError, match="no form in EMI CAR"):
        level.unload("summary", shape=Shape(format="car"))
    with pytest.raises(RecordError, match="no version"):
        level.unload("summary", shape=Shape(format="apel-text", version="v0.9"))
    assert level.messages == []
    assert level.plan().uncertain == 0


def test_a_record_that_cannot_be_said_does_not_hold_up_the_others(level: Level) -> None:
    """A VO of two percent signs, which XML can say, would end a text record early."""
    level.here.put(jobs([1]), jobs([2], SubmitHost="ce2"))
    level.here.summarise()
    with level.here.database.connect() as connection:
        table = SUMMARIES[JOB_SUMMARIES.name]
        connection.execute(update(table).where(table.c.submit_host == "ce2").values(vo="a%%\nNumberOfJobs: 9"))
        connection.commit()
    done = level.unload("summary")
    [said] = done.refused
    assert "EXAMPLE-T2" in said
    assert done.records == {"summary": 1, "sync": 2}
    assert not any(b"NumberOfJobs: 9" in one for one in level.messages)
    assert level.plan().uncertain == 1


def test_messages_are_bounded_in_records_and_octets(level: Level) -> None:
    level.here.put(*(jobs([number], SubmitHost=f"ce{number}") for number in range(25)))
    done = level.unload("summary", shape=Shape(format="apel-text", records=10))
    assert done.messages == 3 + 3
    assert done.records == {"summary": 25, "sync": 25}
    level.messages.clear()
    level.unload("summary", shape=Shape(format="apel-text", octets=2000))
    assert max(map(len, level.messages)) <= 2000
    level.arrive()
    assert same(level, "submit_host")


def test_names_of_users_are_withheld_and_nobody_is_lost(level: Level) -> None:
    level.here.put(*(jobs([number], GlobalUserName=f"/CN=user {number}") for number in range(5)))
    level.unload("summary", Selection(window=Window(), withhold_dns=True))
    assert not any(b"/CN=user" in one for one in level.messages)
    level.arrive()
    assert level.there.sums("number_of_jobs", by=["global_user_name"]) == [("withheld", 5)]


def test_vos_and_local_jobs_are_chosen(level: Level) -> None:
    level.here.put(*MIXED[:2], jobs([20], InfrastructureType="local"))
    level.unload("job", Selection(window=Window(), exclude_vos=frozenset({"demo"}), local_jobs=True))
    level.arrive()
    assert level.there.sums("number_of_jobs", by=["vo"]) == [("atlas", 4)]
    level.unload("summary", Selection(window=Window(), include_vos=frozenset({"demo"})))
    assert not any(b"local" in one or b"atlas" in one for one in level.messages)
    level.messages.clear()
    level.unload("summary", Selection(window=Window(), include_vos=frozenset({"demo"}), local_jobs=True))
    assert any(b"InfrastructureType: local" in one for one in level.messages)


def test_a_gap_is_of_days_for_jobs_and_of_months_for_sums(level: Level) -> None:
    for day in range(3):
        end = MAY_2024 + day * DAY
        level.here.put(jobs([day], EndTime=end, StartTime=end - 3600))
    second = date(2024, 5, 7)
    level.unload("job", Selection(window=gap(second, second)))
    assert b"LocalJobId: 1.0" in level.messages[0]
    assert level.messages[0].count(b"LocalJobId") == 1
    assert b"NumberOfJobs: 3" in level.messages[1]


def test_what_is_there_no_more_is_taken_back(level: Level) -> None:
    level.here.put(jobs([1, 2]))
    level.unload("summary")
    level.arrive()
    level.here.put(jobs([1, 2], SubmitHost="ce9"))
    done = level.unload("summary")
    assert done.taken_back == 2, "a summary and a sync record"
    level.arrive()
    assert level.there.sums("number_of_jobs", by=["submit_host"]) == [("ce9", 2)]
    assert level.unload("summary").taken_back == 0, "once is enough"


def test_a_site_that_is_there_no_more_is_taken_back(level: Level) -> None:
    level.here.put(summary())
    level.unload("summary")
    level.arrive()
    level.here.put(summary(NumberOfJobs=0, WallDuration=0, CpuDuration=0))
    done = level.unload("summary")
    assert (done.records, done.taken_back) == ({"summary": 1, "sync": 1}, 2)
    level.arrive()
    assert level.there.sums("number_of_jobs") == [(None,)]


def test_another_form_of_summary_takes_the_first_one_back(level: Level) -> None:
    level.here.put(jobs([1, 2]))
    level.unload("summary")
    level.arrive()
    assert level.unload("normalised-summary").taken_back == 1
    level.arrive()
    assert level.there.sums("number_of_jobs", by=["source"]) == [("normalised-summary", 2)]


def test_what_a_selection_does_not_speak_of_is_not_taken_back(level: Level) -> None:
    level.here.put(*MIXED[:2])
    level.unload("summary")
    done = level.unload("summary", Selection(window=Window(), include_vos=frozenset({"atlas"})))
    assert done.taken_back == 0
    done = level.unload("summary", Selection(window=gap(date(2023, 1, 1), date(2023, 12, 31))))
    assert (done.messages, done.taken_back) == (0, 0)


@pytest.mark.parametrize("survives", range(4))
def test_whoever_dies_while_publishing_is_begun_again(level: Level, survives: int) -> None:
    level.here.put(*(jobs([number], SubmitHost=f"ce{number}") for number in range(3)))
    shape = Shape(format="apel-text", records=1)

    def until_the_power_goes(payload: bytes) -> str:
        if len(level.messages) == survives:
            raise PowerCutError
        return level.leave(payload)

    with pytest.raises(PowerCutError):
        level.unload("summary", shape=shape, leave=until_the_power_goes)
    assert len(level.messages) == survives
    assert level.plan().uncertain == (3 if survives < 3 else 0)
    # Meanwhile one of the jobs turns out to have been somewhere else.
    level.here.put(jobs([0], SubmitHost="ce9", CpuDuration=1))
    level.unload("summary", shape=shape)
    level.arrive()
    assert same(level, "submit_host")
    assert level.plan().uncertain == 0


def test_a_plan_shows_what_would_change(level: Level) -> None:
    level.here.put(jobs(range(100)), jobs([1000], SubmitHost="ce2"))
    made = level.plan()
    assert [(one.submit_host, one.before, one.after, one.percent) for one in made.changes] == [
        (HOST, 0, 100, None),
        ("ce2", 0, 1, None),
    ]
    assert made.records == {"summary": 2, "normalised-summary": 0}
    level.unload("summary")
    level.here.put(jobs(range(100, 125)), jobs([1000], SubmitHost="ce3"))
    made = level.plan()
    assert [(one.submit_host, one.difference, one.percent) for one in made.changes] == [
        (HOST, 25, 25.0),
        ("ce2", -1, -100.0),
        ("ce3", 1, None),
    ]
    assert made.taken_back == 1
    level.unload("summary")
    assert not any(one.difference for one in level.plan().changes)
    assert not any(one.difference for one in level.plan("job").changes)


def machine(name: str, service: str) -> CloudRecord:
    return CloudRecord(
        vm_uuid=name, site=SITE, cloud_compute_service=service, status="started", fqan="demo", cpu_count=2.0,
        record_create_time=MAY_2024, start_time=MAY_2024 - DAY, wall_duration=3600, cpu_duration=7200, image_id=name,
    )  # fmt: skip


def test_a_plan_of_clouds_is_in_machines_by_service(level: Level) -> None:
    level.here.put_records(CLOUD, machine("a", "one"), machine("b", "one"), machine("c", "two"))
    level.here.put(jobs([1]))
    made = level.plan("cloud-summary")
    assert [(one.submit_host, one.before, one.after) for one in made.changes] == [("one", 0, 2), ("two", 0, 1)]
    level.unload("cloud-summary")
    level.here.put_records(CLOUD, machine("d", "two"))
    made = level.plan("cloud-summary")
    assert [(one.submit_host, one.before, one.after) for one in made.changes] == [("one", 2, 2), ("two", 1, 2)]


def test_storage_goes_out_one_by_one(level: Level) -> None:
    one = StorageRecord(
        record_id="a", create_time=MAY_2024, storage_system="se1", site=SITE, group="demo", start_time=MAY_2024 - DAY,
        end_time=MAY_2024, resource_capacity_used=5, user_identity="/CN=user", group_attributes=(("authority", "x"),),
    )  # fmt: skip
    level.here.put_records(STORAGE, one)
    level.unload("storage", Selection(window=Window(), withhold_dns=True))
    level.arrive()
    assert level.there.sums("resource_capacity_used", by=["user_identity"], table="storage_super_summaries") == [
        ("withheld", 5)
    ]


def test_one_publishes_at_a_time(level: Level, access: Access) -> None:
    if access.url.startswith("sqlite"):
        with level.publications.alone("next"), level.publications.alone("next"):
            return
    with level.publications.alone("next"), level.publications.alone("elsewhere"):
        held = level.publications.alone("next")
        with pytest.raises(RepositoryUnavailableError, match="another ssm unload to next"):
            held.__enter__()


def sync(**said: object) -> bytes:
    fields = {"Site": SITE, "SubmitHost": HOST, "NumberOfJobs": 100, "Month": 5, "Year": 2024} | said
    return (
        "APEL-sync-message: v0.1\n" + "".join(f"{name}: {value}\n" for name, value in fields.items()) + "%%\n"
    ).encode()


def test_what_sites_say_is_compared_with_what_is_here(level: Level) -> None:
    level.here.put(jobs(range(100)), jobs([1000], SubmitHost="ce2"), jobs([1], Site="QUIET"))
    level.here.put(sync(), sync(SubmitHost="ce2", NumberOfJobs=3), sync(SubmitHost="ce2", Month=6, NumberOfJobs=4))
    level.here.put(sync(SubmitHost="ce3", NumberOfJobs=0))
    level.here.summarise()
    one, quiet = compare(level.publications, Window())
    assert [(each.month, each.submit_host, each.said, each.held, each.verdict) for each in one.comparisons] == [
        (202405, HOST, 100, 100, Verdict.AGREES),
        (202405, "ce2", 3, 1, Verdict.MISSING),
        (202405, "ce3", 0, 0, Verdict.AGREES),
        (202406, "ce2", 4, 0, Verdict.MISSING),
    ]
    assert one.gaps() == [(202405, 202406)]
    assert [each.verdict for each in quiet.comparisons] == [Verdict.UNSAID]
    assert (quiet.published, quiet.is_fresh(NOW)) == (None, False)


def test_a_site_that_says_the_same_again_is_up_to_date(level: Level) -> None:
    level.here.put(sync(), signer="/CN=site")
    level.here.put(sync(Site="OTHER"), signer="/CN=other")
    level.here.second += 100_000
    level.here.put(sync(), signer="/CN=site")
    site, other = compare(level.publications, Window())
    assert site.published is not None
    assert other.published is not None
    assert site.published - other.published > 90_000
    assert site.is_fresh(site.published + 7 * DAY)
    assert not site.is_fresh(site.published + 7 * DAY + 1)
