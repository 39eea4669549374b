# SPDX-License-Identifier: Apache-2.0
"""What goes on the wire, to the line."""

import re
from datetime import UTC, datetime

import pytest

from ssm.envelope.certificate import DecryptionKey, Recipient, Signer
from ssm.envelope.enveloped_data import Cipher
from ssm.envelope.seal import Encryption, seal
from ssm.envelope.unseal import unseal
from ssm.errors import SignatureError, UnsendableError
from tests.pki import Credential, Pki
from tests.unit.envelope.craft import Witness

SIGNED = re.compile(
    rb"MIME-Version: 1\.0\n"
    rb'Content-Type: multipart/signed; protocol="application/x-pkcs7-signature"; micalg="sha-256"; '
    rb'boundary="(----[0-9A-F]{32})"\n'
    rb"\n"
    rb"[^\n]+\n"
    rb"\n"
    rb"--\1\n"
    rb"Content-Type: text/plain\n"
    rb"\n"
    rb"Site: TEST\n"
    rb"\n--\1\n"
    rb'Content-Type: application/x-pkcs7-signature; name="smime\.p7s"\n'
    rb"Content-Transfer-Encoding: base64\n"
    rb'Content-Disposition: attachment; filename="smime\.p7s"\n'
    rb"\n"
    rb"(?:[A-Za-z0-9+/]{64}\n)+[A-Za-z0-9+/=]{1,64}\n"
    rb"\n--\1--\n"
)
ENCRYPTED = re.compile(
    rb"MIME-Version: 1\.0\n"
    rb'Content-Disposition: attachment; filename="smime\.p7m"\n'
    rb'Content-Type: application/x-pkcs7-mime; smime-type=enveloped-data; name="smime\.p7m"\n'
    rb"Content-Transfer-Encoding: base64\n"
    rb"\n"
    rb"(?:[A-Za-z0-9+/]{64}\n)+[A-Za-z0-9+/=]{1,64}\n"
)


@pytest.fixture
def signer(alice: Credential) -> Signer:
    return Signer.from_pem(alice.certificate_pem, alice.key_pem)


def test_a_signed_message_has_the_layout_that_deployed_peers_write(signer: Signer) -> None:
    assert SIGNED.fullmatch(seal(b"Site: TEST\n", signer))


def test_an_encrypted_message_has_the_layout_that_deployed_peers_write(signer: Signer, server: Credential) -> None:
    recipient = Recipient.from_pem(server.certificate_pem)
    assert ENCRYPTED.fullmatch(seal(b"Site: TEST\n", signer, Encryption(recipient)))


def test_the_default_cipher_is_the_one_that_every_peer_reads(server: Credential) -> None:
    encryption = Encryption(Recipient.from_pem(server.certificate_pem))
    assert (encryption.cipher, encryption.oaep) == (Cipher.AES_128_CBC, False)


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "p521"])
def test_what_is_signed_with_any_key_that_is_taken_is_read(pki: Pki, kind: str) -> None:
    credential = pki.issue("signer.example.org", key=kind)
    message = seal(b"Site: TEST\n", Signer.from_pem(credential.certificate_pem, credential.key_pem))
    witness = Witness()
    assert unseal(message, witness).payload == b"Site: TEST\n"
    assert witness.asked == [credential.der]
    with pytest.raises(SignatureError):
        unseal(message.replace(b"TEST", b"BEST"), witness)


def test_an_empty_payload_is_refused(signer: Signer) -> None:
    with pytest.raises(UnsendableError):
        seal(b"", signer)


def test_two_messages_have_two_boundaries(signer: Signer) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    assert seal(b"x", signer, now=moment) != seal(b"x", signer, now=moment)


def test_the_time_is_the_one_given(signer: Signer) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert unseal(seal(b"x", signer, now=moment), Witness()).signing_time == moment


def test_everything_on_the_wire_is_ascii(signer: Signer, server: Credential) -> None:
    recipient = Recipient.from_pem(server.certificate_pem)
    for payload in (b"a", "é".encode(), b"\0\xff"):
        for encryption in (None, Encryption(recipient), Encryption(recipient, Cipher.AES_256_GCM)):
            message = seal(payload, signer, encryption)
            assert message.isascii()
            assert b"\r" not in message


def test_a_payload_that_looks_like_a_message_stays_a_payload(signer: Signer, key: DecryptionKey) -> None:
    inner = seal(b"Site: EVIL\n", signer)
    assert unseal(seal(inner, signer), Witness(), key).payload == inner
