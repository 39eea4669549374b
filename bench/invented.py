# SPDX-License-Identifier: Apache-2.0
"""Rows of jobs for benchmarks: as many as wanted, of a world like a large grid, in the order in which they come."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from ssm.accounting.layouts import LAYOUTS
from ssm.accounting.shaping import shape
from ssm.ports.repository import Arrival, Block, Row, Stored
from ssm.records.invented.jobs import jobs, shares
from ssm.records.invented.months import Month
from ssm.records.invented.world import Site, Wish, world_of
from ssm.records.message import made

JOBS = LAYOUTS["job"]
WORLD = Wish(sites=60, vos=12, ces=2, users=30)
MONTHS = tuple(Month(2024, 1).later(number) for number in range(12))
RECORDS_IN_A_MESSAGE = 1000
MESSAGES_IN_A_BATCH = 5
KEY_LENGTH = len(JOBS.key)


@dataclass(frozen=True)
class Batch:
    """What a loader stores in one transaction."""

    messages: Sequence[Stored]
    rows: Sequence[Row]

    @property
    def blocks(self) -> Sequence[Block]:
        return [Block(JOBS.type.name, self.rows)]


def batches(seed: int, count: int, sites: Sequence[Site], first_id: int) -> Iterator[Batch]:
    """So many jobs, month by month; within a month the sites send in turn."""
    places = [(month, site) for month in MONTHS for site in sites]
    counts = iter(shares([site.weight for _, site in places], count))
    number = first_id
    pending: list[tuple[Stored, list[Row]]] = []
    for month in MONTHS:
        streams = [jobs(seed, site, month, next(counts)) for site in sites]
        while streams:
            for stream in tuple(streams):
                records = tuple(islice(stream, RECORDS_IN_A_MESSAGE))
                if not records:
                    streams.remove(stream)
                    continue
                number += 1
                rows = shape(JOBS, made(records), number << 10).rows
                pending.append((stored(number, len(rows)), rows))
                if len(pending) == MESSAGES_IN_A_BATCH:
                    yield batch_of(pending)
                    pending = []
    if pending:
        yield batch_of(pending)


def batch_of(pending: Sequence[tuple[Stored, list[Row]]]) -> Batch:
    rows = {row[:KEY_LENGTH]: row for _, some in pending for row in some}
    return Batch([one for one, _ in pending], sorted(rows.values(), key=lambda row: row[:KEY_LENGTH]))


def stored(number: int, records: int) -> Stored:
    digest = hashlib.sha256(str(number).encode()).digest()
    arrival = Arrival(number << 10, digest, f"00000000/{number:014x}", "/CN=site", f"m{number}", int(time.time()))
    return Stored(arrival, JOBS.type.name, records)


def sites() -> tuple[Site, ...]:
    return world_of(WORLD)
