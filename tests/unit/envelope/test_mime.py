# SPDX-License-Identifier: Apache-2.0
"""Headers, parameters, parts and base64: what is read, what is refused, and that hostile input costs little."""

import pytest

from ssm.envelope import mime
from ssm.envelope.mime import Headers, boundary_of, decode_base64, encode_base64, read_headers, two_parts
from ssm.errors import MalformedEnvelopeError


def media_type(value: bytes) -> tuple[str, dict[str, str]]:
    return Headers({"content-type": value}, 0).media_type()


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_header_block_ends_with_an_empty_line(end: bytes) -> None:
    data = b"A: 1" + end + b"content-TYPE : text/plain" + end + end + b"body"
    headers = read_headers(data)
    assert headers.values == {"a": b"1", "content-type": b"text/plain"}
    assert data[headers.body :] == b"body"


def test_mixed_line_ends_are_read() -> None:
    assert read_headers(b"A: 1\r\nB: 2\n\r\nbody").values == {"a": b"1", "b": b"2"}


def test_folded_lines_are_joined() -> None:
    assert read_headers(b"A: 1;\n  two;\r\n\tthree\n\n").values == {"a": b"1; two; three"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"A: 1\n",
        b"A: 1\r\n",
        b"A: 1",
        b"no colon\n\n",
        b": no name\n\n",
        b"a name: x\n\n",
        b" starts folded: x\n\n",
        b"A: \x00\n\n",
        b"A: \x0b\n\n",
        b"A: 1\rB: 2\n\n",
        b"A: \x7f\n\n",
        "é: x\n\n".encode(),
        b"Content-Type: a/b\ncontent-type: a/b\n\n",
        b"Content-X: 1\nContent-X: 1\n\n",
        b"A: 1\n" * 101 + b"\n",
        b"A: " + b"x" * 33_000 + b"\n\n",
        b"A: x\n" + b" x\n" * 100 + b"\n",
    ],
)
def test_a_wrong_header_block_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedEnvelopeError):
        read_headers(data)


def test_other_headers_may_stand_twice_and_the_first_counts() -> None:
    assert read_headers(b"Received: a\nReceived: b\n\n").values == {"received": b"a"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Text/PLAIN", ("text/plain", {})),
        (b"text/plain;", ("text/plain", {})),
        (b'a/b; Boundary=x; P="y z"', ("a/b", {"boundary": "x", "p": "y z"})),
        (b'a/b;p="a\\"b;c=d"', ("a/b", {"p": 'a"b;c=d'})),
        (b"a/b ; p = x ", ("a/b", {"p": "x"})),
        (b'a/b; p=""', ("a/b", {"p": ""})),
    ],
)
def test_media_types_are_read(value: bytes, expected: tuple[str, dict[str, str]]) -> None:
    assert media_type(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"text",
        b"text/",
        b"/plain",
        b"a/b; p",
        b"a/b; p=",
        b'a/b; p="x',
        b'a/b; p="x"y',
        b"a/b c",
        b"a/b, c/d",
        b"a/b; p=x; P=x",
        b"a/b; p=x (comment)",
        b"a/b; p=" + b"x; p=".join(b"%d" % n for n in range(5)),
        b"a/b" + b"".join(b"; p%d=x" % n for n in range(22)),
        b"a/b" + b";" * 40,
    ],
)
def test_wrong_media_types_are_refused(value: bytes) -> None:
    with pytest.raises(MalformedEnvelopeError):
        media_type(value)


def test_no_content_type_is_no_type() -> None:
    assert Headers({}, 0).media_type() == ("", {})


@pytest.mark.parametrize("text", ["", "x" * 71, "é", "ends blank "])
def test_wrong_boundaries_are_refused(text: str) -> None:
    with pytest.raises(MalformedEnvelopeError):
        boundary_of({"boundary": text})


