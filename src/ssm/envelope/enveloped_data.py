# SPDX-License-Identifier: Apache-2.0
"""CMS EnvelopedData (RFC 5652, section 6) and AuthEnvelopedData (RFC 5083): made for one, opened by its owner.

Once the recipient is found, every failure has one class and one text, whatever went wrong: key, padding, length
or tag. Plaintext means nothing before the signature inside it is verified; nobody may log or file it.
"""

import secrets
from collections.abc import Iterator
from enum import Enum
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher as Primitive
from cryptography.hazmat.primitives.ciphers import algorithms, modes

from ssm.envelope import ber, oids
from ssm.envelope.accepted import Accepted
from ssm.envelope.ber import OCTET_STRING, SEQUENCE, SET, BerError, Value
from ssm.envelope.certificate import DecryptionKey, Recipient
from ssm.envelope.signature import read_algorithm
from ssm.errors import DecryptionError, MalformedEnvelopeError, NotForUsError

MAX_RECIPIENTS = 64
GCM_NONCE_OCTETS = 12
GCM_TAG_OCTETS = 16
MIN_TAG_OCTETS, DEFAULT_TAG_OCTETS = 12, 12  # RFC 5084, 3.2
CONTEXT_0, CONTEXT_1, IMPLICIT_0 = 0xA0, 0xA1, 0x80

BlockCipher: TypeAlias = algorithms.AES | TripleDES

OAEP_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    oids.SHA1: hashes.SHA1,  # OAEP does not rest on its collision resistance; the default of RFC 8017
    oids.SHA256: hashes.SHA256,
    oids.SHA384: hashes.SHA384,
    oids.SHA512: hashes.SHA512,
}


class Cipher(Enum):
    """What content can be encrypted with. Deployed receivers read the CBC ones."""

    AES_128_CBC = "aes-128-cbc"
    AES_192_CBC = "aes-192-cbc"
    AES_256_CBC = "aes-256-cbc"
    AES_128_GCM = "aes-128-gcm"
    AES_256_GCM = "aes-256-gcm"
    DES_EDE3_CBC = "des-ede3-cbc"
    """For SSM 1 consumers that read nothing else."""

    @property
    def key_octets(self) -> int:
        """Octets of the content key."""
        if self is Cipher.DES_EDE3_CBC:
            return 24
        return int(self.value.split("-")[1]) // 8

    @property
    def is_authenticated(self) -> bool:
        """True for those that become AuthEnvelopedData."""
        return self.value.endswith("gcm")

    @property
    def oid(self) -> str:
        """Its identifier."""
        if self is Cipher.DES_EDE3_CBC:
            return oids.DES_EDE3_CBC
        table = oids.AES_GCM if self.is_authenticated else oids.AES_CBC
        return next(identifier for identifier, octets in table.items() if octets == self.key_octets)


def encrypt(content: bytes, recipient: Recipient, cipher: Cipher, *, oaep: bool = False) -> bytes:
    """DER of a ContentInfo that only the recipient's key opens."""
    key = secrets.token_bytes(cipher.key_octets)
    seal = encrypt_gcm if cipher.is_authenticated else encrypt_cbc
    return seal(content, key, cipher, recipient_info(recipient, key, oaep=oaep))


def encrypt_cbc(content: bytes, key: bytes, cipher: Cipher, recipients: bytes) -> bytes:
    """EnvelopedData."""
    primitive = block_cipher(cipher.oid, key)
    block = primitive.block_size // 8
    vector = secrets.token_bytes(block)
    pad = block - len(content) % block
    encryptor = Primitive(primitive, modes.CBC(vector)).encryptor()
    pieces = (encryptor.update(content), encryptor.update(bytes((pad,)) * pad), encryptor.finalize())
    body = ber.enclose(
        SEQUENCE,
        ber.integer(0),
        recipients,
        encrypted_content(cipher, ber.tlv(OCTET_STRING, vector), pieces),
    )
    return b"".join(ber.enclose(SEQUENCE, ber.oid(oids.ENVELOPED_DATA), ber.enclose(CONTEXT_0, body)))


def encrypt_gcm(content: bytes, key: bytes, cipher: Cipher, recipients: bytes) -> bytes:
    """AuthEnvelopedData, without authenticated attributes."""
    nonce = secrets.token_bytes(GCM_NONCE_OCTETS)
    encryptor = Primitive(algorithms.AES(key), modes.GCM(nonce)).encryptor()
    pieces = (encryptor.update(content), encryptor.finalize())
    parameters = ber.tlv(SEQUENCE, ber.tlv(OCTET_STRING, nonce), ber.integer(GCM_TAG_OCTETS))
    body = ber.enclose(
        SEQUENCE,
        ber.integer(0),
        recipients,
        encrypted_content(cipher, parameters, pieces),
        ber.tlv(OCTET_STRING, encryptor.tag),
    )
    return b"".join(ber.enclose(SEQUENCE, ber.oid(oids.AUTH_ENVELOPED_DATA), ber.enclose(CONTEXT_0, body)))


