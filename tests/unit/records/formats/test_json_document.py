# SPDX-License-Identifier: Apache-2.0
"""A JSON document that is not trusted: bounds, what stands twice, where its records are."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm.errors import FormatError
from ssm.records.formats.json_document import MAX_OCTETS, Document, parsed, whole


def test_a_document_has_a_bound() -> None:
    assert len(whole(iter([b"x" * 1000] * 10))) == 10_000
    with pytest.raises(FormatError, match="longer than 16777216 octets") as caught:
        whole(iter([b"x" * 1_000_000] * (MAX_OCTETS // 1_000_000 + 1)))
    assert caught.value.code == "too-large"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert whole(iter([b"\xef\xbb", b"\xbf{}"])) == b"{}"


def test_what_stands_twice_is_known_and_the_last_counts() -> None:
    found = parsed(b'{"a": 1, "b": 2, "a": 3, "a": 4}')
    assert found == {"a": 4, "b": 2}
    assert found.twice == ("a",)
    assert parsed(b'{"a": 1}').twice == ()


def test_very_many_members_take_no_time() -> None:
    data = b"{" + b",".join(b'"n%d": 1' % (at % 50_000) for at in range(200_000)) + b"}"
    begun = time.process_time()
    assert len(parsed(data).twice) == 50_000
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("digits", [26, 400, 5000, 1_000_000])
def test_very_long_integers_take_no_time_and_no_exception(digits: int) -> None:
    found = parsed(b'{"a": %s, "b": -%s}' % (b"9" * digits, b"9" * digits))
    assert isinstance(found["a"], float)
    assert parsed(b'{"a": 123456789012345678901234}')["a"] == 123456789012345678901234


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"a":' * 100_000, b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"]
)
def test_depth_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError) as caught:
        parsed(data)
    assert caught.value.code in {"too-large", "not-json"}


@pytest.mark.parametrize("data", [b"[]", b"5", b'"x"', b"null"])
def test_a_document_is_an_object(data: bytes) -> None:
    with pytest.raises(FormatError, match="must be a JSON object"):
        parsed(data)


NAMES = st.text() | st.just("UsageRecords")
SCALARS = st.none() | st.booleans() | st.integers() | NAMES | st.sampled_from(['"UsageRecords": [', "\\", '"'])
VALUES = st.recursive(
    SCALARS, lambda some: st.lists(some, max_size=3) | st.dictionaries(NAMES, some, max_size=3), max_leaves=8
)
LAYOUTS = st.sampled_from([None, 1, "\t"])


@given(st.dictionaries(NAMES, VALUES, max_size=3), st.lists(VALUES, max_size=5), LAYOUTS, st.integers(0, 1))
def test_every_record_is_found_where_it_stands(
    frame: dict[str, object], records: list[object], indent: int | str | None, last: int
) -> None:
    frame.pop("UsageRecords", None)
    said = {**frame, "UsageRecords": records} if last else {"UsageRecords": records, **frame}
    data = json.dumps(said, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    document = Document(data)
    assert [json.loads(data[begin:end].decode("utf-8", "surrogatepass")) for begin, end in document.spans] == records
    for index, (begin, _) in enumerate(document.spans):
        assert document.line(index) == data.count(b"\n", 0, begin) + 1
    assert document.line(len(records)) is None


def test_lists_of_another_name_hold_no_records() -> None:
    data = b'{"Rest": [{"a": 1}, {"b": 2}], "UsageRecords": [{"c": [{}]}], "Type": {"UsageRecords": [{"d": 4}]}}'
    document = Document(data)
    assert [data[begin:end] for begin, end in document.spans] == [b'{"c": [{}]}']


def test_of_two_lists_the_last_counts_as_it_does_in_reading() -> None:
    data = b'{"UsageRecords": [{"a": 1}, {"a": 2}], "UsageRecords": [{"a": 3}]}'
    assert [data[begin:end] for begin, end in Document(data).spans] == [b'{"a": 3}']


def test_a_long_string_is_passed_over_in_no_time() -> None:
    data = b'{"x": "' + b"\\\\a" * 3_000_000 + b'", "UsageRecords": [1]}'
    begun = time.process_time()
    assert len(Document(data).spans) == 1
    assert time.process_time() - begun < 10
