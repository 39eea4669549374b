# SPDX-License-Identifier: Apache-2.0
"""How long to wait, and what to speak of."""

import asyncio

import pytest

from ssm.errors import ConnectFailedError, ConnectionLostError
from ssm.messenger.retry import MOST_SECONDS, Backoff, describe
from ssm.messenger.tasks import first_of, to_the_end


def test_delays_double_up_to_a_ceiling_and_begin_again_after_success() -> None:
    backoff = Backoff(draw=lambda: 0.0)
    assert [backoff.next_delay() for _ in range(6)] == [0.5, 1, 2, 4, 8, 8]
    backoff.succeeded()
    assert backoff.next_delay() == 0.5
    for _ in range(2000):
        assert backoff.next_delay() <= MOST_SECONDS


def test_each_delay_is_shortened_by_up_to_half() -> None:
    assert Backoff(draw=lambda: 1.0).next_delay() == 0.25


def test_each_broker_that_was_tried_is_named() -> None:
    assert describe(ConnectFailedError("none", attempts=["a:1: refused", "b:1: silent"])) == "a:1: refused; b:1: silent"
    assert describe(ConnectionLostError("gone")) == "gone"


def test_the_first_single_error_of_nested_groups_is_the_one_to_speak_of() -> None:
    first = ValueError("first")
    assert first_of(ExceptionGroup("a", [ExceptionGroup("b", [first]), KeyError("second")])) is first
    assert first_of(first) is first


def test_a_cancellation_is_passed_on_once_the_work_has_ended() -> None:
    async def work() -> None:
        done = asyncio.Event()

        async def slow() -> None:
            await asyncio.sleep(0.05)
            done.set()

        task = asyncio.ensure_future(to_the_end(slow()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done.is_set()

    asyncio.run(work())
