# SPDX-License-Identifier: Apache-2.0
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from ssm.errors import RecordError
from ssm.records.check import check_message
from ssm.records.fault import Level
from ssm.records.formats import FORMATS
from ssm.records.invented.jobs import shares
from ssm.records.invented.messages import INVENTIONS, Order, messages, one_message, order_target, pieces
from ssm.records.invented.months import Month
from ssm.records.invented.world import Wish, world_of
from ssm.records.types.job import JobRecord
from ssm.records.types.summary import SummaryRecord
from ssm.records.types.sync import SyncRecord

MAY = Month(2024, 5)
NOW = MAY.later(2).begin
FORMS = [(name, form.name) for name, one in INVENTIONS.items() for form in FORMATS.values() if one.type in form.types]


def order(kind: str = "job", form: str | None = None, version: str | None = None, count: int = 300) -> Order:
    invention = INVENTIONS[kind]
    wish = Wish(sites=4, vos=4, ces=2, users=5)
    return Order(wish, invention, order_target(invention, form, version), (MAY, MAY.later(1)), count, 100, NOW)


def jobs_of(one: Order) -> list[JobRecord]:
    return [record for piece in pieces(one) for record in piece.records if isinstance(record, JobRecord)]


@pytest.mark.parametrize(("kind", "form"), FORMS)
def test_a_check_finds_nothing_wrong_with_any_of_them(kind: str, form: str) -> None:
    made = list(messages(order(kind, form)))
    assert len(made) > 4
    for _, payload in made:
        assert [str(one) for one in check_message([payload], NOW) if one.level is not Level.NOTE] == []


@pytest.mark.parametrize("version", ["v0.2", "v0.3", "v0.4"])
def test_jobs_are_written_in_every_version_that_servers_read(version: str) -> None:
    [(_, payload), *_] = messages(order(version=version))
    assert payload.startswith(f"APEL-individual-job-message: {version}\n".encode())
    assert [str(one) for one in check_message([payload], NOW)] == []


def test_a_form_that_the_type_does_not_have_is_refused() -> None:
    with pytest.raises(RecordError, match="no form in EMI AUR"):
        order("job", "aur")


@pytest.mark.parametrize("kind", INVENTIONS)
def test_the_same_seed_makes_the_same_octets_and_another_others(kind: str) -> None:
    first = b"".join(one_message(order(kind)))
    assert first == b"".join(one_message(order(kind)))
    other = order(kind)
    assert first != b"".join(one_message(replace(other, wish=replace(other.wish, seed=2))))


def test_there_are_as_many_as_asked_for_and_no_message_is_too_large() -> None:
    made = list(pieces(order(count=1234)))
    assert sum(len(one.records) for one in made) == 1234
    assert max(len(one.records) for one in made) <= 100
    assert {(one.site, one.month) for one in made} == {
        (site.name, month) for site in world_of(order().wish) for month in (MAY, MAY.later(1))
    }
    assert len({(one.site, one.month, one.number) for one in made}) == len(made)


def test_jobs_end_in_their_month_in_order_and_have_ids_of_their_own() -> None:
    one = order(count=5000)
    for piece in pieces(one):
        ends = [record.end_time or 0 for record in piece.records if isinstance(record, JobRecord)]
        assert ends == sorted(ends)
        assert piece.month.begin <= ends[0] <= ends[-1] < piece.month.end
    keys = Counter((job.site, job.local_job_id, job.end_time) for job in jobs_of(one))
    assert len(keys) == 5000


def test_usage_is_uneven_as_in_the_world() -> None:
    jobs = jobs_of(order(count=20_000))
    by_site = Counter(job.site for job in jobs)
    assert by_site["DE-EXAMPLE-01"] > 2 * by_site["IT-EXAMPLE-01"]
    assert {job.infrastructure_type for job in jobs} == {"grid", "local"}
    assert {job.processors for job in jobs} >= {1, 8}
    cores = sum((job.wall_duration or 0) * (job.processors or 0) for job in jobs)
    assert 0.6 < sum(job.cpu_duration or 0 for job in jobs) / cores < 0.95
    assert len({job.service_level_type for job in jobs}) == 2


def test_a_month_of_a_site_can_be_made_without_the_others() -> None:
    one = order()
    make = INVENTIONS["job"].make
    site = world_of(one.wish)[2]
    [first, *_] = [list(piece.records) for piece in pieces(one) if piece.site == site.name and piece.month == MAY]
    assert list(make(one.wish.seed, site, MAY, len(first))) == first


def test_summaries_and_counts_are_those_of_the_jobs() -> None:
    jobs: dict[tuple[str | None, str | None, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for piece in pieces(order(count=2000)):
        for job in piece.records:
            assert isinstance(job, JobRecord)
            found = jobs[job.site, job.submit_host, str(piece.month)]
            for at, value in enumerate((1, job.wall_duration, job.cpu_duration)):
                found[at] += value or 0
    sums: dict[tuple[str | None, str | None, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for piece in pieces(order("summary", count=2000)):
        for one in piece.records:
            assert isinstance(one, SummaryRecord)
            found = sums[one.site, one.submit_host, str(piece.month)]
            for at, value in enumerate((one.number_of_jobs, one.wall_duration, one.cpu_duration)):
                found[at] += value or 0
    assert sums == jobs
    counts = {
        (one.site, one.submit_host, str(piece.month)): one.number_of_jobs
        for piece in pieces(order("sync", count=2000))
        for one in piece.records
        if isinstance(one, SyncRecord)
    }
    assert counts == {key: found[0] for key, found in jobs.items()}


def test_a_number_is_divided_into_whole_parts_that_add_up() -> None:
    assert shares([1, 1, 1], 10) == [3, 4, 3]
    assert sum(shares([0.1, 7, 3.3, 2], 12_345)) == 12_345
    assert shares([5], 0) == [0]


def test_months_count_on_over_years() -> None:
    assert [str(Month(2024, 11).later(one)) for one in (-11, 0, 1, 2, 14)] == [
        "2023-12", "2024-11", "2024-12", "2025-01", "2026-01",
    ]  # fmt: skip
    assert Month.parse("2024-02").end - Month.parse("2024-02").begin == 29 * 86_400
    with pytest.raises(ValueError, match="does not match"):
        Month.parse("May")


def test_the_largest_sites_are_tier_1_and_federations_of_their_own_and_the_others_of_their_country() -> None:
    sites = world_of(Wish(sites=5))
    assert [one.tier for one in sites] == ["Tier-1"] * 3 + ["Tier-2"] * 2
    assert [one.federation for one in sites[:3]] == [one.name for one in sites[:3]]
    assert [one.federation for one in sites[3:]] == ["IT-EXAMPLE-FEDERATION", "ES-EXAMPLE-FEDERATION"]
    assert all(one.name.startswith(one.federation[:2]) for one in sites)
