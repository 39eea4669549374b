# SPDX-License-Identifier: Apache-2.0
"""CMS SignedData (RFC 5652, section 5): made with one signer, and believed only when every rule holds.

Verification ties everything to the one certificate whose key made the one SignerInfo. This file never looks at
other certificates of the message, never takes a digest or a key on trust, and gives nothing back but that
certificate and the signer's word for the time.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from ssm.envelope import ber, oids
from ssm.envelope.accepted import Accepted
from ssm.envelope.ber import OCTET_STRING, SEQUENCE, SET, BerError, Value
from ssm.envelope.certificate import Certificate, Signer, parse_certificate
from ssm.envelope.signature import Claim, check_signature, make_signature, read_digest_algorithm
from ssm.errors import SignatureError

MAX_CERTIFICATES = 16
MAX_ATTRIBUTES = 32
CONTEXT_0, CONTEXT_1, IMPLICIT_0 = 0xA0, 0xA1, 0x80

Digester = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Proved:
    """What a good signature proves."""

    certificate: Certificate
    signing_time: datetime | None
    """The signer's word, timezone-aware UTC."""


@dataclass(frozen=True, slots=True)
class SignedData:
    """The parts of a SignedData, read but not yet believed."""

    content: bytes | memoryview | None
    """Embedded content, or None when it is detached."""
    certificates: tuple[bytes, ...]
    signer: Value
    """The one SignerInfo."""


def sign(digest: bytes, signer: Signer, signing_time: datetime, content: bytes | None = None) -> bytes:
    """DER of a ContentInfo with a SignedData over the SHA-256 digest of the content, detached unless given."""
    attributes = sorted(
        (
            attribute(oids.CONTENT_TYPE, ber.oid(oids.DATA)),
            attribute(oids.SIGNING_TIME, time_value(signing_time)),
            attribute(oids.MESSAGE_DIGEST, ber.tlv(OCTET_STRING, digest)),
        )
    )
    signature, algorithm = make_signature(signer.key, ber.tlv(SET, *attributes))
    certificate = signer.certificate
    sha256 = ber.tlv(SEQUENCE, ber.oid(oids.SHA256))
    signer_info = ber.tlv(
        SEQUENCE,
        ber.integer(1),
        ber.tlv(SEQUENCE, certificate.issuer, ber.integer(certificate.serial)),
        sha256,
        ber.tlv(CONTEXT_0, *attributes),
        algorithm,
        ber.tlv(OCTET_STRING, signature),
    )
    embedded = [] if content is None else [ber.tlv(CONTEXT_0, ber.tlv(OCTET_STRING, content))]
    signed_data = ber.tlv(
        SEQUENCE,
        ber.integer(1),
        ber.tlv(SET, sha256),
        ber.tlv(SEQUENCE, ber.oid(oids.DATA), *embedded),
        ber.tlv(CONTEXT_0, certificate.der),
        ber.tlv(SET, signer_info),
    )
    return ber.tlv(SEQUENCE, ber.oid(oids.SIGNED_DATA), ber.tlv(CONTEXT_0, signed_data))


def attribute(kind: str, value: bytes) -> bytes:
    """One attribute with one value."""
    return ber.tlv(SEQUENCE, ber.oid(kind), ber.tlv(SET, value))


def time_value(moment: datetime) -> bytes:
    """UTCTime until 2049, GeneralizedTime after (RFC 5652, 11.3)."""
    text = moment.astimezone(UTC)
    if 1950 <= text.year < 2050:  # noqa: PLR2004 - the years of UTCTime
        return ber.tlv(ber.UTC_TIME, text.strftime("%y%m%d%H%M%SZ").encode())
    return ber.tlv(ber.GENERALIZED_TIME, text.strftime("%Y%m%d%H%M%SZ").encode())


def read_signed_data(body: Value) -> SignedData:
    """Read the structure; BerError when it is not one, SignatureError when there is not exactly one signer."""
    fields = body.expect(SEQUENCE, "SignedData").children()
    if len(fields) < 4:  # noqa: PLR2004 - version, digest algorithms, content, signers
        raise BerError("SignedData is cut off")
    content = read_content(fields[2])
    optional = {value.tag: value for value in fields[3:-1]}
    if list(optional) != sorted(optional.keys() & {CONTEXT_0, CONTEXT_1}) or len(optional) != len(fields) - 4:
        raise BerError("an unexpected value in SignedData")
    # CRLs in messages, which are [1], are not looked at.
    certificates = read_certificates(optional[CONTEXT_0]) if CONTEXT_0 in optional else ()
    signers = fields[-1].expect(SET, "the set of signers").children()
    if len(signers) != 1:
        raise SignatureError(f"the message has {len(signers)} signers, not one")
    return SignedData(content, certificates, signers[0])


