# SPDX-License-Identifier: Apache-2.0
"""CMS and MIME built octet by octet, without the code under test, so that one rule at a time can be broken."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.pki import Credential

DATA, SIGNED, ENVELOPED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.3"
AUTH_ENVELOPED, COMPRESSED = "1.2.840.113549.1.9.16.1.23", "1.2.840.113549.1.9.16.1.9"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"1.2.840.113549.1.9.{arc}" for arc in (3, 4, 5))
RSA, OAEP, MGF1, PSS = (f"1.2.840.113549.1.1.{arc}" for arc in (1, 7, 8, 10))
SHA1, MD5 = "1.3.14.3.2.26", "1.2.840.113549.2.5"
SHA256, SHA384, SHA512 = (f"2.16.840.1.101.3.4.2.{arc}" for arc in (1, 2, 3))
RSA_SHA1, RSA_SHA256, RSA_SHA512 = (f"1.2.840.113549.1.1.{arc}" for arc in (5, 11, 13))
ECDSA_SHA256, ECDSA_SHA384 = "1.2.840.10045.4.3.2", "1.2.840.10045.4.3.3"
AES_CBC = {16: "2.16.840.1.101.3.4.1.2", 24: "2.16.840.1.101.3.4.1.22", 32: "2.16.840.1.101.3.4.1.42"}
AES_GCM = {16: "2.16.840.1.101.3.4.1.6", 24: "2.16.840.1.101.3.4.1.26", 32: "2.16.840.1.101.3.4.1.46"}
TRIPLE_DES = "1.2.840.113549.3.7"

CONTENT = b"Content-Type: text/plain\r\n\r\nSite: TEST\r\n"
BOUNDARY = b"----0123456789ABCDEF"


def tlv(tag: int, *contents: bytes) -> bytes:
    """One DER value."""
    body = b"".join(contents)
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 128 | len(length))) + length + body


def indefinite(tag: int, *contents: bytes) -> bytes:
    """One BER value of indefinite length."""
    return bytes((tag, 0x80)) + b"".join(contents) + b"\0\0"


def seq(*contents: bytes) -> bytes:
    return tlv(0x30, *contents)


def set_of(*contents: bytes) -> bytes:
    return tlv(0x31, *contents)


def octets(content: bytes) -> bytes:
    return tlv(4, content)


def number(value: int) -> bytes:
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def oid(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    body = b""
    for arc in (40 * first + second, *rest):
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.insert(0, arc & 127 | 128)
        body += bytes(groups)
    return tlv(6, body)


def algorithm(identifier: str, *parameters: bytes) -> bytes:
    return seq(oid(identifier), *parameters)


NULL = tlv(5)
DER = serialization.Encoding.DER


def attribute(kind: str, *values: bytes) -> bytes:
    return seq(oid(kind), set_of(*values))


def issuer_and_serial(credential: Credential) -> bytes:
    certificate = credential.certificate
    return seq(certificate.issuer.public_bytes(), number(certificate.serial_number))


def key_identifier(credential: Credential) -> bytes:
    found = credential.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return tlv(0x80, found.value.digest)


def sign_with(credential: Credential, digest: hashes.HashAlgorithm) -> Callable[[bytes], bytes]:
    """A signer in the plain form of the key's kind."""

    def sign(signed: bytes) -> bytes:
        if isinstance(credential.key, rsa.RSAPrivateKey):
            return credential.key.sign(signed, padding.PKCS1v15(), digest)
        return credential.key.sign(signed, ec.ECDSA(digest))

    return sign


def pss_parameters(digest: str, mask: str, salt: int) -> bytes:
    return seq(
        tlv(0xA0, algorithm(digest, NULL)),
        tlv(0xA1, algorithm(MGF1, algorithm(mask, NULL))),
        tlv(0xA2, number(salt)),
    )


@dataclass(frozen=True)
class Signing:
    """Everything in one SignedData; what is None is filled in as it should be."""

    credential: Credential
    content: bytes = CONTENT
    digest_name: str = "sha256"
    digest_algorithm: bytes = algorithm(SHA256)
    signature_algorithm: bytes = algorithm(RSA, NULL)
    signature: Callable[[bytes], bytes] | None = None
    signer_id: bytes | None = None
    attributes: tuple[bytes, ...] | None = None
    encode_attributes: Callable[[bytes], bytes] | None = None
    """How the content of the attributes is put on the wire."""
    has_attributes: bool = True
    signer_version: int = 1
    signers: int = 1
    certificates: tuple[bytes, ...] | None = None
    content_type: str = DATA
    embedded: bytes | None = None
    """DER of what stands where the content is embedded."""
    extra: tuple[bytes, ...] = field(default=())

    def good_attributes(self) -> tuple[bytes, ...]:
        digest = hashlib.new(self.digest_name, self.content).digest()
        when = datetime.now(UTC).strftime("%y%m%d%H%M%SZ").encode()
        return (
            attribute(CONTENT_TYPE, oid(DATA)),
            attribute(SIGNING_TIME, tlv(0x17, when)),
            attribute(MESSAGE_DIGEST, octets(digest)),
        )

    def hash(self) -> hashes.HashAlgorithm:
        kinds: dict[str, hashes.HashAlgorithm] = {
            "sha1": hashes.SHA1(),
            "sha256": hashes.SHA256(),
            "sha384": hashes.SHA384(),
            "sha512": hashes.SHA512(),
        }
        return kinds[self.digest_name]

    def signer_info(self) -> bytes:
        inside = b"".join(self.attributes if self.attributes is not None else self.good_attributes())
        sign = self.signature or sign_with(self.credential, self.hash())
        on_the_wire = (self.encode_attributes or (lambda content: tlv(0xA0, content)))(inside)
        return seq(
            number(self.signer_version),
            self.signer_id or issuer_and_serial(self.credential),
            self.digest_algorithm,
            *([on_the_wire] if self.has_attributes else []),
            self.signature_algorithm,
            octets(sign(set_of(inside) if self.has_attributes else self.content)),
        )

    def der(self) -> bytes:
        certificates = self.certificates if self.certificates is not None else (self.credential.der,)
        encapsulated = seq(oid(self.content_type), *([tlv(0xA0, self.embedded)] if self.embedded else []))
        body = seq(
            number(1),
            set_of(self.digest_algorithm),
            encapsulated,
            *([tlv(0xA0, *certificates)] if certificates else []),
            *self.extra,
            set_of(*[self.signer_info()] * self.signers),
        )
        return seq(oid(SIGNED), tlv(0xA0, body))

    def opaque(self) -> "Signing":
        """The same with its content inside."""
        return replace(self, embedded=octets(self.content))


