# SPDX-License-Identifier: Apache-2.0
"""The reader of BER keeps its bounds, and the writer of DER writes what the rules say (X.690)."""

from collections.abc import Callable

import pytest

from ssm.envelope import ber
from ssm.envelope.ber import BerError, Budget, read_one
from tests.unit.envelope.craft import indefinite, octets, seq, tlv


def walked(data: bytes) -> int:
    """Visit everything; the number of values."""
    waiting, count = [read_one(data)], 0
    while waiting:
        value = waiting.pop()
        count += 1
        if value.tag & ber.CONSTRUCTED:
            waiting += value.children()
    return count


def nested(depth: int, wrap: Callable[[bytes], bytes]) -> bytes:
    data = octets(b"x")
    for _ in range(depth):
        data = wrap(data)
    return data


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"\x05\x00", 1),
        (b"\x04\x81\x01x", 1),
        (b"\x04\x84\x00\x00\x00\x01x", 1),
        (seq(octets(b"a"), octets(b"b")), 3),
        (indefinite(0x30, octets(b"a"), indefinite(0x31)), 3),
        (indefinite(0x30), 1),
        (seq(indefinite(0x30, octets(b"\0\0"))), 3),
    ],
)
def test_values_are_read(data: bytes, count: int) -> None:
    assert walked(data) == count


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x04",
        b"\x04\x01",
        b"\x04\x02x",
        b"\x04\x81",
        b"\x04\x82\x00",
        b"\x04\x85\x00\x00\x00\x00\x01x",
        b"\x04\xff" + b"\0" * 200,
        b"\x04\x84\xff\xff\xff\xff",
        b"\x04\x80x\0\0",
        b"\x1f\x01\x00",
        b"\xbf\x81\x01\x00",
        b"\x00\x00",
        seq(b"\0\0"),
        b"\x30\x80",
        b"\x30\x80\x00",
        b"\x30\x80\x04\x01",
        b"\x30\x80\x04\x05x\0\0",
        b"\x30\x03\x04\x02x",
        b"\x30\x04\x30\x80\x00\x00\x00",
        seq(b"\x30\x80") + b"\0\0",
        octets(b"a") + octets(b"b"),
        indefinite(0x30) + b"\0\0",
        indefinite(0x30, seq(b"\x30\x80")),
    ],
)
def test_what_is_not_ber_is_refused(data: bytes) -> None:
    with pytest.raises(BerError):
        walked(data)


@pytest.mark.parametrize("wrap", [seq, lambda data: indefinite(0x30, data)])
def test_depth_is_bounded(wrap: Callable[[bytes], bytes]) -> None:
    assert walked(nested(ber.MAX_DEPTH, wrap)) == ber.MAX_DEPTH + 1
    with pytest.raises(BerError, match="deep"):
        walked(nested(ber.MAX_DEPTH + 1, wrap))


def test_the_number_of_values_is_bounded() -> None:
    with pytest.raises(BerError, match="many"):
        walked(seq(octets(b"") * ber.MAX_VALUES))
    with pytest.raises(BerError, match="many"):
        read_one(seq(octets(b"") * 3), Budget(2)).children()


def test_what_reading_costs_grows_with_the_input_and_not_with_its_square() -> None:
    # Twenty lengths left open around one another must not mean that the inside is paid for at each bound again.
    data = nested(20, lambda inside: indefinite(0x30, inside, octets(b"") * 50))
    budget = Budget()
    waiting = [read_one(data, budget)]
    while waiting:
        value = waiting.pop()
        if value.tag & ber.CONSTRUCTED:
            waiting += value.children()
    assert ber.MAX_VALUES - budget.left <= 25 * 1021


@pytest.mark.parametrize(
    ("data", "number"),
    [(b"\x02\x01\x00", 0), (b"\x02\x01\xff", -1), (b"\x02\x02\x00\x80", 128), (b"\x02\x03\x00\x00\x01", 1)],
)
def test_integers_are_read(data: bytes, number: int) -> None:
    assert read_one(data).integer() == number


@pytest.mark.parametrize("data", [b"\x02\x00", tlv(2, b"\1" * 65), b"\x04\x01\x00", b"\x22\x03\x02\x01\x00"])
def test_wrong_integers_are_refused(data: bytes) -> None:
    with pytest.raises(BerError):
        read_one(data).integer()


@pytest.mark.parametrize(
    ("octets_of", "text"),
    [
        ("2a864886f70d010702", "1.2.840.113549.1.7.2"),
        ("00", "0.0"),
        ("4f", "1.39"),
        ("50", "2.0"),
        ("883703", "2.999.3"),
    ],
)
def test_object_identifiers_are_read(octets_of: str, text: str) -> None:
    data = tlv(6, bytes.fromhex(octets_of))
    assert read_one(data).oid() == text
    assert ber.oid(text) == data


@pytest.mark.parametrize("data", [b"\x06\x00", b"\x06\x01\x80", tlv(6, b"\x81" * 32 + b"\1"), b"\x04\x01\x2a"])
def test_wrong_object_identifiers_are_refused(data: bytes) -> None:
    with pytest.raises(BerError):
        read_one(data).oid()


def test_strings_are_joined_whatever_their_segments() -> None:
    whole = read_one(octets(b"abc")).string()
    pieces = read_one(indefinite(0x24, octets(b"a"), tlv(0x24, octets(b"b"), tlv(0x24)), octets(b"c"))).string()
    tagged = read_one(tlv(0xA0, octets(b"ab"), octets(b"c"))).string(0x80)
    assert bytes(whole) == bytes(pieces) == bytes(tagged) == b"abc"


@pytest.mark.parametrize("data", [tlv(0x0C, b"x"), seq(octets(b"x")), tlv(0x24, tlv(2, b"\1")), tlv(0x24, seq())])
def test_what_is_no_octet_string_is_refused(data: bytes) -> None:
    with pytest.raises(BerError):
        read_one(data).string()


def test_kinds_of_value_are_not_mixed_up() -> None:
    with pytest.raises(BerError, match="primitive"):
        read_one(octets(b"")).children()
    with pytest.raises(BerError, match="constructed"):
        read_one(seq()).octets()
    with pytest.raises(BerError, match="tag"):
        read_one(seq()).expect(0x31, "a set")


def test_der_has_definite_lengths_whole_strings_and_the_given_order() -> None:
    data = indefinite(
        0xA0, indefinite(0x24, octets(b"b"), octets(b"a")), b"\x04\x81\x01z", indefinite(0x31, octets(b"q"))
    )
    expected = tlv(0x31, octets(b"ba"), octets(b"z"), tlv(0x31, octets(b"q")))
    assert ber.to_der(read_one(data), 0x31) == expected


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_lengths_are_written_minimally(size: int) -> None:
    content = b"x" * size
    assert ber.tlv(4, content[:1], content[1:]) == octets(content)
    assert bytes(read_one(ber.tlv(4, content)).string()) == content


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 1 << 64])
def test_integers_come_back(number: int) -> None:
    assert read_one(ber.integer(number)).integer() == number


def test_raw_is_the_encoding_as_it_came() -> None:
    inner = indefinite(0x30, octets(b"x"))
    assert read_one(seq(inner, octets(b"y"))).children()[0].raw() == inner