def read_content(value: Value) -> bytes | memoryview | None:
    """The embedded content, if there is some."""
    fields = value.expect(SEQUENCE, "the encapsulated content").children()
    if not fields or fields[0].oid() != oids.DATA:
        raise SignatureError("the signed content is not plain data")
    if len(fields) == 1:
        return None
    inside = fields[1].expect(CONTEXT_0, "the content").children()
    if len(inside) != 1 or len(fields) > 2:  # noqa: PLR2004 - type and content
        raise BerError("the encapsulated content is malformed")
    return inside[0].string()


def read_certificates(value: Value) -> tuple[bytes, ...]:
    """The DER of the certificates; the same one twice counts once."""
    found: dict[bytes, None] = {}
    for count, certificate in enumerate(value.walk(), start=1):
        if count > MAX_CERTIFICATES:
            raise SignatureError("the message holds too many certificates")
        found[certificate.expect(SEQUENCE, "a certificate").raw()] = None
    return tuple(found)


def verify(signed: SignedData, digest_of_content: Digester, accepted: Accepted) -> Proved:
    """Believe a signature, or raise SignatureError; BerError where the structure is broken."""
    fields = signed.signer.expect(SEQUENCE, "SignerInfo").children()
    if len(fields) not in {6, 7} or fields[3].tag != CONTEXT_0:
        raise SignatureError("the signature has no signed attributes, or is malformed")
    _, signer_id, digest_algorithm, attributes, signature_algorithm, signature = fields[:6]
    certificate = the_one_certificate(signed.certificates, signer_id)
    digest_name = read_digest_algorithm(digest_algorithm, accepted)
    values = read_attributes(attributes)
    check_attributes(values, digest_of_content(digest_name))
    octets = ber.to_der(attributes, SET)
    check_signature(certificate, Claim(signature_algorithm, digest_name, bytes(signature.string()), octets), accepted)
    return Proved(certificate, read_time(values.get(oids.SIGNING_TIME)))


def the_one_certificate(certificates: tuple[bytes, ...], signer_id: Value) -> Certificate:
    """The certificate that the SignerInfo names: exactly one of those in the message fits."""
    fits = matcher(signer_id)
    found = []
    for der in certificates:
        try:
            certificate = parse_certificate(der)
        except ValueError:
            continue  # a certificate that nobody can read names nobody
        if fits(certificate):
            found.append(certificate)
    if len(found) != 1:
        raise SignatureError(f"{len(found)} certificates of the message fit the signature, not one")
    return found[0]


def matcher(signer_id: Value) -> Callable[[Certificate], bool]:
    """Whether a certificate is the one named, by issuer and serial number or by key identifier."""
    if signer_id.tag == IMPLICIT_0:
        key_identifier = signer_id.octets()
        return lambda certificate: certificate.key_identifier() == key_identifier
    parts = signer_id.expect(SEQUENCE, "the signer's identifier").children()
    if len(parts) != 2:  # noqa: PLR2004 - issuer and serial number
        raise BerError("the signer's identifier is malformed")
    issuer, serial = parts[0].raw(), parts[1].integer()
    return lambda certificate: certificate.serial == serial and certificate.issuer == issuer


def read_attributes(attributes: Value) -> dict[str, Value]:
    """The single value of each signed attribute; nothing stands twice."""
    values: dict[str, Value] = {}
    for count, item in enumerate(attributes.walk(), start=1):
        parts = item.expect(SEQUENCE, "an attribute").children()
        if count > MAX_ATTRIBUTES or len(parts) != 2:  # noqa: PLR2004 - type and values
            raise BerError("the signed attributes are malformed, or too many")
        kind = parts[0].oid()
        if kind in values:
            raise SignatureError(f"the signed attribute {kind} stands twice")
        held = parts[1].expect(SET, "an attribute's values").children()
        if not held or (len(held) > 1 and kind in {oids.CONTENT_TYPE, oids.MESSAGE_DIGEST, oids.SIGNING_TIME}):
            raise SignatureError(f"the signed attribute {kind} does not have one value")
        values[kind] = held[0]
    return values


def check_attributes(values: dict[str, Value], digest: bytes) -> None:
    """The attributes name plain data and this very content (RFC 5652, 11.1 and 11.2)."""
    content_type = values.get(oids.CONTENT_TYPE)
    if content_type is None or content_type.oid() != oids.DATA:
        raise SignatureError("the signed attributes do not name the content type")
    claimed = values.get(oids.MESSAGE_DIGEST)
    if claimed is None:
        raise SignatureError("the signed attributes do not name a digest")
    if not hmac.compare_digest(bytes(claimed.string()), digest):
        raise SignatureError("the content is not what was signed: possible tampering")


def read_time(value: Value | None) -> datetime | None:
    """The signing time, if there is one that can be read; it proves nothing either way."""
    forms = {ber.UTC_TIME: "%y%m%d%H%M%SZ", ber.GENERALIZED_TIME: "%Y%m%d%H%M%SZ"}
    if value is None or value.tag not in forms:
        return None
    try:
        return datetime.strptime(value.octets().decode("ascii"), forms[value.tag]).replace(tzinfo=UTC)
    except ValueError:
        return None
