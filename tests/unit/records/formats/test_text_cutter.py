# SPDX-License-Identifier: Apache-2.0
"""Cutting a text message between its records, however its octets come."""

from collections.abc import Iterator

import pytest

from ssm.errors import FormatError
from ssm.records.formats.text_cutter import cut
from ssm.records.message import MAX_RECORD_OCTETS
from tests.usage_messages import JOB_HEADER, blocks

HEADER = JOB_HEADER.encode()
SIZES = pytest.mark.parametrize("size", [1, 2, 7, 1000])


@SIZES
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_records_come_with_their_own_line_ends_and_blanks_between_them_are_none(size: int, end: bytes) -> None:
    data = b"\xef\xbb\xbf \n" + HEADER + b"Site: A\nMonth: 5\n%%\n\n  \n%%\nSite: B%\n%% \nSite: C\n"
    found = cut(blocks(data.replace(b"\n", end), size))
    head = HEADER.replace(b"\n", end)
    assert (found.head, found.between, found.tail) == (head, b"%%" + end, b"%%" + end)
    said = [b"Site: A\nMonth: 5\n", b"Site: B%\n", b"Site: C\n"]
    assert [one.replace(end, b"\n") for one in found.records] == said


@SIZES
def test_a_header_without_a_line_end_is_given_one(size: int) -> None:
    found = cut(blocks(HEADER.strip(), size))
    assert (found.head, list(found.records)) == (HEADER, [])


@SIZES
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_record_is_not_cut_inside_a_value_which_a_reader_leaves_whole_too(size: int, end: str) -> None:
    lines = [
        *["Site: a%%b", "VO: a%% b%%c", "LocalJobId: 1", "%%"],  # inside values
        *["Site: \u00e4%%", "%%Site: b", "Queue: x%%Site: c", "SubmitHostType: y%%", "VO: %%d"],
    ]
    found = cut(blocks((HEADER.strip().decode() + end + end.join(lines)).encode(), size))
    said = ["Site: a%%b\nVO: a%% b%%c\nLocalJobId: 1\n", "Site: \u00e4\n", "Site: b\nQueue: x\n"]
    said += ["Site: c\nSubmitHostType: y\n", "VO: %%d\n"]
    assert [one.decode().replace(end, "\n") for one in found.records] == said


@SIZES
@pytest.mark.parametrize("data", [b"", b" \n\n", b"Site: A\n"])
def test_what_has_no_header_is_not_cut(data: bytes, size: int) -> None:
    with pytest.raises(FormatError):
        cut(blocks(data, size))


def endless(begin: bytes) -> Iterator[bytes]:
    """More than may be held, and no more than has to be asked for."""
    yield begin
    for _ in range(2 * MAX_RECORD_OCTETS // 65_536):
        yield b"x" * 65_536
    raise AssertionError("it reads on and on")


def test_a_record_without_end_is_refused_and_those_before_it_are_not() -> None:
    found = cut(endless(HEADER + b"Site: A\n%%\nSite: "))
    assert next(found.records) == b"Site: A\n"
    with pytest.raises(FormatError, match="a record is longer than 1048576 octets") as caught:
        next(found.records)
    assert caught.value.code == "too-long"


def test_a_header_without_end_is_refused() -> None:
    with pytest.raises(FormatError) as caught:
        cut(endless(b""))
    assert caught.value.code == "unknown-header"
