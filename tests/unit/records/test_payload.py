# SPDX-License-Identifier: Apache-2.0
"""Payloads are judged only where they are messages of records; other content is nobody's business."""

import pytest

from ssm.records.fault import Level
from ssm.records.payload import MOST_FAULTS, cut, faults_of, sentence
from tests.usage_messages import ADDRESSES, JOB_HEADER, NOW, addresses, job_text, octets, record_text
from tests.xml_messages import car_document, job, star_document, storage


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"hello\n",
        b"\x1f\x8b\x08\x00\x00",
        b"caf\xe9: v0.1\n",
        b"{",
        b'{"a": 1}',
        b"[1]",
        b"<a/>",
        b"<",
        b"x" * 2_000_000,
        b"hello\n" * 500_000,
        b'{"a": "' + b"x" * 2_000_000 + b'"}',
    ],
    ids=lambda payload: repr(payload[:12]),
)
def test_other_content_is_not_judged(payload: bytes) -> None:
    assert faults_of(payload, NOW) == []


@pytest.mark.parametrize(
    "payload",
    [
        b"APEL-job-message: v1\n",
        b"APEL-\xff",
        b"APEL-sync-message: v0.1\n" + b"x" * 2_000_000,
        addresses().encode()[:-20],
        addresses().encode().replace(b"alice", b"\xe9"),
        car_document(job(1))[:-30],
        car_document(job(1)).replace(b"EXAMPLE", b"\xe9"),
        star_document(storage(1))[:300],
    ],
    ids=lambda payload: repr(payload[-12:]),
)
def test_what_begins_like_ours_is(payload: bytes) -> None:
    assert faults_of(payload, NOW)


@pytest.mark.parametrize(
    "before",
    ["\u00a0", "\ufeff", "\n \n", "\n" * 1000, "\n" * 1_000_000],
    ids=["blank", "mark", "lines", "many lines", "lines without number"],
)
def test_what_is_ours_is_recognised_behind_whatever_readers_pass_over(before: str) -> None:
    assert "negative" in {fault.code for fault in faults_of((before + job_text({"WallDuration": "-1"})).encode(), NOW)}


def test_a_message_whose_one_fault_is_a_long_value_is_ours() -> None:
    payload = octets(addresses({**ADDRESSES, "SiteName": "x" * 300}))
    assert [fault.code for fault in faults_of(payload, NOW)] == ["too-long"]


def test_the_worst_comes_first_and_notes_do_not_count() -> None:
    payload = octets(job_text({"Site": "A", "SubmitHost": "None", "CpuDuration": "-1"})).removesuffix(b"%%\n")
    assert [fault.level for fault in faults_of(payload, NOW)] == [Level.ERROR, Level.WARNING]
    assert faults_of(octets(addresses()), NOW) == []


def test_the_number_of_faults_is_bounded() -> None:
    assert len(faults_of(octets(JOB_HEADER + (record_text({"CpuDuration": "x"}) + "%%\n") * 2000), NOW)) == MOST_FAULTS


def test_a_fault_is_a_sentence_with_its_line() -> None:
    assert [sentence(fault) for fault in faults_of(octets(job_text({"CpuDuration": "x"})), NOW)] == [
        "line 6: CpuDuration: 'x' must be a whole number"
    ]
    (empty,) = faults_of(octets(JOB_HEADER), NOW)
    assert sentence(empty) == "line 1: the message has a header and no record; it is accepted, and says nothing"


def test_pieces_are_messages_again() -> None:
    payload = octets(JOB_HEADER + "".join(record_text({"LocalJobId": str(at)}) + "%%\n" for at in range(10)))
    pieces = cut(payload, 600)
    assert pieces is not None
    assert len(pieces) > 1
    assert all(len(piece) <= 600 and faults_of(piece, NOW) == [] for piece in pieces)
    assert cut(payload, 100) is None
    assert cut(b"hello\n", 100) is None
    assert cut(octets(JOB_HEADER) + b"\n" * 1000, 100) is None
