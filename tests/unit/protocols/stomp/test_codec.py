# SPDX-License-Identifier: Apache-2.0
import pytest

from ssm.errors import RemoteProtocolError
from ssm.protocols.stomp.codec import (
    COMMANDS,
    KEPT_OF_OVERSIZED,
    MAX_HEAD_OCTETS,
    MAX_HEADERS,
    MAX_KEPT_LINE,
    Decoder,
)
from ssm.protocols.stomp.frames import Frame, Version

LIMIT = 1_000_000


def decoded(data: bytes, *, version: Version = Version.V1_2, limit: int = LIMIT) -> list[Frame]:
    return list(Decoder(limit, version).feed(data))


def in_pieces(data: bytes, size: int, *, version: Version = Version.V1_2, limit: int = LIMIT) -> list[Frame]:
    decoder = Decoder(limit, version)
    pieces = (data[start : start + size] for start in range(0, len(data), size))
    return [frame for piece in pieces for frame in decoder.feed(piece)]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_read(command: str) -> None:
    assert decoded(f"{command}\na:b\n\n\0".encode()) == [Frame(command, {"a": "b"})]


def test_a_body_goes_on_until_nul() -> None:
    assert decoded(b"MESSAGE\na:b\n\none\ntwo\0") == [Frame("MESSAGE", {"a": "b"}, b"one\ntwo")]


def test_a_body_with_content_length_may_hold_nul() -> None:
    [frame] = decoded(b"MESSAGE\ncontent-length:3\n\n\0a\0\0")
    assert frame.body == b"\0a\0"


def test_an_empty_body_with_content_length_is_read() -> None:
    assert [frame.body for frame in decoded(b"MESSAGE\ncontent-length:0\n\n\0" * 2)] == [b"", b""]


@pytest.mark.parametrize("body", [b"abcd", b"ab", b"abc\n"])
def test_a_body_of_another_length_than_said_is_refused(body: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="content-length"):
        decoded(b"MESSAGE\ncontent-length:3\n\n" + body + b"\0more than enough")


@pytest.mark.parametrize("text", ["-1", "+1", "1.0", "", "x", "0x1", "1_0", "²", "٣", "9" * 16])
def test_a_content_length_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError, match="content-length"):
        decoded(f"MESSAGE\ncontent-length:{text}\n\n\0".encode())


def test_of_a_header_that_stands_twice_the_first_counts() -> None:
    [frame] = decoded(b"MESSAGE\na:first\na:second\ncontent-length:1\ncontent-length:9\n\nx\0")
    assert frame.headers["a"] == "first"
    assert frame.body == b"x"


@pytest.mark.parametrize("version", [Version.V1_0, Version.V1_2])
def test_lines_may_end_in_crlf(version: Version) -> None:
    [frame] = decoded(b"MESSAGE\r\na:b\r\ncontent-length:2\r\n\r\n\r\n\0", version=version)
    assert frame == Frame("MESSAGE", {"a": "b", "content-length": "2"}, b"\r\n")


def test_line_ends_between_frames_are_heart_beats() -> None:
    decoder = Decoder(LIMIT)
    assert list(decoder.feed(b"\n\r\n")) == []
    assert len(list(decoder.feed(b"\nRECEIPT\nreceipt-id:1\n\n\0\n"))) == 1
    assert decoder.beats == 5


def test_escapes_are_undone_as_the_version_has_it() -> None:
    wire = b"MESSAGE\nx\\c:a\\cb\\nc\\\\n\n\n\0"
    assert decoded(wire, version=Version.V1_2)[0].headers == {"x:": "a:b\nc\\n"}
    assert decoded(wire, version=Version.V1_1)[0].headers == {"x:": "a:b\nc\\n"}
    assert decoded(wire, version=Version.V1_0)[0].headers == {"x\\c": "a\\cb\\nc\\\\n"}


def test_the_greeting_is_read_without_escapes() -> None:
    assert decoded(b"CONNECTED\nserver:a\\tb:c\n\n\0")[0].headers == {"server": "a\\tb:c"}


def test_the_version_may_change_between_two_frames_of_one_piece() -> None:
    decoder = Decoder(LIMIT)
    stream = decoder.feed(b"CONNECTED\nversion:1.2\n\n\0MESSAGE\nx:a\\cb\n\n\0")
    assert next(stream).command == "CONNECTED"
    decoder.version = Version.V1_2
    assert next(stream).headers == {"x": "a:b"}


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", "unknown command"),
        (b"message\n\n\0", "unknown command"),
        (b"RECEIPT\nno colon\n\n\0", "colon"),
        (b"RECEIPT\nx:\\t\n\n\0", "escape"),
        (b"RECEIPT\nx:\xff\n\n\0", "UTF-8"),
        (b"RECEIPT\n" + b"x:y\n" * (MAX_HEADERS + 1) + b"\n\0", "more than 128 headers"),
    ],
)
def test_what_is_not_stomp_is_refused(wire: bytes, problem: str) -> None:
    with pytest.raises(RemoteProtocolError, match=problem):
        decoded(wire)


def test_as_many_headers_as_permitted_are_read() -> None:
    head = b"".join(b"h%d:v\n" % number for number in range(MAX_HEADERS))
    assert len(decoded(b"RECEIPT\n" + head + b"\n\0")[0].headers) == MAX_HEADERS


def test_headers_that_cannot_be_read_are_left_out_of_a_message_and_the_line_goes_on() -> None:
    wire = b"MESSAGE\nno colon\nx:\\t\ny:\xff\nmessage-id:7\n\nok\0RECEIPT\nreceipt-id:1\n\n\0"
    message, receipt = decoded(wire)
    assert message == Frame("MESSAGE", {"y": "\ufffd", "message-id": "7"}, b"ok")
    assert receipt.command == "RECEIPT"


