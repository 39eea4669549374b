# SPDX-License-Identifier: Apache-2.0
"""Several loaders at once, each a process with rows that are ready: into one database, or each into its own."""

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier

from bench.invented import batches, sites
from ssm.repository.database import Database
from ssm.repository.session import Access

DEADLINE_SECONDS = 600


@dataclass(frozen=True)
class Loader:
    """One of them."""

    access: Access
    sites: tuple[int, ...]
    """Places among all sites: whose jobs it stores."""


def sharing(access: Access, count: int) -> list[Loader]:
    """So many loaders of one database, each with sites of its own."""
    everybody = range(len(sites()))
    return [Loader(access, tuple(everybody[number::count])) for number in range(count)]


def stored_per_second(loaders: Sequence[Loader], rows: int, first_id: int) -> float:
    """Rows a second of all loaders together, with so many rows each."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(loaders) + 1)
    workers = [
        context.Process(target=store_some, args=(one, rows, first_id + number * 10_000_000, barrier))
        for number, one in enumerate(loaders)
    ]
    for one in workers:
        one.start()
    barrier.wait(DEADLINE_SECONDS)
    begun = time.perf_counter()
    for one in workers:
        one.join(DEADLINE_SECONDS)
        assert one.exitcode == 0, one.exitcode
    return len(loaders) * rows / (time.perf_counter() - begun)


def store_some(loader: Loader, rows: int, first_id: int, barrier: Barrier) -> None:
    """One loader."""
    everybody = sites()
    ready = list(batches(first_id, rows, [everybody[at] for at in loader.sites], first_id))
    database = Database(loader.access)
    repository = database.open()
    barrier.wait(DEADLINE_SECONDS)
    for one in ready:
        repository.store(one.messages, one.blocks)
    repository.close()
    database.close()
