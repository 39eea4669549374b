# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys of ours: which are taken, and what is said about those that are not."""

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

from ssm.envelope import certificate
from ssm.envelope.certificate import DecryptionKey, Recipient, Signer, parse_certificate
from ssm.errors import CredentialError
from tests.pki import Credential, Pki
from tests.unit.envelope import craft


def pkcs8(key: object, encryption: serialization.KeySerializationEncryption) -> bytes:
    assert isinstance(key, ed25519.Ed25519PrivateKey) or hasattr(key, "private_bytes")
    encoded: bytes = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return encoded


@pytest.mark.parametrize("kind", ["rsa2048", "rsa3072", "p256", "p384", "p521"])
def test_a_signer_has_the_key_of_its_certificate(pki: Pki, kind: str) -> None:
    credential = pki.issue("signer.example.org", key=kind)
    signer = Signer.from_pem(credential.certificate_pem, credential.key_pem)
    assert str(signer.dn()) == "/O=Test/CN=signer.example.org"
    assert signer.certificate.der == credential.der


def test_the_key_is_not_shown(alice: Credential, server: Credential, key: DecryptionKey) -> None:
    assert "key" not in repr(Signer.from_pem(alice.certificate_pem, alice.key_pem)).replace("public_key", "")
    assert "RSAPrivateKey" not in repr(key)


def test_a_key_of_another_certificate_is_refused(alice: Credential, mallory: Credential) -> None:
    with pytest.raises(CredentialError, match="don't match"):
        Signer.from_pem(alice.certificate_pem, mallory.key_pem)
    with pytest.raises(CredentialError, match="don't match"):
        DecryptionKey.from_pem(alice.certificate_pem, mallory.key_pem)


def test_a_key_of_another_kind_is_refused(pki: Pki, alice: Credential) -> None:
    elliptic = pki.issue("ec.example.org", key="p256")
    with pytest.raises(CredentialError, match="don't match"):
        Signer.from_pem(alice.certificate_pem, elliptic.key_pem)
    edwards = pkcs8(ed25519.Ed25519PrivateKey.generate(), serialization.NoEncryption())
    with pytest.raises(CredentialError, match="neither RSA"):
        Signer.from_pem(alice.certificate_pem, edwards)


def test_a_key_with_a_pass_phrase_is_refused_with_a_hint(alice: Credential) -> None:
    locked = alice.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    with pytest.raises(CredentialError, match="pass phrase") as caught:
        Signer.from_pem(alice.certificate_pem, locked)
    assert "openssl" in caught.value.hint


@pytest.mark.parametrize(
    "rubbish", [b"", b"rubbish", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_or_key_is_refused(alice: Credential, rubbish: bytes) -> None:
    with pytest.raises(CredentialError):
        Signer.from_pem(rubbish, alice.key_pem)
    with pytest.raises(CredentialError):
        Signer.from_pem(alice.certificate_pem, rubbish)
    with pytest.raises(CredentialError):
        Recipient.from_pem(rubbish)


@pytest.mark.parametrize("kind", ["rsa1024", "k256"])
def test_keys_that_receivers_refuse_are_refused_at_start(pki: Pki, kind: str) -> None:
    credential = pki.issue("weak.example.org", key=kind)
    with pytest.raises(CredentialError):
        Signer.from_pem(credential.certificate_pem, credential.key_pem)
    with pytest.raises(CredentialError):
        Recipient.from_pem(credential.certificate_pem)


def test_nothing_is_encrypted_to_an_elliptic_certificate(pki: Pki) -> None:
    credential = pki.issue("ec.example.org", key="p384")
    with pytest.raises(CredentialError, match="EC certificate: cannot encrypt to it"):
        Recipient.from_pem(credential.certificate_pem)
    assert DecryptionKey.from_pem(credential.certificate_pem, credential.key_pem) is None


def test_a_signer_whom_no_list_could_hold_is_told_so(pki: Pki) -> None:
    credential = pki.issue(subject=[(NameOID.COMMON_NAME, "a/O=b")])
    signer = Signer.from_pem(credential.certificate_pem, credential.key_pem)
    with pytest.raises(CredentialError, match="subject cannot be listed: the name is ambiguous in slash form"):
        signer.dn()


def test_nothing_is_decrypted_by_a_library_that_would_leak(server: Credential, monkeypatch: pytest.MonkeyPatch) -> None:
    # The library at hand is asked for more than it is: one that is too old cannot be had beside it.
    monkeypatch.setattr(certificate, "OPENSSL_WITH_IMPLICIT_REJECTION", 1 << 40)
    with pytest.raises(CredentialError, match="decryption would leak with OpenSSL") as caught:
        DecryptionKey.from_pem(server.certificate_pem, server.key_pem)
    assert "OpenSSL 3.2" in caught.value.hint


def test_a_file_may_hold_a_chain_and_the_first_counts(alice: Credential, mallory: Credential) -> None:
    signer = Signer.from_pem(alice.certificate_pem + mallory.certificate_pem, alice.key_pem)
    assert str(signer.dn()) == alice.dn


@pytest.mark.parametrize(
    "der",
    [
        b"",
        craft.seq(),
        craft.seq(craft.seq()),
        craft.seq(craft.seq(craft.tlv(0xA0, craft.number(2)))),
        craft.octets(b"x"),
        craft.octets(b"x" * 65_536),
        craft.seq(*[craft.seq(*[craft.number(1)] * 6)] * 3),
    ],
)
def test_octets_that_are_no_certificate_are_a_value_error(der: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is what callers expect
        parse_certificate(der)


def test_a_certificate_of_an_unknown_version_is_a_value_error(alice: Credential) -> None:
    at = alice.der.index(bytes.fromhex("a003020102"))
    with pytest.raises(ValueError):  # noqa: PT011 - any ValueError is what callers expect
        parse_certificate(alice.der[:at] + b"\xa0\x03\x02\x01\x07" + alice.der[at + 5 :])


def test_a_key_of_a_kind_that_nobody_knows_is_a_value_error(alice: Credential) -> None:
    known, unknown = craft.oid(craft.RSA), craft.oid("1.2.840.113549.1.1.99")
    assert alice.der.count(known) == 1
    certificate_of_it = parse_certificate(alice.der.replace(known, unknown))
    with pytest.raises(ValueError, match="the kind of key is unknown"):
        certificate_of_it.public_key()


def test_names_and_number_are_those_of_the_certificate(alice: Credential) -> None:
    parsed = parse_certificate(alice.der)
    assert parsed.serial == alice.certificate.serial_number
    assert parsed.issuer == alice.certificate.issuer.public_bytes()
    assert parsed.subject == alice.certificate.subject.public_bytes()
    assert parsed.key_identifier() is not None