def test_a_missing_boundary_is_refused() -> None:
    with pytest.raises(MalformedEnvelopeError):
        boundary_of({})


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (b"--b\none\n--b\ntwo\n--b--", (b"one", b"two")),
        (b"--b\r\none\r\n--b\r\ntwo\r\n--b--\r\n", (b"one", b"two")),
        (b"preamble --b\nx--b\n--b\none\n--b\ntwo\n--b--\n\n \n", (b"one", b"two")),
        (b"--b\n\n--b\n\n--b--\n", (b"", b"")),
        (b"--b\none\n\n--b\ntwo\r\r\n--b--\n", (b"one\n", b"two\r")),
        (b"--b\n --b\n--b\ntwo --b--\n--b--\n", (b" --b", b"two --b--")),
    ],
)
def test_two_parts_are_found(data: bytes, parts: tuple[bytes, bytes]) -> None:
    one, two = two_parts(data, 0, b"b")
    assert (data[one.start : one.stop], data[two.start : two.stop]) == parts


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"--b",
        b"--b--",
        b"--b\none\n--b--\n",
        b"--b\none\n--b\ntwo\n",
        b"--b\none\n--b\ntwo\n--b\nthree\n--b--\n",
        b"--b\none\n--b\ntwo\n--b--\nepilogue",
        b"--b\none\n--b\ntwo\n--b--\n--b\n",
        b"--b\none\n--b\ntwo\n--b--" + b"\n" * 2000,
        b"--b\none\n--bc\n--b\ntwo\n--b--\n",
        b"--b\none\n--b \n--b\ntwo\n--b--\n",
        b"--b\none\n--b\ntwo\n--b--x\n",
        b"--b\none\n--b\ntwo\n--b-- \n",
        b"--b\n--b\ntwo\n--b--\n",
        b"--b\none\n--b\n--b--\n",
        b"--b\none--b\ntwo\n--b--\n",
        b"--b\none\r--b\ntwo\n--b--\n",
        b"--b--\n--b\none\n--b\ntwo\n--b--\n",
    ],
)
def test_anything_but_two_parts_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedEnvelopeError):
        two_parts(data, 0, b"b")


@pytest.mark.parametrize("text", [b"AA=A", b"A", b"AAA", b"AA==AA==", b"A*AA", b"AAA=\0", b"AA==\xff", b"=", b"-_-_"])
def test_wrong_base64_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedEnvelopeError):
        decode_base64(text)


@pytest.mark.parametrize("width", [4, 64, 76, 1000])
@pytest.mark.parametrize("size", [0, 1, 2, 3, 47, 48, 49, 49_151, 49_152, 49_153, 200_000])
def test_base64_comes_back_from_lines_of_any_width(width: int, size: int) -> None:
    octets = bytes(n % 251 for n in range(size))
    text = encode_base64(octets, width)
    assert decode_base64(text) == octets
    assert decode_base64(text.replace(b"\n", b"\r\n").rstrip()) == octets
    lines = text.split(b"\n")
    assert all(len(line) == width for line in lines[:-2])
    assert lines[-1] == b""


class Counted(bytes):
    """Octets that count how often somebody searches in them."""

    searches = 0

    def find(  # type: ignore[override]  # narrower than bytes: as two_parts calls it
        self, wanted: bytes, start: int = 0
    ) -> int:
        type(self).searches += 1
        return super().find(wanted, start)


def test_boundaries_that_begin_no_line_are_passed_over_once() -> None:
    flood = Counted(b"x--b" * 20_000)
    Counted.searches = 0
    with pytest.raises(MalformedEnvelopeError, match="cut off"):
        two_parts(flood, 0, b"b")
    assert Counted.searches == 20_001


def test_quoted_parameters_without_an_end_are_given_up_at_once() -> None:
    hostile = b'a/b; p="' + b"\\" * (mime.MAX_HEADER_OCTETS - 100)
    with pytest.raises(MalformedEnvelopeError):
        media_type(hostile)
    with pytest.raises(MalformedEnvelopeError):
        media_type(b"a/b; " + b" " * 30_000 + b"=")
    with pytest.raises(MalformedEnvelopeError):
        read_headers(b"A" + b" \t" * 15_000 + b"\n\n")
