# SPDX-License-Identifier: Apache-2.0
"""Weak algorithms: refused wherever they are not asked for by name, and only these few accepted where they are."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

import ssm
from ssm.envelope.accepted import OF_SSM_1, STRONG, Accepted
from ssm.envelope.certificate import DecryptionKey
from ssm.envelope.unseal import unseal
from ssm.errors import DecryptionError, RejectError, SignatureError
from tests.pki import Credential, Pki
from tests.unit.envelope import craft
from tests.unit.envelope.craft import Enveloping, Signing, Witness, algorithm, detached, octets, oid, seq, set_of, tlv

ECDSA_SHA1 = "1.2.840.10045.4.1"
SINGLE_DES, RC2 = "1.3.14.3.2.7", "1.2.840.113549.3.2"


def sha1(credential: Credential, signature: str = craft.RSA) -> Signing:
    return Signing(
        credential,
        digest_name="sha1",
        digest_algorithm=algorithm(craft.SHA1, craft.NULL),
        signature_algorithm=algorithm(signature, craft.NULL),
    )


def three_des(server: Credential, plaintext: bytes, *, cipher: str = craft.TRIPLE_DES, pad: int | None = None) -> bytes:
    """An envelope whose content is encrypted with triple DES, built without the code under test."""
    key, vector = bytes(range(1, 25)), b"v" * 8
    count = 8 - len(plaintext) % 8
    padded = plaintext + bytes((pad or count,)) * count
    encryptor = Cipher(TripleDES(key), modes.CBC(vector)).encryptor()
    sealed = encryptor.update(padded) + encryptor.finalize()
    recipient = Enveloping(server, b"", key=key).recipient()
    content = seq(oid(craft.DATA), algorithm(cipher, octets(vector)), tlv(0x80, sealed))
    body = seq(craft.number(0), set_of(recipient), content)
    return craft.pkcs7_mime(seq(oid(craft.ENVELOPED), tlv(0xA0, body)))


def inner(credential: Credential) -> bytes:
    return detached(Signing(credential)).replace(b"\n", b"\r\n")


def opened(message: bytes, accepted: Accepted, key: DecryptionKey | None = None) -> bytes:
    return unseal(message, Witness(), key, accepted=accepted).payload


def refused(message: bytes, error: type[RejectError], accepted: Accepted, key: DecryptionKey | None = None) -> None:
    witness = Witness()
    with pytest.raises(error):
        unseal(message, witness, key, accepted=accepted)
    assert witness.asked == []


@pytest.mark.parametrize("signature", [craft.RSA, craft.RSA_SHA1])
def test_a_sha1_signature_is_accepted_under_that_name_only(alice: Credential, signature: str) -> None:
    message = detached(sha1(alice, signature))
    assert opened(message, OF_SSM_1) == b"Site: TEST\n"
    refused(message, SignatureError, STRONG)


def test_the_short_list_is_what_counts_where_nothing_is_said(alice: Credential) -> None:
    with pytest.raises(SignatureError):
        unseal(detached(sha1(alice)), Witness())


def test_triple_des_is_accepted_under_that_name_only(server: Credential, alice: Credential, key: DecryptionKey) -> None:
    message = three_des(server, inner(alice))
    assert opened(message, OF_SSM_1, key) == b"Site: TEST\n"
    refused(message, DecryptionError, STRONG, key)


def test_a_sha1_signature_inside_triple_des_is_accepted(
    server: Credential, alice: Credential, key: DecryptionKey
) -> None:
    message = three_des(server, detached(sha1(alice)).replace(b"\n", b"\r\n"))
    assert opened(message, OF_SSM_1, key) == b"Site: TEST\n"


def test_every_failure_of_triple_des_looks_the_same(server: Credential, alice: Credential, key: DecryptionKey) -> None:
    texts = set()
    changed = inner(alice).replace(b"TEST", b"TOST")
    for message in (three_des(server, inner(alice), pad=9), three_des(server, b"x"), three_des(server, changed)):
        with pytest.raises(DecryptionError) as caught:
            unseal(message, Witness(), key, accepted=OF_SSM_1)
        texts.add(str(caught.value))
    assert texts == {str(DecryptionError())}


@pytest.mark.parametrize("cipher", [SINGLE_DES, RC2])
def test_weaker_ciphers_are_refused_there_too(
    server: Credential, alice: Credential, key: DecryptionKey, cipher: str
) -> None:
    refused(three_des(server, inner(alice), cipher=cipher), DecryptionError, OF_SSM_1, key)


def test_the_longer_list_is_asked_for_in_one_place_only() -> None:
    sources = Path(ssm.__file__).parent
    asking = {
        path.relative_to(sources).as_posix()
        for path in sources.rglob("*.py")
        if "OF_SSM_1" in path.read_text(encoding="utf-8")
    }
    assert asking == {"envelope/accepted.py", "wiring/ssm1.py"}


def test_md5_is_refused_there_too(alice: Credential) -> None:
    message = detached(replace(sha1(alice), digest_algorithm=algorithm(craft.MD5, craft.NULL)))
    refused(message, SignatureError, OF_SSM_1)


def test_sha1_under_the_name_of_a_better_digest_is_refused_there_too(alice: Credential) -> None:
    refused(detached(sha1(alice, craft.RSA_SHA256)), SignatureError, OF_SSM_1)


def test_elliptic_curves_and_pss_get_no_sha1(pki: Pki, alice: Credential) -> None:
    curve = pki.issue("curve.example.org", key="p256")
    refused(detached(sha1(curve, ECDSA_SHA1)), SignatureError, OF_SSM_1)
    pss = replace(
        sha1(alice), signature_algorithm=algorithm(craft.PSS, craft.pss_parameters(craft.SHA1, craft.SHA1, 20))
    )
    refused(detached(pss), SignatureError, OF_SSM_1)


def test_a_false_sha1_signature_is_refused(alice: Credential, mallory: Credential) -> None:
    forged = replace(sha1(alice), signature=craft.sign_with(mallory, sha1(alice).hash()))
    refused(detached(forged), SignatureError, OF_SSM_1)
