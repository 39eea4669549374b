# SPDX-License-Identifier: Apache-2.0
"""Cutting and joining: no octet of a record changes, no piece is too large, and joined pieces read as the whole did."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssm.errors import FormatError
from ssm.records.formats import recognise
from ssm.records.split import Size, merge, split
from tests.xml_messages import (
    aur_document,
    car_document,
    job,
    portions,
    star_document,
    storage,
    summary,
)

ENDS = ("</StorageUsageRecord>", "</StorageUsageRecord >", "</StorageUsageRecord\n>")


def text(count: int, end: str = "\n") -> bytes:
    lines = ["APEL-individual-job-message: v0.3"]
    for number in range(count):
        lines += ["Site: A", f"LocalJobId: {'7' * (number + 1)}", "WallDuration: 1", "CpuDuration: 1", "StartTime: 0"]
        lines += ["EndTime: 1", "%%"]
    return (end.join(lines) + end).encode()


def json(count: int) -> bytes:
    records = ",\n".join(
        f'{{"SiteName": "A", "CloudType": "caso/1", "CloudComputeService": "{"x" * number}", "IPVersion": "4", '
        f'"GlobalUserName": "u", "MeasurementTime": {number}, "IPCount": 1, "LocalUser": "u", "LocalGroup": "g"}}'
        for number in range(count)
    )
    return f'{{"Type": "APEL Public IP message", "Version": "0.2", "UsageRecords": [{records}]}}'.encode()


def sized(make: Callable[[int], str], document: Callable[[str], bytes]) -> Callable[[int], bytes]:
    return lambda count: document("".join(make(number) for number in range(1, count + 1)))


def star_with_comments(count: int) -> bytes:
    """Everything by which an end could be mistaken."""
    parts = [
        f"<!-- {number} <StorageUsageRecord> {ENDS[0]} -->{storage(number, end=ENDS[number % 3])}"
        + (f"<?pi {ENDS[0]}?>" if number % 2 else f"<![CDATA[\n]]>{'':{number}}")
        for number in range(1, count + 1)
    ]
    return star_document(*parts)


MAKERS: dict[str, Callable[[int], bytes]] = {
    "text": text,
    "text-crlf": lambda count: text(count, "\r\n"),
    "text-cr": lambda count: text(count, "\r"),
    "car": sized(job, car_document),
    "aur": sized(summary, aur_document),
    "star": sized(storage, star_document),
    "star-comments": star_with_comments,
    "json": json,
}
each_format = pytest.mark.parametrize("name", sorted(MAKERS))


def read(data: bytes) -> list[object]:
    form, again = recognise(iter([data]))
    return [record for batch in form.read(again).batches for record in batch.records]


def cut(data: bytes, sizes: Sequence[int] = ()) -> tuple[bytes, list[bytes]]:
    form, again = recognise(portions(data, sizes))
    parts = form.cut(again)
    return parts.head, list(parts.records)


def joined(pieces: Sequence[bytes]) -> bytes:
    return b"".join(merge([iter([one]) for one in pieces]))


@each_format
@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 9), most=st.integers(1, 5), sizes=st.lists(st.integers(1, 300), max_size=3))
def test_pieces_by_number_hold_every_record_as_it_was(name: str, count: int, most: int, sizes: list[int]) -> None:
    data = MAKERS[name](count)
    pieces = list(split(portions(data, sizes), Size(records=most)))
    assert [len(read(one)) for one in pieces] == [*[most] * (count // most), *([count % most] if count % most else [])]
    assert [record for one in pieces for record in read(one)] == read(data)
    head, records = cut(data)
    assert [record for one in pieces for record in cut(one)[1]] == records
    assert {cut(one)[0] for one in pieces} == {head}
    assert all(record.strip() in data for record in records)


@each_format
@settings(deadline=None, max_examples=30)
@given(count=st.integers(1, 9), more=st.integers(0, 900))
def test_no_piece_is_larger_than_allowed_and_none_smaller_than_need_be(name: str, count: int, more: int) -> None:
    data = MAKERS[name](count)
    largest = max(len(one) for one in split([data], Size(records=1)))
    pieces = list(split([data], Size(octets=largest + more)))
    assert all(len(one) <= largest + more for one in pieces)
    for one, following in pairwise(pieces):
        (first, *_) = split([following], Size(records=1))
        assert len(joined([one, first])) > largest + more
    assert read(joined(pieces)) == read(data)


@each_format
def test_a_record_that_alone_is_too_large_is_told_with_both_sizes(name: str) -> None:
    data = MAKERS[name](3)
    whole = [len(one) for one in split([data], Size(records=1))]
    limit = max(whole) - 1
    number = next(index for index, octets in enumerate(whole, 1) if octets > limit)
    with pytest.raises(FormatError) as caught:
        list(split([data], Size(octets=limit)))
    assert caught.value.code == "record-too-large"
    assert str(caught.value) == f"record {number} alone makes a message of {limit + 1} octets, of {limit} allowed"


@each_format
def test_joined_pieces_are_the_same_octets_again_and_again(name: str) -> None:
    once = joined(list(split([MAKERS[name](5)], Size(records=2))))
    assert joined(list(split([once], Size(records=3)))) == once
    assert read(once) == read(MAKERS[name](5))


@pytest.mark.parametrize("name", sorted(MAKERS.keys() - {"json"}))
def test_a_message_without_records_has_no_pieces_and_joins_with_others(name: str) -> None:
    none, some = MAKERS[name](0), MAKERS[name](2)
    assert list(split([none], Size(records=1))) == []
    assert read(joined([none, some, none])) == read(some)


def test_a_json_message_without_records_has_nothing_to_be_cut() -> None:
    with pytest.raises(FormatError) as caught:
        list(split([json(0)], Size(records=1)))
    assert (caught.value.code, caught.value.path) == ("no-records", "UsageRecords")
    assert str(caught.value) == "UsageRecords must be a list with records in it"


def test_no_messages_join_to_nothing() -> None:
    assert list(merge([])) == []


def test_a_closed_root_joins_with_others() -> None:
    closed = star_document().replace(b">\n</StorageUsageRecords>", b" />")
    assert closed.endswith(b" />\n")
    assert list(split([closed], Size(records=1))) == []
    assert read(joined([closed, star_document(storage(1))])) == read(star_document(storage(1)))


def test_what_stands_around_records_goes_with_them() -> None:
    data = star_document("<!-- a -->", storage(1), "<!-- b -->", storage(2), "<!-- c -->")
    pieces = list(split([data], Size(records=1)))
    assert [re.findall(rb"<!-- (.) -->", one) for one in pieces] == [[b"a", b"b"], [b"c"]]


def test_a_single_record_as_root_is_not_cut() -> None:
    single = storage(1).replace("Record>", 'Record xmlns="http://eu-emi.eu/namespaces/2011/02/storagerecord">', 1)
    data = single.replace("sr:", "xsr:").replace("<RecordIdentity", '<RecordIdentity xmlns:xsr="urn:x"').encode()
    with pytest.raises(FormatError) as caught:
        list(split([data], Size(records=1)))
    assert (caught.value.code, caught.value.line) == ("single-record", 1)
    assert str(caught.value) == "the document is a single record, which cannot be cut"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (text(1), text(1).replace(b"v0.3", b"v0.4")),
        (text(1), star_document(storage(1))),
        (star_document(storage(1)), car_document(job(1))),
        (star_document(storage(1)), star_document(storage(1)).replace(b"xmlns:sr=", b"xmlns:x='urn:x' xmlns:sr=")),
    ],
)
def test_messages_with_different_headers_are_not_joined(first: bytes, second: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        joined([first, second])
    assert caught.value.code == "different-header"
    assert str(caught.value) == (
        "message 2 has another header than the first; convert it to the same format and version first"
    )


def test_a_declaration_or_other_blanks_are_no_other_header() -> None:
    data = star_document(storage(1))
    declared = b'\xef\xbb\xbf\n<?xml version="1.0" encoding="UTF-8"?>\n' + data.replace(b' xmlns="', b'\n  xmlns="')
    assert read(joined([data, declared, data])) == read(data) * 3
    assert read(joined([declared, data])) == read(data) * 2


def test_text_that_declares_less_than_utf_8_is_not_joined_with_more() -> None:
    declared = b'<?xml version="1.0" encoding="us-ascii"?>\n' + star_document(storage(1))
    assert b"us-ascii" not in joined([declared, star_document(storage(1, site="M\u00fcnchen"))])


@pytest.mark.parametrize("data", [star_document(storage(1), storage(2))[:-60], star_document(storage(1)) + b"<a/>"])
def test_a_broken_document_is_refused_at_its_end(data: bytes) -> None:
    with pytest.raises(FormatError):
        list(split([data], Size(records=1)))


def test_octets_without_end_between_two_records_are_refused() -> None:
    def blocks() -> Iterator[bytes]:
        yield star_document(storage(1)).rpartition(b"</")[0]
        for _ in range(1000):
            yield b"<!-- x -->" * 6000

    with pytest.raises(FormatError, match="more than 4194304 octets stand between two records"):
        list(split(blocks(), Size(records=1)))
