# SPDX-License-Identifier: Apache-2.0
"""Which form a payload travels in, and that it comes out of each unharmed."""

import quopri

import pytest

from ssm.envelope.transfer import TransferForm, decode, encode, transfer_form
from ssm.errors import MalformedEnvelopeError

PLAIN, QUOTED, BASE64 = TransferForm.PLAIN, TransferForm.QUOTED_PRINTABLE, TransferForm.BASE64


@pytest.mark.parametrize(
    ("payload", "form"),
    [
        (b"a", PLAIN),
        (b"a\n", PLAIN),
        (b"\n\n a\tb \nc\n", PLAIN),
        (b"From me\n.\n--x\nto=20you", PLAIN),
        (b"a\n\n", QUOTED),
        (b"a ", QUOTED),
        (b"a\t\n", QUOTED),
        (b"\n", QUOTED),
        (b" ", QUOTED),
        (b"a\r\nb\n", QUOTED),
        (b"a\rb", QUOTED),
        (b"a\x0bb\x0cc\x1cd\x1de\x1ef\x7f\x01", QUOTED),
        ("é\n".encode(), QUOTED),
        ("a\u2028b\x85c".encode(), QUOTED),
        ("\ufeffa".encode(), QUOTED),
        (b"a\0b", BASE64),
        (b"\0", BASE64),
        (b"\xff", BASE64),
        (b"\xc0\x80", BASE64),
        (b"\xed\xa0\x80", BASE64),
    ],
)
def test_the_plainest_form_that_loses_nothing_is_taken(payload: bytes, form: TransferForm) -> None:
    assert transfer_form(payload) is form
    assert carried(payload) == payload


def carried(payload: bytes) -> bytes:
    """What a receiver makes of it that does as the deployed ones do: blank ends and foreign line ends are lost."""
    form = transfer_form(payload)
    body = encode(payload, form)
    assert b"\r" not in body
    if form is PLAIN:
        stripped = body.decode("ascii").rstrip()
        assert payload in {stripped.encode(), stripped.encode() + b"\n"}
        return decode(body, "text/plain", "7bit")
    if form is QUOTED:
        assert body.isascii()
        lines = body.decode("ascii").rstrip().splitlines()
        assert quopri.decodestring("\n".join(lines).encode()) in {payload, payload.removesuffix(b"\n")}
        return decode(body, "text/plain", "quoted-printable")
    return decode(body, "application/octet-stream", "base64")


@pytest.mark.parametrize("size", [70, 71, 72, 73, 74, 75, 76, 77, 78, 200])
@pytest.mark.parametrize("end", [b"", b"\n", b" ", b"\n\n", b"=", b"\r", "é".encode()])
def test_lines_of_any_length_and_end_come_back(size: int, end: bytes) -> None:
    for line in (b"x" * size, "é".encode() * size, b"= " * size):
        payload = "ü".encode() + line + end + b"\n" + line + end
        assert carried(payload) == payload
        body = encode(payload, QUOTED)
        assert max(map(len, body.split(b"\n"))) <= 77  # RFC 2045 asks for 76; with the soft break we may reach 77


def test_an_empty_body_is_refused() -> None:
    with pytest.raises(MalformedEnvelopeError):
        decode(b"", "text/plain", "7bit")
    with pytest.raises(MalformedEnvelopeError):
        decode(b"\n", "application/octet-stream", "base64")


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(MalformedEnvelopeError):
        decode(b"x", "text/plain", "x-uuencode")
