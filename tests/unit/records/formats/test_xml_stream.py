# SPDX-License-Identifier: Apache-2.0
"""The stream of an XML document before its root and after a break; records and bounds are with its readers."""

from collections.abc import Iterator

import pytest

from ssm.errors import FormatError
from ssm.records.formats.safe_xml import Element
from ssm.records.formats.xml_stream import Piece, XmlStream
from ssm.records.message import MAX_RECORD_OCTETS
from tests.usage_messages import blocks
from tests.xml_messages import star_document, storage


def is_container(root: Element) -> bool:
    return root.name.endswith("Records")


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_the_root_has_its_line_whatever_stands_before_it(size: int) -> None:
    data = b'\xef\xbb\xbf\n <?xml version="1.0"?>\n<!-- a\n> -->\n' + star_document(storage(1))
    stream = XmlStream(blocks(data, size), is_container)
    root = stream.open()
    assert (root.name, root.line) == ("StorageUsageRecords", 5)
    assert stream.head.startswith(b"<?xml")
    records = [one for piece in stream.pieces() if isinstance(piece, Piece) for one in piece.records]
    assert [record[0].line for record in records] == [6]


@pytest.mark.parametrize(
    "data", [b"", b" \n", b"\xef\xbb\xbf", b"<!-- a -->\n", b'<?xml version="1.0"?>', b"<!-- a", b"<a"]
)
@pytest.mark.parametrize("size", [1, 1000])
def test_a_document_without_a_root_is_cut_off(data: bytes, size: int) -> None:
    with pytest.raises(FormatError) as caught:
        XmlStream(blocks(data, size), is_container).open()
    assert caught.value.code == "truncated-xml"


@pytest.mark.parametrize("size", [21, 1000])
def test_a_mark_of_the_octets_order_is_one_at_the_very_beginning_only(size: int) -> None:
    data = b'<?xml version="1.0"?>\xef\xbb\xbf' + star_document(storage(1))
    with pytest.raises(FormatError) as caught:
        XmlStream(blocks(data, size), is_container).open()
    assert caught.value.code == "not-well-formed"


@pytest.mark.parametrize("begin", [b"<!-- ", b"<?pi ", b'<a b="', b"<a"])
def test_a_root_without_end_is_refused_without_asking_for_all_of_it(begin: bytes) -> None:
    def endless() -> Iterator[bytes]:
        yield begin
        for _ in range(3 * MAX_RECORD_OCTETS // 65_536):
            yield b"x" * 65_536
        raise AssertionError("it reads on and on")

    with pytest.raises(FormatError) as caught:
        XmlStream(endless(), is_container).open()
    assert caught.value.code == "too-large"


def test_octets_without_a_tag_before_the_root_go_to_the_parser_once_they_are_many() -> None:
    stream = XmlStream(iter([b"<!-- " + b"x" * 900_000, b"x" * 200_000, b" --><a/>"]), is_container)
    with pytest.raises(FormatError, match="a tag, comment or instruction is longer than 1048576 octets"):
        stream.open()


@pytest.mark.parametrize("size", [7, 100, 10_000])
def test_records_before_a_break_are_given_before_it_is_told(size: int) -> None:
    data = star_document(storage(1, end="</StorageUsageRecord >"), storage(2), "</x>")
    stream = XmlStream(blocks(data, size), is_container)
    stream.open()
    found: list[object] = []

    def read_on() -> None:
        for piece in stream.pieces():
            assert isinstance(piece, Piece)
            found.extend(record[1].attributes.popitem()[1] for record in piece.records)

    with pytest.raises(FormatError) as caught:
        read_on()
    assert caught.value.code == "not-well-formed"
    assert found == ["r1", "r2"]
