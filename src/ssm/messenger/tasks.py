# SPDX-License-Identifier: Apache-2.0
"""Rules for tasks that stand beside each other: what must not be cut off, how to wait, which error to speak of."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


async def to_the_end(work: Coroutine[None, None, T]) -> T:
    """Await work that must not be cut off; a cancellation is passed on once it has ended.

    A thread cannot be stopped: what it claims or files must not go on behind the back of what follows.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Wait, but not longer than until we are to stop."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


def first_of(error: BaseException) -> BaseException:
    """The first single error inside nested groups: one failure ends a run, the others follow from it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