def test_of_too_many_headers_of_a_message_those_are_read_that_count() -> None:
    head = b"".join(b"h%d:v\n" % number for number in range(MAX_HEADERS)) + b"message-id:7\nack:9\n"
    assert decoded(b"MESSAGE\n" + head + b"\nok\0") == [Frame("MESSAGE", {"message-id": "7", "ack": "9"}, b"ok")]


def test_a_head_without_end_is_refused_at_the_bound() -> None:
    decoder = Decoder(LIMIT)
    held = 0
    with pytest.raises(RemoteProtocolError, match="exceed"):  # noqa: PT012 - how much is held is the point
        for _ in range(1000):
            list(decoder.feed(b"x" * 1000))
            held = max(held, len(decoder.head))
    assert held <= MAX_HEAD_OCTETS + 4


@pytest.mark.parametrize("size", [1, 1000, 70_000, 10**6])
def test_a_message_with_a_flood_of_headers_keeps_those_that_count_and_the_line_goes_on(size: int) -> None:
    flood = b"".join(b"h%d:%s\n" % (number, b"x" * 100) for number in range(1500))
    long = b"destination:/queue/" + b"d" * 10_000 + b"\n"
    known = b"message-id:7\n" + long
    wire = (
        b"MESSAGE\n"
        + known
        + flood[:9_000]
        + b"\nmessage-id:8\n"
        + flood
        + b"message-id:9\nack:9\ncontent-length:2\n\nok\0RECEIPT\nreceipt-id:1\n\n\0"
    )
    message, receipt = in_pieces(wire, size)
    kept = {name: message.headers[name] for name in ("message-id", "ack", "content-length")}
    assert kept == {"message-id": "7", "ack": "9", "content-length": "2"}
    assert len(message.headers["destination"]) <= MAX_KEPT_LINE
    assert (message.body, receipt.headers) == (b"ok", {"receipt-id": "1"})


@pytest.mark.parametrize("size", [1, 1000, 70_000, 10**6])
def test_a_header_that_counts_is_not_lost_where_a_flood_is_cut(size: int) -> None:
    head = b"MESSAGE\nx:"
    head += b"y" * (MAX_HEAD_OCTETS - 5 - len(head)) + b"\nmessage-id:7\n"
    [message] = in_pieces(head + b"\nok\0", size)
    assert (message.headers["message-id"], message.body) == ("7", b"ok")


def test_what_is_held_of_a_message_whose_head_never_ends_is_bounded() -> None:
    decoder = Decoder(LIMIT)
    list(decoder.feed(b"MESSAGE\n"))
    for _ in range(500):
        list(decoder.feed(b"message-id:" + b"x" * 5000))
        assert len(decoder.head) <= MAX_HEAD_OCTETS + 4


def test_a_body_at_the_limit_is_whole() -> None:
    [frame] = decoded(b"MESSAGE\ncontent-length:10\n\n0123456789\0", limit=10)
    assert (frame.body, frame.full_size) == (b"0123456789", None)


@pytest.mark.parametrize("length", [b"content-length:200000\n", b""])
@pytest.mark.parametrize("size", [1000, 4096, 70_000, 300_000])
def test_a_body_beyond_the_limit_is_cut_and_the_stream_goes_on(length: bytes, size: int) -> None:
    body = bytes(range(1, 251)) * 800
    wire = b"MESSAGE\na:b\n" + length + b"\n" + body + b"\0RECEIPT\nreceipt-id:1\n\n\0"
    message, receipt = in_pieces(wire, size, limit=100_000)
    assert message.full_size == len(body)
    assert message.body == body[:KEPT_OF_OVERSIZED]
    assert receipt.command == "RECEIPT"


@pytest.mark.parametrize("length", [b"content-length:50000\n", b""])
@pytest.mark.parametrize("size", [1, 700, 1000, 60_000])
def test_no_more_is_kept_of_a_body_than_the_limit(length: bytes, size: int) -> None:
    wire = b"MESSAGE\na:b\n" + length + b"\n" + b"x" * 50_000 + b"\0"
    [message] = in_pieces(wire, size, limit=1000)
    assert message.full_size == 50_000
    assert message.body == b"x" * 1000


def test_what_is_held_of_an_endless_body_is_bounded() -> None:
    decoder = Decoder(100_000)
    list(decoder.feed(b"MESSAGE\ncontent-length:999999999999999\n\n"))
    for _ in range(200):
        list(decoder.feed(b"x" * 50_000))
        assert decoder.pending is not None
        assert len(decoder.pending.body) <= 100_000


def test_a_body_in_one_piece_is_the_same_as_one_in_many() -> None:
    wire = b"MESSAGE\ncontent-length:5000\n\n" + b"\0\n\r\nx" * 1000 + b"\0\n"
    assert decoded(wire) == in_pieces(wire, 1) == in_pieces(wire, 7)


def test_a_large_body_in_small_pieces_costs_time_in_proportion_to_its_size() -> None:
    """Counted, not timed: no octet of the body is looked at again once it is held."""
    decoder = Decoder(10_000_000)
    list(decoder.feed(b"MESSAGE\n\n"))
    assert decoder.pending is not None
    list(decoder.feed(b"x" * 10))
    list(decoder.feed(b"x" * 10))
    held = decoder.pending.body
    for _ in range(100):
        list(decoder.feed(b"x" * 10))
    assert decoder.pending.body is held
