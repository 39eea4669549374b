# SPDX-License-Identifier: Apache-2.0
"""Certificates as values, and the three roles they play: signer, recipient, owner of the key that decrypts."""

import hmac
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ssm.envelope.ber import SEQUENCE, BerError, read_one
from ssm.envelope.subject import slash_form
from ssm.errors import CredentialError
from ssm.names import DistinguishedName

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
CURVES = ("secp256r1", "secp384r1", "secp521r1")
MAX_CERTIFICATE_OCTETS = 64 * 1024

# With implicit rejection, bad padding gives a pseudo-random key instead of an error that somebody can learn from.
OPENSSL_WITH_IMPLICIT_REJECTION = 0x30200000


@dataclass(frozen=True, slots=True)
class Certificate:
    """What we need to know of one certificate."""

    der: bytes
    serial: int
    issuer: bytes
    """DER of the issuer's name, as it stands in the certificate."""
    subject: bytes
    """DER of the subject's name, as it stands in the certificate."""
    x509: x509.Certificate

    def key_identifier(self) -> bytes | None:
        """The subject key identifier, if there is one."""
        try:
            return self.x509.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
            return None

    def public_key(self) -> PublicKey:
        """Its key, of a kind and size that we accept; ValueError else."""
        return public_key(self.der)

    def dn(self) -> DistinguishedName:
        """Its subject in slash form; ValueError when it has none."""
        return dn(self.subject)


@lru_cache(maxsize=256)
def parse_certificate(der: bytes) -> Certificate:
    """Read one certificate; ValueError when it is none. Cached: the same few come again and again."""
    if len(der) > MAX_CERTIFICATE_OCTETS:
        raise BerError("a certificate of more than 64 KiB")
    body = read_one(der).expect(SEQUENCE, "a certificate").children()
    if not body:
        raise BerError("an empty certificate")
    fields = body[0].expect(SEQUENCE, "a certificate body").children()
    if fields and fields[0].tag == 0xA0:  # noqa: PLR2004 - [0] version, absent in v1 (RFC 5280, 4.1)
        fields = fields[1:]
    if len(fields) < 6:  # noqa: PLR2004 - serial, algorithm, issuer, validity, subject, key
        raise BerError("a certificate body is cut off")
    try:
        loaded = x509.load_der_x509_certificate(der)
    except x509.InvalidVersion as error:  # the one thing that the library raises and that is no ValueError
        raise BerError("a certificate of an unknown version") from error
    return Certificate(der, fields[0].integer(), fields[2].raw(), fields[4].raw(), loaded)


@lru_cache(maxsize=256)
def public_key(der: bytes) -> PublicKey:
    """The key of a certificate, if it is one that we accept; ValueError else."""
    try:
        key = parse_certificate(der).x509.public_key()
    except UnsupportedAlgorithm as error:
        raise ValueError("the kind of key is unknown") from error
    if isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise ValueError(f"an RSA key of {key.key_size} bits; {MIN_RSA_BITS} to {MAX_RSA_BITS} are accepted")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES:
        return key
    raise ValueError("the key is neither RSA nor on the curve P-256, P-384 or P-521")


@lru_cache(maxsize=256)
def dn(name_der: bytes) -> DistinguishedName:
    """Slash form of a name; cached."""
    return slash_form(name_der)


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate with its key, to sign with."""

    certificate: Certificate
    key: PrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, certificate_pem: bytes, key_pem: bytes) -> "Signer":
        """Read and match the two; CredentialError says what is wrong."""
        return cls(*matched(certificate_pem, key_pem))

    def dn(self) -> DistinguishedName:
        """Whom receivers must have on their list; CredentialError when no list could hold the name."""
        try:
            return self.certificate.dn()
        except ValueError as error:
            raise CredentialError(f"the certificate's subject cannot be listed: {error}") from error


@dataclass(frozen=True, slots=True)
class Recipient:
    """A certificate to encrypt to."""

    certificate: Certificate
    key: rsa.RSAPublicKey

    @classmethod
    def from_pem(cls, certificate_pem: bytes) -> "Recipient":
        """Read it; CredentialError when nothing can be encrypted to it."""
        certificate = certificate_of(certificate_pem)
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise CredentialError("EC certificate: cannot encrypt to it", hint="the server needs an RSA certificate")
        return cls(certificate, key)


@dataclass(frozen=True, slots=True)
class DecryptionKey:
    """A certificate with the key that opens what is encrypted to it."""

    certificate: Certificate
    key: rsa.RSAPrivateKey = field(repr=False)

    @classmethod
    def from_pem(cls, certificate_pem: bytes, key_pem: bytes) -> "DecryptionKey | None":
        """Read and match the two; None for an EC certificate, to which nothing can be encrypted."""
        certificate, key = matched(certificate_pem, key_pem)
        if not isinstance(key, rsa.RSAPrivateKey):
            return None
        if backend.openssl_version_number() < OPENSSL_WITH_IMPLICIT_REJECTION:
            raise CredentialError(
                f"decryption would leak with {backend.openssl_version_text()}",
                hint="install a build of the cryptography library with OpenSSL 3.2 or later",
            )
        return cls(certificate, key)


def certificate_of(pem: bytes) -> Certificate:
    """The first certificate of a PEM file; CredentialError when there is none that we accept."""
    try:
        loaded = x509.load_pem_x509_certificate(pem)
        certificate = parse_certificate(loaded.public_bytes(serialization.Encoding.DER))
        certificate.public_key()
    except ValueError as error:
        raise CredentialError(f"not a certificate we can use: {error}") from error
    return certificate


def matched(certificate_pem: bytes, key_pem: bytes) -> tuple[Certificate, PrivateKey]:
    """A certificate and its private key; CredentialError when they do not belong together."""
    certificate = certificate_of(certificate_pem)
    try:
        key = serialization.load_pem_private_key(key_pem, password=None)
    except TypeError as error:
        hint = "write it without one, readable by the owner only: openssl pkey -in KEY -out NEWKEY"
        raise CredentialError("the private key is protected by a pass phrase", hint=hint) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CredentialError(f"not a private key we can use: {error}") from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CredentialError("the private key is neither RSA nor elliptic-curve")
    if not hmac.compare_digest(spki(key.public_key()), spki(certificate.public_key())):
        raise CredentialError("Cert and key don't match.", hint="are both files from the same renewal?")
    return certificate, key


def spki(key: PublicKey) -> bytes:
    """DER of a public key."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
