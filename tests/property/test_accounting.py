# SPDX-License-Identifier: Apache-2.0
"""Whatever comes, how often and in whichever groups: the rows are what the last arrival said, and each counts once."""

import tempfile
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssm.accounting.arrivals import arrival_of
from ssm.accounting.batches import Taken, blocks_of
from ssm.accounting.decode import Terms, decode
from ssm.ports.incoming import IncomingElement
from ssm.ports.repository import Stored
from ssm.repository.database import Database
from ssm.repository.session import Access
from tests.accounting import JOB_HEADER, Contents, job

NOW = 1_760_000_000
records = st.tuples(
    st.integers(0, 4), st.sampled_from(["A", "B"]), st.sampled_from(["grid", "local"]), st.integers(0, 3)
)
messages = st.lists(records, min_size=1, max_size=6)


def taken(said: list[tuple[int, str, str, int]], second: int) -> Taken:
    body = JOB_HEADER + "".join(
        job(number, Site=site, InfrastructureType=where, CpuDuration=cpu) for number, site, where, cpu in said
    )
    element = IncomingElement(f"00000000/{NOW + second:08x}000000", body.encode(), "/CN=a", None)
    arrival = arrival_of(element, (NOW + 10_000) * 1_000_000)
    return Taken(element, arrival, decode(element.body, arrival.id, Terms(NOW)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(messages, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_rows_are_what_arrived_last(said: list[list[tuple[int, str, str, int]]], random: Random) -> None:
    """In whichever order and groups it is stored; and they are of the last message that said so."""
    expected: dict[tuple[object, ...], tuple[object, ...]] = {}
    arrived = [taken(message, second) for second, message in enumerate(said)]
    for message, one in zip(said, arrived, strict=True):
        for number, site, where, cpu in message:
            expected[site, f"{number}.0", where] = (cpu, one.arrival.id)
    with tempfile.TemporaryDirectory() as folder:
        access = Access(f"sqlite:///{Path(folder)}/a.sqlite")
        database = Database(access)
        repository = database.open()
        queue = random.sample(arrived, len(arrived))
        done: list[Taken] = []
        while queue:
            size = random.randint(1, len(queue))
            batch, queue = queue[:size], queue[size:]
            again = [one for one in done if random.random() < 0.3]
            known = repository.known([one.arrival for one in [*batch, *again]])
            new = [one for one in batch if (one.arrival.digest, one.arrival.element) not in known]
            assert new == batch
            assert all((one.arrival.digest, one.arrival.element) in known for one in again)
            stored = [Stored(one.arrival, one.decoded.kind, one.decoded.records) for one in new]
            repository.store(stored, blocks_of(new))
            done += new
        repository.close()
        database.close()
        found = Contents(access).rows("job", "site", "local_job_id", "infrastructure", "cpu_duration", "message")
    assert {row[:3]: row[3:] for row in found} == expected
    assert len(found) == len(expected)
