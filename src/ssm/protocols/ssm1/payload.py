# SPDX-License-Identifier: Apache-2.0
"""How a payload stands inside the signed text: compressed, in base64; and the fingerprint that acknowledges it."""

import base64
import binascii
import hashlib
import zlib

from ssm.errors import MalformedEnvelopeError


def fingerprint(payload: bytes) -> str:
    """MD5 in lower-case hexadecimal (SSM 1, message sequence). It names a message; nothing is trusted because of it."""
    return hashlib.md5(payload, usedforsecurity=False).hexdigest()


def pack(payload: bytes) -> bytes:
    """The text that is signed: lines of 76 characters, the last one ended as well."""
    return base64.encodebytes(zlib.compress(payload))


def unpack(text: bytes, max_octets: int) -> bytes:
    """The payload of a signed text. MalformedEnvelopeError when it is none, or decompresses beyond the bound."""
    try:
        compressed = binascii.a2b_base64(text.translate(None, b" \t\r\n"), strict_mode=True)
    except binascii.Error as error:
        raise MalformedEnvelopeError("the signed text is not base64") from error
    inflater = zlib.decompressobj()
    try:
        payload = inflater.decompress(compressed, max_octets + 1)
    except zlib.error as error:
        raise MalformedEnvelopeError("the signed text is not compressed as it should be") from error
    if len(payload) > max_octets:
        raise MalformedEnvelopeError(f"the message decompresses to more than {max_octets} octets")
    if not inflater.eof or inflater.unused_data:
        raise MalformedEnvelopeError("the compressed text is cut off, or something follows it")
    if not payload:
        raise MalformedEnvelopeError("the message is empty")
    return payload
