# SPDX-License-Identifier: Apache-2.0
"""The loading workflow where things are in its way."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ssm.accounting.batches import Intake, LoadLimits
from ssm.accounting.events import LoadEvent
from ssm.accounting.load import LoadReport, LoadRun
from ssm.errors import (
    RepositoryError,
    RepositoryUnavailableError,
    SpoolError,
    SpoolUnavailableError,
    UnstorableError,
)
from tests.accounting import Told, jobs
from tests.fakes.loading import MemoryIncoming, MemoryRepository

NOW = 1_760_000_000 * 1_000_000


@dataclass
class Bench:
    """A loader over fakes."""

    spool: MemoryIncoming = field(default_factory=MemoryIncoming)
    repository: MemoryRepository = field(default_factory=MemoryRepository)
    told: Told = field(default_factory=Told)
    limits: LoadLimits = field(default_factory=lambda: LoadLimits(batch_rows=4, patience_seconds=0.0))
    run_: LoadRun = field(init=False)

    def load(self, prepare: Callable[[LoadRun], object] = lambda _: None) -> LoadReport:
        """One run."""

        async def work() -> LoadReport:
            intake = Intake(self.spool, self.told, self.limits, lambda: NOW)
            self.run_ = LoadRun(intake, self.repository, self.told, self.limits, draw=lambda: 0.9999)
            prepare(self.run_)
            return await self.run_.run()

        return asyncio.run(work())


@pytest.fixture(params=[True, False], ids=["reads-ahead", "in-turn"])
def bench(request: pytest.FixtureRequest) -> Bench:
    ahead: bool = request.param
    return Bench(limits=LoadLimits(batch_rows=4, patience_seconds=100.0, reads_ahead=ahead))


def impatient(bench: Bench) -> None:
    bench.limits = LoadLimits(batch_rows=4, patience_seconds=0.0, reads_ahead=bench.limits.reads_ahead)


def test_messages_share_transactions_in_order(bench: Bench) -> None:
    names = [bench.spool.add(jobs([2 * number, 2 * number + 1])) for number in range(5)]
    report = bench.load()
    assert bench.repository.transactions == [names[:2], names[2:4], names[4:]]
    assert (report.loaded, report.records, report.refused, report.known) == (5, 10, 0, 0)
    assert not bench.spool.elements
    assert len(bench.told.of(LoadEvent.LOADED)) == 5


def test_a_large_message_is_not_divided(bench: Bench) -> None:
    bench.spool.add(jobs(range(100)))
    assert bench.load().records == 100
    assert len(bench.repository.transactions) == 1


@pytest.mark.parametrize("call", ["ready", "claim", "finish", "recover"])
def test_a_spool_that_is_in_the_way_is_waited_for(bench: Bench, call: str) -> None:
    bench.spool.add(jobs([1]))
    bench.spool.faults[call] = [SpoolUnavailableError("disk full")] * 2
    assert bench.load().loaded == 1
    assert len(bench.told.of(LoadEvent.SPOOL_IN_THE_WAY)) == 2
    assert not bench.spool.elements
    assert len(bench.repository.transactions) == 1, "not stored again"


def test_a_reject_box_that_is_in_the_way_is_waited_for(bench: Bench) -> None:
    bench.spool.add(b"nonsense")
    good = bench.spool.add(jobs([1]))
    bench.spool.faults["refuse"] = [SpoolUnavailableError("disk full")]
    report = bench.load()
    assert (report.loaded, report.refused) == (1, 1)
    assert bench.repository.transactions == [[good]]


def test_a_database_that_is_in_the_way_is_waited_for(bench: Bench) -> None:
    bench.spool.add(jobs([1]))
    bench.repository.faults = [RepositoryUnavailableError("down")] * 3
    assert bench.load().loaded == 1
    assert [one["cause"] for one in bench.told.of(LoadEvent.DATABASE_UNAVAILABLE)] == ["down"] * 3


def test_an_answer_that_is_lost_stores_nothing_twice(bench: Bench) -> None:
    bench.spool.add(jobs([1]))
    bench.repository.fails_after = [RepositoryUnavailableError("connection lost")]
    report = bench.load()
    assert (report.loaded, report.known) == (0, 1)
    assert len(bench.repository.transactions) == 1
    assert not bench.spool.elements


def test_without_patience_everything_is_given_back(bench: Bench) -> None:
    impatient(bench)
    for number in range(12):
        bench.spool.add(jobs([number]))
    bench.repository.faults = [RepositoryUnavailableError("down")]
    with pytest.raises(RepositoryUnavailableError):
        bench.load()
    assert bench.spool.claimed == set()
    assert len(bench.spool.elements) == 12


@pytest.mark.parametrize("error", [RepositoryError("older tables"), SpoolError("damaged")])
def test_what_must_stop_gives_everything_back(bench: Bench, error: Exception) -> None:
    for number in range(12):
        bench.spool.add(jobs([number]))
    bench.repository.faults = [error]
    with pytest.raises(type(error)):
        bench.load()
    assert bench.spool.claimed == set()
    assert len(bench.spool.elements) == 12


def test_a_bug_leaves_its_claims_so_that_the_next_start_knows_of_them(bench: Bench) -> None:
    name = bench.spool.add(jobs([1]))
    bench.repository.faults = [ZeroDivisionError()]
    with pytest.raises(ZeroDivisionError):
        bench.load()
    assert bench.spool.claimed == {name}


def test_of_several_messages_only_the_one_that_the_database_refuses_is_refused(bench: Bench) -> None:
    names = [bench.spool.add(jobs([number])) for number in range(3)]
    bench.repository.poison = {names[1]}
    bench.repository.unstorable = UnstorableError("the database refuses it: 22021")
    report = bench.load()
    assert (report.loaded, report.refused) == (2, 1)
    assert "22021 [unstorable]" in bench.spool.refused[names[1]]
    assert bench.repository.transactions == [[names[0]], [names[2]]]


def test_suspects_are_loaded_alone_and_the_deadly_are_refused(bench: Bench) -> None:
    names = [bench.spool.add(jobs([number])) for number in range(5)]
    bench.spool.noted = {names[1]: 2, names[3]: 3}
    report = bench.load()
    assert (report.loaded, report.refused) == (4, 1)
    assert bench.repository.transactions == [[names[0]], [names[1]], [names[2]], [names[4]]]
    assert "[deadly]" in bench.spool.refused[names[3]]


def test_told_to_stop_it_takes_nothing_more(bench: Bench) -> None:
    for number in range(20):
        bench.spool.add(jobs([number]))

    def stop_at_the_first(run: LoadRun) -> None:
        run.is_wanted = lambda: False

    report = bench.load(stop_at_the_first)
    assert report.loaded == 4
    assert bench.spool.claimed == set()
    assert len(bench.spool.elements) == 16


def test_told_to_stop_while_the_database_is_away_it_gives_everything_back(bench: Bench) -> None:
    bench.limits = LoadLimits(batch_rows=4, patience_seconds=None, follow=True, reads_ahead=bench.limits.reads_ahead)
    for number in range(12):
        bench.spool.add(jobs([number]))
    bench.repository.faults = [RepositoryUnavailableError("down")] * 1000

    def stop_soon(run: LoadRun) -> None:
        asyncio.get_running_loop().call_later(0.05, run.stop)

    assert bench.load(stop_soon).loaded == 0
    assert bench.spool.claimed == set()
    assert len(bench.spool.elements) == 12


def test_watching_it_finds_what_comes_later(bench: Bench) -> None:
    bench.limits = LoadLimits(follow=True, poll_seconds=0.01, recover_seconds=0.0, reads_ahead=bench.limits.reads_ahead)

    def later(run: LoadRun) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.05, bench.spool.add, jobs([1]))
        run.is_wanted = lambda: not bench.repository.transactions

    assert bench.load(later).loaded == 1


def test_what_is_no_message_is_told_once(bench: Bench) -> None:
    bench.spool.others = ["00000000/records", "records.txt"]
    bench.spool.add(jobs([1]))
    assert bench.load().loaded == 1
    [told] = bench.told.of(LoadEvent.NO_MESSAGE)
    assert (told["count"], told["element"]) == (2, "00000000/records")


def test_who_helps_does_not_tell_it_again(bench: Bench) -> None:
    bench.spool.others = ["records.txt"]

    def helps(run: LoadRun) -> None:
        run.looks_around = False

    bench.load(helps)
    assert bench.told.of(LoadEvent.NO_MESSAGE) == []


def test_a_disk_that_fails_at_the_end_of_a_run_does_not_undo_it(bench: Bench) -> None:
    bench.spool.add(jobs([1]))

    def trouble(run: LoadRun) -> None:
        run.is_wanted = lambda: bench.spool.faults.setdefault("strays", [SpoolError("gone")]) == []

    assert bench.load(trouble).loaded == 1
    assert len(bench.told.of(LoadEvent.LOAD_FINISHED)) == 1
