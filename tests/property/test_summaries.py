# SPDX-License-Identifier: Apache-2.0
"""Whatever messages come, in whatever order, however often, corrected or not: sums are those of the jobs that stand."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ssm.accounting.counting import Claim, counted
from ssm.accounting.months import month_of_time
from ssm.accounting.storage_means import covered
from ssm.accounting.summarise import JOB_SOURCES
from ssm.repository.session import Access
from tests.accounting import JOB_HEADER, MAY_2024, job
from tests.books import Books

DAY = 86_400
SETTINGS = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@dataclass(frozen=True)
class Said:
    """A job as some message says it."""

    number: int
    site: str
    days: int
    infrastructure: str
    vo: str
    wall: int
    cores: int
    level: tuple[str, float]

    @property
    def end(self) -> int:
        return MAY_2024 + self.days * DAY

    @property
    def key(self) -> tuple[object, ...]:
        return self.site, self.number, self.end, self.infrastructure

    def text(self) -> str:
        return job(
            self.number, Site=self.site, EndTime=self.end, StartTime=self.end - self.wall, WallDuration=self.wall,
            CpuDuration=self.wall * self.cores // 2, Processors=self.cores, FQAN=f"/{self.vo}",
            InfrastructureType=self.infrastructure, ServiceLevelType=self.level[0], ServiceLevel=self.level[1],
        )  # fmt: skip


SAID = st.builds(
    Said,
    number=st.integers(1, 3),
    site=st.sampled_from(["A", "B"]),
    days=st.sampled_from([0, 1, 30]),
    infrastructure=st.sampled_from(["grid", "local"]),
    vo=st.sampled_from(["atlas", "cms"]),
    wall=st.integers(0, 10**6),
    cores=st.sampled_from([0, 1, 8]),
    level=st.sampled_from([("HEPSPEC", 10.5), ("Si2k", 2625.0), ("HEPscore23", 11.25)]),
)
Message: TypeAlias = "list[Said]"
MESSAGES = st.lists(st.lists(SAID, min_size=1, max_size=5), min_size=1, max_size=5).flatmap(
    lambda different: st.lists(st.sampled_from(different), max_size=10)
)
"""As they arrive: some say again what others have corrected meanwhile."""
ORDERS = st.permutations(range(10))
ONCE = Said(1, "A", 0, "grid", "atlas", 3600, 1, ("HEPSPEC", 10.5))
CORRECTED = replace(ONCE, wall=7200)
OTHER, ANOTHER = replace(ONCE, number=2, vo="cms"), replace(ONCE, number=3, cores=8, days=1)
SIZES = st.lists(st.integers(1, 4), min_size=10, max_size=10)
"""How many messages share a transaction, one transaction after the other."""


@pytest.fixture
def books(access: Access) -> Iterator[Books]:
    made = Books(access)
    yield made
    made.close()


@SETTINGS
@example(messages=[[ONCE, OTHER], [ANOTHER], [CORRECTED]], order=list(range(10)), sizes=[1] * 10)
@example(messages=[[ONCE], [CORRECTED], [ONCE]], order=[0, 2, 1, *range(3, 10)], sizes=[1] * 10)
@given(messages=MESSAGES, order=ORDERS, sizes=SIZES)
def test_summaries_are_the_sums_over_the_jobs_that_stand(
    books: Books, messages: list[Message], order: list[int], sizes: list[int]
) -> None:
    """In whichever order the messages are stored: each time the last to arrive of those that are there stand."""
    books.clear()
    bodies = [(JOB_HEADER + "".join(one.text() for one in message)).encode() for message in messages]
    waiting = [at for at in order if at < len(messages)]
    stored: set[int] = set()
    for size in sizes:
        some, waiting = waiting[:size], waiting[size:]
        if not some:
            break
        books.put_arrived({at + 1: bodies[at] for at in some})
        stored |= set(some)
        books.summarise()
        check_sums(books, {one.key: one for at in sorted(stored) for one in messages[at]})
    assert len(stored) == len(messages)
    check_that_again_changes_nothing(books, bodies)
    assert books.job_sums() == books.job_sums_made_anew(), "however they were made"


def check_sums(books: Books, standing: dict[tuple[object, ...], Said]) -> None:
    by = ("site", "month", "infrastructure", "vo", "service_level_type")
    columns = ("number_of_jobs", "wall_duration", "cpu_duration", "core_wall_duration")
    found = {row[:5]: row[5:] for row in books.sums(*columns, by=by)}
    assert found == expected(standing)
    for row in books.sums("normalised_core_wall_duration", "core_wall_duration", by=["service_level_type"]):
        assert abs(int(str(row[1])) - int(str(row[2])) * LEVELS[str(row[0])]) <= 0.5 * len(standing)


LEVELS = {"HEPSPEC": 10.5, "Si2k": 10.5, "HEPscore23": 11.25}


def check_that_again_changes_nothing(books: Books, bodies: list[bytes]) -> None:
    before = books.rows("super_summaries", "site", "month", "number", "number_of_jobs", "cpu_duration")
    for body in bodies[-1:]:
        books.put(body)
    assert books.summarise() == []
    assert books.rows("super_summaries", "site", "month", "number", "number_of_jobs", "cpu_duration") == before


def expected(standing: dict[tuple[object, ...], Said]) -> dict[tuple[object, ...], tuple[object, ...]]:
    """By hand."""
    sums: dict[tuple[object, ...], Counter[str]] = {}
    for one in standing.values():
        key = (one.site, month_of_time(one.end), one.infrastructure, one.vo, one.level[0])
        sums.setdefault(key, Counter()).update(
            jobs=1, wall=one.wall, cpu=one.wall * one.cores // 2, core=one.wall * max(1, one.cores)
        )
    return {key: tuple(found[name] for name in ("jobs", "wall", "cpu", "core")) for key, found in sums.items()}


CLAIMS = st.lists(
    st.builds(
        Claim,
        source=st.sampled_from(JOB_SOURCES),
        part=st.sampled_from([None, "a", "b", "c"]),
        infrastructure=st.sampled_from(["grid", "local"]),
        count=st.integers(0, 100),
    ),
    unique_by=lambda one: (one.source, one.part, one.infrastructure),
)


@given(claims=CLAIMS)
def test_no_part_counts_twice_and_no_source_alone_is_left_out(claims: list[Claim]) -> None:
    chosen = counted(claims, JOB_SOURCES)
    assert chosen == counted(claims[::-1], JOB_SOURCES)
    parts = [(one.part, one.infrastructure) for one in chosen]
    assert len(parts) == len(set(parts))
    for infrastructure in ("grid", "local"):
        mine = [one for one in claims if one.infrastructure == infrastructure]
        if len({one.source for one in mine}) == 1:
            assert set(mine) <= chosen
        vague = [one for one in chosen if one.part is None and one.infrastructure == infrastructure]
        for one in vague:
            named = {other.part for other in mine if other.source == one.source}
            assert all(
                other.source == one.source or other.part in named
                for other in chosen
                if other.infrastructure == infrastructure
            )


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50))))
def test_time_is_covered_once(pairs: list[tuple[int, int]]) -> None:
    periods = [(min(pair), max(pair)) for pair in pairs]
    assert covered(periods) == len({second for begin, end in periods for second in range(begin, end)})