def base64_lines(data: bytes) -> bytes:
    return base64.encodebytes(data)


def multipart(content: bytes, cms: bytes, boundary: bytes = BOUNDARY) -> bytes:
    """A multipart/signed message, with LF on the wire as deployed peers write it."""
    return (
        b"MIME-Version: 1.0\n"
        b'Content-Type: multipart/signed; protocol="application/x-pkcs7-signature"; micalg="sha-256"; '
        b'boundary="' + boundary + b'"\n\nThis is an S/MIME signed message\n\n--' + boundary + b"\n"
        + content.replace(b"\r\n", b"\n")
        + b"\n--" + boundary + b"\n"
        b'Content-Type: application/x-pkcs7-signature; name="smime.p7s"\n'
        b"Content-Transfer-Encoding: base64\n\n" + base64_lines(cms) + b"\n--" + boundary + b"--\n\n"
    )  # fmt: skip


def pkcs7_mime(cms: bytes, kind: bytes = b"enveloped-data") -> bytes:
    """One CMS structure as a whole message."""
    return (
        b"MIME-Version: 1.0\nContent-Type: application/x-pkcs7-mime; smime-type=" + kind + b'; name="smime.p7m"\n'
        b"Content-Transfer-Encoding: base64\n\n" + base64_lines(cms)
    )


def detached(signing: Signing) -> bytes:
    return multipart(signing.content, signing.der())


def padded(plaintext: bytes) -> bytes:
    pad = 16 - len(plaintext) % 16
    return plaintext + bytes((pad,)) * pad


@dataclass(frozen=True)
class Enveloping:
    """Everything in one EnvelopedData or AuthEnvelopedData."""

    credential: Credential
    plaintext: bytes
    key: bytes = b"k" * 16
    wrapped: bytes | None = None
    key_algorithm: bytes = algorithm(RSA, NULL)
    recipient_id: bytes | None = None
    cipher: str | None = None
    vector: bytes = b"v" * 16
    pad: Callable[[bytes], bytes] = padded
    change: Callable[[bytes], bytes] = bytes
    """What happens to the ciphertext."""
    other_recipients: tuple[bytes, ...] = ()
    kind: str = ENVELOPED
    tag_octets: int = 16
    announced_tag: int | None = 16
    additional: bytes | None = None
    """Content of the authenticated attributes."""
    content_type: str = DATA
    gcm_parameters: bytes | None = None
    """Instead of those that are true."""
    behind: tuple[bytes, ...] = ()
    """What follows the authentication tag."""

    def recipient(self) -> bytes:
        public = self.credential.key.public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        wrapped = public.encrypt(self.key, padding.PKCS1v15()) if self.wrapped is None else self.wrapped
        named = self.recipient_id or issuer_and_serial(self.credential)
        return seq(number(0), named, self.key_algorithm, octets(wrapped))

    def der(self) -> bytes:
        recipients = set_of(*self.other_recipients, self.recipient())
        body = self.cbc(recipients) if self.kind == ENVELOPED else self.gcm(recipients)
        return seq(oid(self.kind), tlv(0xA0, body))

    def cbc(self, recipients: bytes) -> bytes:
        encryptor = Cipher(algorithms.AES(self.key), modes.CBC(self.vector)).encryptor()
        sealed = self.change(encryptor.update(self.pad(self.plaintext)) + encryptor.finalize())
        cipher = self.cipher or AES_CBC[len(self.key)]
        content = seq(oid(self.content_type), algorithm(cipher, octets(self.vector)), tlv(0x80, sealed))
        return seq(number(0), recipients, content)

    def gcm(self, recipients: bytes) -> bytes:
        nonce = b"n" * 12
        encryptor = Cipher(algorithms.AES(self.key), modes.GCM(nonce)).encryptor()
        if self.additional is not None:
            encryptor.authenticate_additional_data(set_of(self.additional))
        sealed = self.change(encryptor.update(self.plaintext) + encryptor.finalize())
        parameters = seq(octets(nonce), *([] if self.announced_tag is None else [number(self.announced_tag)]))
        told = algorithm(AES_GCM[len(self.key)], parameters if self.gcm_parameters is None else self.gcm_parameters)
        content = seq(oid(self.content_type), told, tlv(0x80, sealed))
        decorated = [] if self.additional is None else [tlv(0xA1, self.additional)]
        tag = octets(encryptor.tag[: self.tag_octets])
        return seq(number(0), recipients, content, *decorated, tag, *self.behind)

    def message(self) -> bytes:
        return pkcs7_mime(self.der())


class Witness:
    """Believes everybody, and remembers whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def judge(self, certificate_der: bytes) -> None:
        self.asked.append(certificate_der)
