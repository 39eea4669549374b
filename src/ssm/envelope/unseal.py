# SPDX-License-Identifier: Apache-2.0
"""From sealed message to payload: bounds, decrypt at most once, verify, path, and only then the content.

There is one way through this file. Nothing of a message is given back before the signature and the path of the
one signer's certificate are proved; whatever fails raises a RejectError, or CannotJudgeError when the fault is ours.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from ssm.envelope import oids
from ssm.envelope.accepted import STRONG, Accepted
from ssm.envelope.ber import SEQUENCE, BerError, Value, read_one
from ssm.envelope.certificate import DecryptionKey
from ssm.envelope.enveloped_data import decrypt
from ssm.envelope.mime import (
    ENVELOPES,
    MULTIPART_SIGNED,
    SIGNATURES,
    Headers,
    boundary_of,
    decode_base64,
    read_headers,
    two_parts,
)
from ssm.envelope.opened import OpenedMessage
from ssm.envelope.signed_data import Digester, Proved, read_signed_data, verify
from ssm.envelope.transfer import decode
from ssm.errors import DecryptionError, MalformedEnvelopeError, NotForUsError, RejectError, UntrustedCertificateError

CHUNK = 1 << 20
DEFAULT_MAX_OCTETS = 160 * 1024 * 1024
CONTEXT_0 = 0xA0


class PathJudge(Protocol):
    """Whether a certificate holds: chain, dates, revocation, namespace."""

    def judge(self, certificate_der: bytes) -> None:
        """UntrustedCertificateError when it does not; CannotJudgeError when we cannot know."""


@dataclass(frozen=True, slots=True)
class SignedEntity:
    """Something signed, verified, and not yet decoded."""

    content: bytes
    """Header block and body of the signed part, with LF line ends."""
    proved: Proved


def unseal(
    message: bytes,
    judge: PathJudge,
    key: DecryptionKey | None = None,
    max_octets: int = DEFAULT_MAX_OCTETS,
    *,
    accepted: Accepted = STRONG,
) -> OpenedMessage:
    """Open a message, or raise. ``key`` is ours, to decrypt with."""
    if len(message) > max_octets:
        raise MalformedEnvelopeError(f"the message has {len(message)} octets, more than {max_octets}")
    try:
        entity, was_encrypted = open_outermost(message, key, accepted)
    except BerError as error:
        raise MalformedEnvelopeError(f"the CMS structure is malformed: {error}") from error
    certificate = entity.proved.certificate
    judge.judge(certificate.der)
    try:
        signer = certificate.dn()
    except ValueError as error:
        raise UntrustedCertificateError(f"the signer's name cannot be listed: {error}") from error
    return OpenedMessage(payload_of(entity.content), signer, was_encrypted, entity.proved.signing_time)


def open_outermost(message: bytes, key: DecryptionKey | None, accepted: Accepted) -> tuple[SignedEntity, bool]:
    """The signed entity, directly or inside one envelope."""
    headers = read_headers(message)
    if headers.media_type()[0] not in ENVELOPES:
        return open_multipart(message, headers, accepted), False
    kind, body = content_info(cms_octets(message, headers))
    if kind == oids.SIGNED_DATA:
        return open_opaque(body, accepted), False
    if kind not in {oids.ENVELOPED_DATA, oids.AUTH_ENVELOPED_DATA}:
        raise MalformedEnvelopeError("the message is neither signed nor encrypted")
    if key is None:
        raise NotForUsError("the message is encrypted, and there is no key to decrypt with")
    plaintext = decrypt(kind, body, key, accepted)
    del body
    try:
        return open_inner(plaintext, accepted), True
    except (RejectError, BerError):
        # CBC is malleable: bad padding, a broken part and a bad signature must look the same from outside.
        raise DecryptionError from None


def open_inner(plaintext: bytes, accepted: Accepted) -> SignedEntity:
    """The signed entity inside an envelope."""
    headers = read_headers(plaintext)
    media_type, _ = headers.media_type()
    if media_type not in ENVELOPES:
        return open_multipart(plaintext, headers, accepted)
    kind, body = content_info(cms_octets(plaintext, headers))
    if kind != oids.SIGNED_DATA:
        raise MalformedEnvelopeError("what is encrypted must be signed, and not encrypted again")
    return open_opaque(body, accepted)


def cms_octets(data: bytes, headers: Headers, stop: int | None = None) -> bytes:
    """The CMS structure that an entity holds, in base64 or as it is."""
    encoding = headers.transfer_encoding()
    body = data[headers.body : stop]
    if encoding == "base64":
        return decode_base64(body)
    if encoding == "binary":
        return body
    raise MalformedEnvelopeError("a CMS structure must come in base64")


def content_info(octets: bytes) -> tuple[str, Value]:
    """Type and content of a ContentInfo (RFC 5652, section 3)."""
    fields = read_one(octets).expect(SEQUENCE, "a ContentInfo").children()
    if len(fields) != 2:  # noqa: PLR2004 - type and content
        raise BerError("a ContentInfo is not a type and a content")
    inside = fields[1].expect(CONTEXT_0, "the content").children()
    if len(inside) != 1:
        raise BerError("a ContentInfo does not hold one content")
    return fields[0].oid(), inside[0]


def open_multipart(data: bytes, headers: Headers, accepted: Accepted) -> SignedEntity:
    """A multipart/signed message: content first, detached signature second (RFC 8551, 3.5.3)."""
    media_type, parameters = headers.media_type()
    if media_type != MULTIPART_SIGNED:
        raise MalformedEnvelopeError("the message is not signed")
    if parameters.get("protocol", "").lower() not in SIGNATURES:
        raise MalformedEnvelopeError("the signature is of another protocol than S/MIME")
    content, signature = two_parts(data, headers.body, boundary_of(parameters))
    signature_headers = read_headers(data, signature.start)
    if signature_headers.media_type()[0] not in SIGNATURES:
        raise MalformedEnvelopeError("the second part is not a signature")
    if signature_headers.transfer_encoding() != "base64":
        raise MalformedEnvelopeError("the signature is not in base64")
    kind, body = content_info(cms_octets(data, signature_headers, signature.stop))
    if kind != oids.SIGNED_DATA:
        raise MalformedEnvelopeError("the second part is not a signature")
    signed = read_signed_data(body)
    if signed.content is not None:
        raise MalformedEnvelopeError("the content is embedded and detached at once")
    text = data[content.start : content.stop]
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n")
    return SignedEntity(text, verify(signed, canonical_digester(text), accepted))


def open_opaque(body: Value, accepted: Accepted) -> SignedEntity:
    """A SignedData that holds its content (RFC 8551, 3.5.2)."""
    signed = read_signed_data(body)
    if signed.content is None:
        raise MalformedEnvelopeError("the signed content is missing")
    content = signed.content
    proved = verify(signed, lambda name: hashlib.new(name, content).digest(), accepted)
    return SignedEntity(bytes(content).replace(b"\r\n", b"\n"), proved)


def canonical_digester(text: bytes) -> Digester:
    """Digests the text with CRLF line ends, a megabyte at a time."""

    def digest(name: str) -> bytes:
        hasher = hashlib.new(name)
        for begin in range(0, len(text), CHUNK):
            hasher.update(text[begin : begin + CHUNK].replace(b"\n", b"\r\n"))
        return hasher.digest()

    return digest


def payload_of(content: bytes) -> bytes:
    """What a verified part holds; parts that are themselves containers are refused."""
    headers = read_headers(content)
    media_type, _ = headers.media_type()
    if media_type.startswith(("multipart/", "message/")) or media_type in (*ENVELOPES, *SIGNATURES):
        raise MalformedEnvelopeError(f"the signed part is itself a {media_type}")
    return decode(content[headers.body :], media_type or "text/plain", headers.transfer_encoding())
