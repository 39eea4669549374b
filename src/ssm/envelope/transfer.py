# SPDX-License-Identifier: Apache-2.0
"""How a payload stands inside the signed part: in the plainest form that brings it across unharmed.

Deployed receivers strip blank ends, decode as ASCII and read quoted-printable, but not base64. So: ASCII text that
loses nothing by that as it is, other UTF-8 text as quoted-printable, anything else as base64.
"""

import binascii
import re
from enum import Enum

from ssm.envelope.mime import decode_base64, encode_base64
from ssm.errors import MalformedEnvelopeError

PLAIN_OCTETS = bytes((9, 10, *range(0x20, 0x7F)))
# Lines that cannot stand as they are: "=", beyond printable ASCII, too long, or with a blank at the end.
TO_BE_QUOTED = re.compile(rb"^(?:.{77,}|.*[^\n\x20-\x3c\x3e-\x7e].*|.*[ \t])$", re.MULTILINE)
BLANK = b" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f"
IDENTITY = ("7bit", "8bit", "binary")


class TransferForm(Enum):
    """The forms, each with the header block that announces it."""

    PLAIN = b"Content-Type: text/plain\n"
    QUOTED_PRINTABLE = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n"
    BASE64 = b"Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n"


def transfer_form(payload: bytes) -> TransferForm:
    """The plainest form in which every octet of this payload arrives."""
    if not payload.translate(None, PLAIN_OCTETS):
        head = payload.rstrip(BLANK)
        if head and payload[len(head) :] in {b"", b"\n"}:
            return TransferForm.PLAIN
    if b"\0" not in payload and is_utf8(payload):
        return TransferForm.QUOTED_PRINTABLE
    return TransferForm.BASE64


def is_utf8(octets: bytes) -> bool:
    """True when the octets are UTF-8 text."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def encode(payload: bytes, form: TransferForm) -> bytes:
    """The payload in that form, with LF line ends."""
    match form:
        case TransferForm.PLAIN:
            return payload
        case TransferForm.QUOTED_PRINTABLE:
            return quoted_printable(payload)
        case TransferForm.BASE64:  # pragma: no branch - there is no fourth, as mypy proves
            return encode_base64(payload)


def quoted_printable(payload: bytes) -> bytes:
    """Line by line; whatever a receiver might strip at the end is written out (RFC 2045, 6.7)."""
    head = payload.rstrip(BLANK)
    tail = payload[len(head) :]
    text = TO_BE_QUOTED.sub(lambda line: binascii.b2a_qp(line[0], istext=False).replace(b"\r\n", b"\n"), head)
    if tail in {b"", b"\n"} and head:
        return text + tail
    written_out = b"".join(b"=%02X" % octet for octet in tail)
    pieces = [written_out[at : at + 72] for at in range(0, len(written_out), 72)]
    return text + b"".join(b"=\n" + piece for piece in pieces)


def decode(body: bytes, media_type: str, encoding: str) -> bytes:
    """The payload that a verified part holds; text must be UTF-8 without NUL. ``body`` has LF line ends."""
    if encoding in IDENTITY:
        payload = body
    elif encoding == "quoted-printable":
        payload = binascii.a2b_qp(body)
    elif encoding == "base64":
        payload = decode_base64(body)
    else:
        raise MalformedEnvelopeError("the part has an unknown transfer encoding")
    if not payload:
        raise MalformedEnvelopeError("the message is signed, but empty")
    if media_type.startswith("text/") and (b"\0" in payload or not is_utf8(payload)):
        raise MalformedEnvelopeError("the text is not UTF-8, or holds NUL")
    return payload
