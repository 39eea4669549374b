# SPDX-License-Identifier: Apache-2.0
"""Signature and digest algorithms in CMS: the short list of those that are accepted (RFC 4055, 5754, 8017)."""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from ssm.envelope import ber, oids
from ssm.envelope.accepted import STRONG, Accepted
from ssm.envelope.ber import SEQUENCE, BerError, Value
from ssm.envelope.certificate import Certificate, PrivateKey
from ssm.errors import SignatureError

MAX_SALT_OCTETS = 1024
# Fields of RSASSA-PSS-params: digest, mask generation, salt length, trailer (RFC 4055, 3.1).
PSS_DIGEST, PSS_MASK, PSS_SALT, PSS_TRAILER = 0xA0, 0xA1, 0xA2, 0xA3


def make_signature(key: PrivateKey, octets: bytes) -> tuple[bytes, bytes]:
    """A signature with SHA-256 in the form that every peer reads, and its algorithm identifier."""
    if isinstance(key, rsa.RSAPrivateKey):
        algorithm = ber.tlv(SEQUENCE, ber.oid(oids.RSA), ber.tlv(ber.NULL))
        return key.sign(octets, padding.PKCS1v15(), hashes.SHA256()), algorithm
    algorithm = ber.tlv(SEQUENCE, ber.oid(oids.ECDSA_WITH_SHA256))
    return key.sign(octets, ec.ECDSA(hashes.SHA256())), algorithm


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature as a SignerInfo has it."""

    algorithm: Value
    digest_name: str
    signature: bytes
    octets: bytes
    """What is signed."""


def check_signature(certificate: Certificate, claim: Claim, accepted: Accepted) -> None:
    """The signature itself, in one of the forms that are accepted."""
    try:
        key = certificate.public_key()
    except ValueError as error:
        raise SignatureError(f"the signer's key is not accepted: {error}") from error
    kind, parameters = read_algorithm(claim.algorithm)
    digest = accepted.hashes[claim.digest_name]()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            padded = rsa_padding(kind, parameters, claim.digest_name, accepted)
            key.verify(claim.signature, claim.octets, padded, digest)
        else:
            require_ecdsa(kind, parameters, claim.digest_name)
            key.verify(claim.signature, claim.octets, ec.ECDSA(digest))
    except InvalidSignature as error:
        raise SignatureError("the signature was not made by the certificate's key") from error


def require_ecdsa(kind: str, parameters: Value | None, digest_name: str) -> None:
    """ECDSA with the very digest that the SignerInfo names."""
    if oids.ECDSA_WITH_DIGEST.get(kind) != digest_name:
        raise SignatureError(f"the signature algorithm {kind} does not suit key and digest")
    require_no_parameters(parameters)


def rsa_padding(
    kind: str, parameters: Value | None, digest_name: str, accepted: Accepted
) -> padding.PKCS1v15 | padding.PSS:
    """How an RSA signature is padded; the digest must be the one that the SignerInfo names."""
    if kind == oids.RSA_PSS and parameters is not None:
        return pss(parameters, digest_name)
    if kind != oids.RSA and accepted.rsa_with_digest.get(kind) != digest_name:
        raise SignatureError(f"the signature algorithm {kind} does not suit key and digest")
    require_no_parameters(parameters)
    return padding.PKCS1v15()


def pss(parameters: Value, digest_name: str) -> padding.PSS:
    """RSASSA-PSS with MGF1 of the same digest and a salt at least as long (RFC 4055, section 3.1)."""
    fields = {field.tag: field.children() for field in parameters.expect(SEQUENCE, "PSS parameters").walk()}
    if not fields.keys() >= {PSS_DIGEST, PSS_MASK, PSS_SALT} or any(len(inside) != 1 for inside in fields.values()):
        raise SignatureError("the PSS parameters are incomplete, so that they mean SHA-1")
    mask, mask_digest = read_algorithm(fields[PSS_MASK][0])
    salt = fields[PSS_SALT][0].integer()
    same = (
        read_digest_algorithm(fields[PSS_DIGEST][0], STRONG) == digest_name
        and mask == oids.MGF1
        and mask_digest is not None
        and read_digest_algorithm(mask_digest, STRONG) == digest_name
    )
    trailer_is_standard = PSS_TRAILER not in fields or fields[PSS_TRAILER][0].integer() == 1
    salt_is_long = hashlib.new(digest_name).digest_size <= salt <= MAX_SALT_OCTETS
    if not (same and trailer_is_standard and salt_is_long):
        raise SignatureError("the PSS parameters are not accepted")
    return padding.PSS(padding.MGF1(STRONG.hashes[digest_name]()), salt)


def read_digest_algorithm(value: Value, accepted: Accepted) -> str:
    """Name of an allowed digest; parameters are absent or NULL."""
    kind, parameters = read_algorithm(value)
    if kind not in accepted.digests:
        raise SignatureError(f"the digest algorithm {kind} is not accepted")
    require_no_parameters(parameters)
    return accepted.digests[kind]


def read_algorithm(value: Value) -> tuple[str, Value | None]:
    """Identifier and parameters of an AlgorithmIdentifier."""
    fields = value.expect(SEQUENCE, "an algorithm").children()
    if not 1 <= len(fields) <= 2:  # noqa: PLR2004 - identifier and parameters
        raise BerError("an algorithm identifier is malformed")
    return fields[0].oid(), fields[1] if len(fields) > 1 else None


def require_no_parameters(parameters: Value | None) -> None:
    """Absent or NULL, as RFC 5754 has it."""
    if parameters is not None and (parameters.tag != ber.NULL or parameters.octets()):
        raise SignatureError("the algorithm has unexpected parameters")