def encrypted_content(cipher: Cipher, parameters: bytes, pieces: tuple[bytes, ...]) -> list[bytes]:
    """EncryptedContentInfo, in pieces."""
    algorithm = ber.tlv(SEQUENCE, ber.oid(cipher.oid), parameters)
    return ber.enclose(SEQUENCE, ber.oid(oids.DATA), algorithm, ber.enclose(IMPLICIT_0, *pieces))


def recipient_info(recipient: Recipient, key: bytes, *, oaep: bool) -> bytes:
    """The set of one recipient, named by issuer and serial number."""
    if oaep:
        sha256 = ber.tlv(SEQUENCE, ber.oid(oids.SHA256))
        mask = ber.tlv(SEQUENCE, ber.oid(oids.MGF1), sha256)
        parameters = ber.tlv(SEQUENCE, ber.tlv(CONTEXT_0, sha256), ber.tlv(CONTEXT_1, mask))
        algorithm = ber.tlv(SEQUENCE, ber.oid(oids.RSA_OAEP), parameters)
        wrapped = recipient.key.encrypt(
            key, padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
        )
    else:
        algorithm = ber.tlv(SEQUENCE, ber.oid(oids.RSA), ber.tlv(ber.NULL))
        wrapped = recipient.key.encrypt(key, padding.PKCS1v15())
    name = ber.tlv(SEQUENCE, recipient.certificate.issuer, ber.integer(recipient.certificate.serial))
    info = ber.tlv(SEQUENCE, ber.integer(0), name, algorithm, ber.tlv(OCTET_STRING, wrapped))
    return ber.tlv(SET, info)


def decrypt(kind: str, body: Value, owner: DecryptionKey, accepted: Accepted) -> bytes:
    """Open an EnvelopedData or AuthEnvelopedData. NotForUsError: our certificate is none of the recipients."""
    fields = body.expect(SEQUENCE, "an envelope").children()
    if len(fields) > 2 and fields[1].tag == CONTEXT_0:  # noqa: PLR2004 - originator information, not looked at
        del fields[1]
    if len(fields) < 3:  # noqa: PLR2004 - version, recipients, content
        raise BerError("an envelope is cut off")
    ours = next((info for info in recipients(fields[1]) if is_ours(info, owner)), None)
    if ours is None:
        raise NotForUsError(
            "the message is encrypted to another certificate",
            hint="the sender's server_cert must be the certificate of this receiver",
        )
    try:
        return open_content(kind, fields[2:], unwrap(ours, owner), accepted)
    except (ValueError, InvalidTag, MalformedEnvelopeError):
        # From None: not even the trace may tell the cases apart.
        raise DecryptionError from None


def recipients(value: Value) -> Iterator[list[Value]]:
    """Fields of the key-transport recipients, which are the plain sequences; other kinds are passed over."""
    for count, info in enumerate(value.expect(SET, "the recipients").walk(), start=1):
        if count > MAX_RECIPIENTS:
            raise BerError("too many recipients")
        if info.tag == SEQUENCE:
            fields = info.children()
            if len(fields) != 4:  # noqa: PLR2004 - version, identifier, algorithm, key
                raise BerError("a recipient is malformed")
            yield fields


def is_ours(info: list[Value], owner: DecryptionKey) -> bool:
    """True when a recipient is our certificate, by issuer and serial number or by key identifier."""
    certificate, name = owner.certificate, info[1]
    if name.tag == IMPLICIT_0:
        return name.octets() == certificate.key_identifier()
    parts = name.expect(SEQUENCE, "a recipient's identifier").children()
    return len(parts) == 2 and (parts[0].raw(), parts[1].integer()) == (certificate.issuer, certificate.serial)  # noqa: PLR2004


def unwrap(info: list[Value], owner: DecryptionKey) -> bytes:
    """The content key, or random octets in its place: who asks with a bad one learns nothing."""
    kind, parameters = read_algorithm(info[2])
    wrapped = bytes(info[3].string())
    if kind == oids.RSA:
        try:
            return owner.key.decrypt(wrapped, padding.PKCS1v15())
        except ValueError:
            return b""
    if kind == oids.RSA_OAEP:
        return owner.key.decrypt(wrapped, oaep(parameters))
    raise MalformedEnvelopeError("an unknown key encryption")


