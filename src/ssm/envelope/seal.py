# SPDX-License-Identifier: Apache-2.0
"""From payload to sealed message: signed, and then encrypted if there is a recipient (EMPA; RFC 8551).

On the wire line ends are LF, as deployed peers write them; what is signed, and what is encrypted, has CRLF.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from ssm.envelope.certificate import Recipient, Signer
from ssm.envelope.enveloped_data import Cipher, encrypt
from ssm.envelope.mime import encode_base64
from ssm.envelope.signed_data import sign
from ssm.envelope.transfer import TransferForm, encode, transfer_form
from ssm.errors import UnsendableError

CHUNK = 1 << 20

SIGNED = (
    b"MIME-Version: 1.0\n"
    b'Content-Type: multipart/signed; protocol="application/x-pkcs7-signature"; micalg="sha-256"; boundary="%(b)s"\n'
    b"\n"
    b"This message is signed (S/MIME).\n"
    b"\n"
    b"--%(b)s\n"
)
SIGNATURE = (
    b"\n--%(b)s\n"
    b'Content-Type: application/x-pkcs7-signature; name="smime.p7s"\n'
    b"Content-Transfer-Encoding: base64\n"
    b'Content-Disposition: attachment; filename="smime.p7s"\n'
    b"\n"
)
ENCRYPTED = (
    b"MIME-Version: 1.0\n"
    b'Content-Disposition: attachment; filename="smime.p7m"\n'
    b'Content-Type: application/x-pkcs7-mime; smime-type=%s; name="smime.p7m"\n'
    b"Content-Transfer-Encoding: base64\n"
    b"\n"
)


@dataclass(frozen=True, slots=True)
class Encryption:
    """To whom, and how."""

    recipient: Recipient
    cipher: Cipher = Cipher.AES_128_CBC
    oaep: bool = False
    """Wrap the key with OAEP, which deployed receivers do not read."""


def seal(
    payload: bytes,
    signer: Signer,
    encryption: Encryption | None = None,
    *,
    form: TransferForm | None = None,
    now: datetime | None = None,
) -> bytes:
    """The sealed form of a payload; ``form`` where the caller knows it already. UnsendableError when it is empty."""
    if not payload:
        raise UnsendableError("the payload is empty", hint="a message must hold at least one octet")
    signed = sign_payload(payload, form or transfer_form(payload), signer, now or datetime.now(UTC))
    if encryption is None:
        return signed
    content = signed.replace(b"\n", b"\r\n")
    del signed  # a large message is not held longer than needed
    return encrypt_signed(content, encryption)


def sign_payload(payload: bytes, form: TransferForm, signer: Signer, now: datetime) -> bytes:
    """A multipart/signed message."""
    header = form.value + b"\n"
    body = encode(payload, form)
    digest = hashlib.sha256(header.replace(b"\n", b"\r\n"))
    # A megabyte at a time, so that a large message is not held twice.
    for begin in range(0, len(body), CHUNK):
        digest.update(body[begin : begin + CHUNK].replace(b"\n", b"\r\n"))
    signature = encode_base64(sign(digest.digest(), signer, now))
    boundary = {b"b": b"----" + secrets.token_hex(16).upper().encode()}
    return b"".join((SIGNED % boundary, header, body, SIGNATURE % boundary, signature, b"\n--%(b)s--\n" % boundary))


def encrypt_signed(content: bytes, encryption: Encryption) -> bytes:
    """The encrypted form of a signed message, which has CRLF line ends."""
    cipher = encryption.cipher
    kind = b"authEnveloped-data" if cipher.is_authenticated else b"enveloped-data"
    return ENCRYPTED % kind + encode_base64(encrypt(content, encryption.recipient, cipher, oaep=encryption.oaep))
