# SPDX-License-Identifier: Apache-2.0
"""A whole check: the faults of the frame, of values, of records and of the message, in an order that can be read."""

from collections.abc import Iterator

import pytest

from ssm.records.check import check_message, check_records, outdated
from ssm.records.fault import Level
from ssm.records.message import BATCH_RECORDS, Batch, Message
from ssm.records.types.job import JOB
from ssm.records.types.summary import SUMMARY
from ssm.records.types.sync import SYNC
from tests.usage_messages import (
    JOB_HEADER,
    NOW,
    addresses,
    begun,
    blocks,
    checked,
    job_text,
    octets,
    record_text,
)


def numbered(count: int, **changes: str) -> str:
    return "".join(record_text({"LocalJobId": str(at), **changes}) + "%%\n" for at in range(count))


def test_nothing_is_said_of_a_good_message() -> None:
    assert checked(job_text()) == []
    assert checked(addresses()) == []
    assert checked(JOB_HEADER + numbered(3 * BATCH_RECORDS + 1)) == []


def test_every_fault_is_found_and_lines_rise() -> None:
    message = JOB_HEADER + numbered(700, CpuDuration="-1", Processors="x")
    faults = checked(message)
    assert len(faults) == 1400
    assert [fault.line for fault in faults] == sorted(fault.line or 0 for fault in faults)
    assert [(fault.code, fault.line) for fault in faults[:4]] == [
        ("negative", 6), ("wrong-value", 7), ("negative", 17), ("wrong-value", 18),
    ]  # fmt: skip


def test_duplicates_are_found_across_batches() -> None:
    message = JOB_HEADER + numbered(BATCH_RECORDS + 1) + record_text({"LocalJobId": "0"}) + "%%\n"
    (fault,) = checked(message)
    assert (fault.code, fault.line) == ("duplicate-key", 2 + 11 * (BATCH_RECORDS + 1))


def test_an_odd_site_is_told_at_the_end() -> None:
    message = JOB_HEADER + numbered(3) + record_text({"Site": "EXAMPL-T2"}) + "%%\n"
    (fault,) = checked(message)
    assert (fault.code, fault.line, fault.field, fault.suggestion) == ("odd-site", 35, "Site", "EXAMPLE-T2")


def test_a_message_over_a_million_octets_is_told() -> None:
    message = JOB_HEADER + numbered(5000)
    assert len(octets(message)) > 1_000_000
    (fault,) = checked(message, size=100_000)
    assert fault.code == "large-message"
    assert str(len(octets(message))) in fault.message


def test_faults_come_while_the_message_is_read() -> None:
    """Nothing waits for the end of the stream."""
    taken = 0

    def stream() -> Iterator[bytes]:
        nonlocal taken
        yield octets(JOB_HEADER + numbered(2000, Processors="x"))
        while taken < 100:
            taken += 1
            yield octets(numbered(500, Processors="y"))

    faults = check_message(stream(), NOW)
    assert next(faults).code == "wrong-value"
    assert taken < 5


def test_batches_can_be_looked_at_on_their_way() -> None:
    seen: list[Batch] = []
    faults = list(check_records(begun(JOB_HEADER + numbered(600)), NOW, seen.append))
    assert faults == []
    assert sum(len(batch.records) for batch in seen) == 600


def test_now_is_given_and_not_asked_for() -> None:
    assert [fault.code for fault in check_message(blocks(octets(job_text())), 1714557600 - 2 * 86400 - 1)] == [
        "in-future"
    ]
    assert list(check_message(blocks(octets(job_text())), 1714557600 - 2 * 86400)) == []


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (Message("apel-text", JOB, "v0.1", "v0.1", iter(())), [("old-version", Level.WARNING)]),
        (Message("apel-text", SYNC, "v0.1", "v0.1", iter(())), []),
        (Message("apel-text", JOB, "v0.2", "v0.2", iter(())), []),
        (Message("aur", SUMMARY, "1.2", "v0.2", iter(())), [("not-yet-read", Level.NOTE)]),
        (Message("car", JOB, "1.2", "v0.3", iter(())), []),
        (Message("car", JOB, "2.0", "v0.3", iter(())), [("old-version", Level.WARNING)]),
    ],
)
def test_what_servers_do_not_read_is_told(message: Message, expected: list[tuple[str, Level]]) -> None:
    assert [(fault.code, fault.level) for fault in outdated(message)] == expected