def oaep(parameters: Value | None) -> padding.OAEP:
    """RSAES-OAEP parameters; what is absent means SHA-1 (RFC 8017, A.2.1). Labels are refused."""
    inside = {} if parameters is None else {field.tag: field.children() for field in parameters.walk()}
    if not inside.keys() <= {CONTEXT_0, CONTEXT_1} or any(len(values) != 1 for values in inside.values()):
        raise MalformedEnvelopeError("unexpected OAEP parameters")
    digest = oids.SHA1
    if CONTEXT_0 in inside:
        digest, _ = read_algorithm(inside[CONTEXT_0][0])
    mask_digest = oids.SHA1
    if CONTEXT_1 in inside:
        mask, argument = read_algorithm(inside[CONTEXT_1][0])
        if mask != oids.MGF1 or argument is None:
            raise MalformedEnvelopeError("an unknown mask generation")
        mask_digest, _ = read_algorithm(argument)
    if digest not in OAEP_HASHES or mask_digest not in OAEP_HASHES:
        raise MalformedEnvelopeError("an unknown OAEP digest")
    return padding.OAEP(padding.MGF1(OAEP_HASHES[mask_digest]()), OAEP_HASHES[digest](), None)


def open_content(kind: str, fields: list[Value], key: bytes, accepted: Accepted) -> bytes:
    """The plaintext of EncryptedContentInfo."""
    parts = fields[0].expect(SEQUENCE, "encrypted content").children()
    if len(parts) != 3 or parts[0].oid() != oids.DATA:  # noqa: PLR2004 - type, algorithm, octets
        raise BerError("encrypted content is malformed")
    cipher, parameters = read_algorithm(parts[1])
    sealed = parts[2].string(IMPLICIT_0)
    table = accepted.cbc if kind == oids.ENVELOPED_DATA else oids.AES_GCM
    if cipher not in table or parameters is None:
        raise MalformedEnvelopeError("an unknown content encryption")
    if len(key) != table[cipher]:
        key = secrets.token_bytes(table[cipher])  # go on as if: bad keys and bad content look the same
    if kind == oids.ENVELOPED_DATA:
        return open_cbc(sealed, block_cipher(cipher, key), parameters)
    return open_gcm(sealed, key, parameters, fields[1:])


def block_cipher(identifier: str, key: bytes) -> BlockCipher:
    """The cipher that an identifier names."""
    return TripleDES(key) if identifier == oids.DES_EDE3_CBC else algorithms.AES(key)


def open_cbc(sealed: bytes | memoryview, cipher: BlockCipher, parameters: Value) -> bytes:
    """CBC mode, padding checked and taken off."""
    vector = parameters.expect(OCTET_STRING, "an initialisation vector").octets()
    decryptor = Primitive(cipher, modes.CBC(vector)).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    pad = plain[-1] if plain else 0
    if not 1 <= pad <= cipher.block_size // 8 or plain[-pad:] != bytes((pad,)) * pad:
        raise MalformedEnvelopeError("bad padding")
    return plain[:-pad]


def open_gcm(sealed: bytes | memoryview, key: bytes, parameters: Value, rest: list[Value]) -> bytes:
    """AES in GCM mode; the tag's length is the one announced, 12 to 16 octets (RFC 5084, 3.2)."""
    inside = parameters.expect(SEQUENCE, "GCM parameters").children()
    if not inside:
        raise BerError("GCM parameters are empty")
    nonce = inside[0].expect(OCTET_STRING, "a nonce").octets()
    tag_octets = inside[1].integer() if len(inside) > 1 else DEFAULT_TAG_OCTETS
    decorated = [value for value in rest if value.tag == CONTEXT_1]
    tags = [value for value in rest if value.tag in {OCTET_STRING, OCTET_STRING | ber.CONSTRUCTED}]
    if len(tags) != 1 or len(decorated) > 1:
        raise MalformedEnvelopeError("not one authentication tag")
    tag = bytes(tags[0].string())
    if len(tag) != tag_octets or not MIN_TAG_OCTETS <= tag_octets <= GCM_TAG_OCTETS:
        raise MalformedEnvelopeError("an authentication tag of another length")
    mode = modes.GCM(nonce, tag, min_tag_length=MIN_TAG_OCTETS)
    decryptor = Primitive(algorithms.AES(key), mode).decryptor()
    for attributes in decorated:
        decryptor.authenticate_additional_data(ber.to_der(attributes, SET))
    return decryptor.update(sealed) + decryptor.finalize()
