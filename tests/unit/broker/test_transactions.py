# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import pytest

from ssm.broker.exchange import ClientError
from ssm.broker.transactions import MAX_OPEN, MAX_STEPS, Step, Transactions


def noting(done: list[str], name: str, octets: int = 0) -> Step:
    return Step(lambda: done.append(f"did {name}"), lambda: done.append(f"undid {name}"), octets)


def test_steps_are_done_in_order_at_commit_and_undone_at_abort_each_once() -> None:
    done: list[str] = []
    made = Transactions(100)
    made.begin("a")
    made.begin("b")
    for name, step in (("a", "1"), ("b", "2"), ("a", "3")):
        made.add(name, noting(done, step))
    assert done == []
    made.commit("a")
    assert done == ["did 1", "did 3"]
    made.abort("b")
    assert done == ["did 1", "did 3", "undid 2"]
    made.abort_all()
    assert len(done) == 3


def test_who_goes_undoes_all_that_waits() -> None:
    done: list[str] = []
    made = Transactions(100)
    for name in ("a", "b"):
        made.begin(name)
        made.add(name, noting(done, name))
    made.abort_all()
    assert sorted(done) == ["undid a", "undid b"]
    made.begin("a")


@pytest.mark.parametrize(
    "ask",
    [
        lambda made: made.begin("open"),
        lambda made: made.commit("none"),
        lambda made: made.abort("none"),
        lambda made: made.add("none", Step(lambda: None)),
    ],
)
def test_what_is_not_there_or_there_already_is_an_error(ask: Callable[[Transactions], None]) -> None:
    made = Transactions(100)
    made.begin("open")
    with pytest.raises(ClientError):
        ask(made)


def test_steps_are_bounded_over_all_transactions_and_an_end_makes_room() -> None:
    made = Transactions(100)
    made.begin("a")
    made.begin("b")
    for number in range(MAX_STEPS):
        made.add("ab"[number % 2], Step(lambda: None))
    with pytest.raises(ClientError, match="too large"):
        made.add("a", Step(lambda: None))
    made.abort("b")
    made.add("a", Step(lambda: None))


def test_octets_are_bounded_over_all_transactions_and_an_end_makes_room() -> None:
    made = Transactions(100)
    made.begin("a")
    made.begin("b")
    made.add("a", Step(lambda: None, octets=60))
    made.add("b", Step(lambda: None, octets=40))
    with pytest.raises(ClientError, match="too large"):
        made.add("b", Step(lambda: None, octets=1))
    made.commit("a")
    made.add("b", Step(lambda: None, octets=60))


def test_so_are_transactions() -> None:
    made = Transactions(100)
    for number in range(MAX_OPEN):
        made.begin(str(number))
    with pytest.raises(ClientError, match="too many"):
        made.begin("one more")
