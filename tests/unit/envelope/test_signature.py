# SPDX-License-Identifier: Apache-2.0
"""Which signatures are accepted: kinds of key, sizes, curves and paddings, each good once and wrong once."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ssm.envelope.unseal import unseal
from ssm.errors import MalformedEnvelopeError, RejectError, SignatureError
from tests.pki import Credential, Pki
from tests.unit.envelope import craft
from tests.unit.envelope.craft import Signing, Witness, algorithm, detached, number, oid, pss_parameters, seq, tlv

HASH_OIDS = {"sha256": craft.SHA256, "sha384": craft.SHA384, "sha512": craft.SHA512}
RSA_WITH = {"sha256": craft.RSA_SHA256, "sha384": "1.2.840.113549.1.1.12", "sha512": craft.RSA_SHA512}
ECDSA_WITH = {"sha256": craft.ECDSA_SHA256, "sha384": craft.ECDSA_SHA384, "sha512": "1.2.840.10045.4.3.4"}


def signing(credential: Credential, digest: str, signature: bytes) -> Signing:
    return Signing(
        credential,
        digest_name=digest,
        digest_algorithm=algorithm(HASH_OIDS[digest], craft.NULL),
        signature_algorithm=signature,
    )


def accepted(message: Signing) -> None:
    witness = Witness()
    assert unseal(detached(message), witness).payload == b"Site: TEST\n"
    assert witness.asked == [message.credential.der]


def refused(message: Signing, error: type[RejectError] = SignatureError) -> None:
    witness = Witness()
    with pytest.raises(error):
        unseal(detached(message), witness)
    assert witness.asked == []


@pytest.mark.parametrize("digest", HASH_OIDS)
@pytest.mark.parametrize("parameters", [(), (craft.NULL,)])
def test_rsa_is_accepted_under_either_name(alice: Credential, digest: str, parameters: tuple[bytes, ...]) -> None:
    accepted(signing(alice, digest, algorithm(craft.RSA, *parameters)))
    accepted(signing(alice, digest, algorithm(RSA_WITH[digest], *parameters)))


@pytest.mark.parametrize("digest", HASH_OIDS)
@pytest.mark.parametrize("curve", ["p256", "p384", "p521"])
def test_the_three_curves_are_accepted(pki: Pki, digest: str, curve: str) -> None:
    accepted(signing(pki.issue("ec.example.org", key=curve), digest, algorithm(ECDSA_WITH[digest])))


def test_another_curve_is_refused(pki: Pki) -> None:
    refused(signing(pki.issue("ec.example.org", key="k256"), "sha256", algorithm(craft.ECDSA_SHA256)))


def test_ecdsa_must_name_the_same_digest(pki: Pki) -> None:
    refused(signing(pki.issue("ec.example.org", key="p256"), "sha256", algorithm(craft.ECDSA_SHA384)))


def test_ecdsa_takes_no_parameters(pki: Pki) -> None:
    refused(signing(pki.issue("ec.example.org", key="p256"), "sha256", algorithm(craft.ECDSA_SHA256, seq())))


def test_rsa_names_do_not_suit_an_elliptic_key(pki: Pki) -> None:
    refused(signing(pki.issue("ec.example.org", key="p256"), "sha256", algorithm(craft.RSA, craft.NULL)))


def test_a_small_key_is_refused(pki: Pki) -> None:
    refused(signing(pki.issue("small.example.org", key="rsa1024"), "sha256", algorithm(craft.RSA, craft.NULL)))


def pss_signature(credential: Credential, digest: str, salt: int) -> Callable[[bytes], bytes]:
    kinds = {"sha256": hashes.SHA256(), "sha512": hashes.SHA512()}

    def sign(signed: bytes) -> bytes:
        assert isinstance(credential.key, rsa.RSAPrivateKey)
        return credential.key.sign(signed, padding.PSS(padding.MGF1(kinds[digest]), salt), kinds[digest])

    return sign


@pytest.mark.parametrize(("digest", "salt"), [("sha256", 32), ("sha256", 64), ("sha512", 64)])
def test_pss_is_accepted(alice: Credential, digest: str, salt: int) -> None:
    parameters = pss_parameters(HASH_OIDS[digest], HASH_OIDS[digest], salt)
    message = signing(alice, digest, algorithm(craft.PSS, parameters))
    accepted(replace(message, signature=pss_signature(alice, digest, salt)))


PSS_REFUSED = {
    "no parameters": algorithm(craft.PSS),
    "NULL": algorithm(craft.PSS, craft.NULL),
    "defaults, which mean SHA-1": algorithm(craft.PSS, seq()),
    "another mask digest": algorithm(craft.PSS, pss_parameters(craft.SHA256, craft.SHA512, 32)),
    "another digest": algorithm(craft.PSS, pss_parameters(craft.SHA512, craft.SHA512, 64)),
    "SHA-1": algorithm(craft.PSS, pss_parameters(craft.SHA1, craft.SHA1, 20)),
    "another salt length": algorithm(craft.PSS, pss_parameters(craft.SHA256, craft.SHA256, 33)),
    "a salt that no key holds": algorithm(craft.PSS, pss_parameters(craft.SHA256, craft.SHA256, 1024)),
    "a salt beyond reason": algorithm(craft.PSS, pss_parameters(craft.SHA256, craft.SHA256, 1 << 60)),
    "a negative salt": algorithm(
        craft.PSS,
        seq(
            tlv(0xA0, algorithm(craft.SHA256)),
            tlv(0xA1, algorithm(craft.MGF1, algorithm(craft.SHA256))),
            tlv(0xA2, tlv(2, b"\xff")),
        ),
    ),
    "another mask": algorithm(
        craft.PSS,
        seq(
            tlv(0xA0, algorithm(craft.SHA256)),
            tlv(0xA1, algorithm("1.2.3.4", algorithm(craft.SHA256))),
            tlv(0xA2, number(32)),
        ),
    ),
    "another trailer": algorithm(
        craft.PSS,
        seq(
            tlv(0xA0, algorithm(craft.SHA256)),
            tlv(0xA1, algorithm(craft.MGF1, algorithm(craft.SHA256))),
            tlv(0xA2, number(32)),
            tlv(0xA3, number(2)),
        ),
    ),
}


@pytest.mark.parametrize("name", PSS_REFUSED)
def test_pss_with_wrong_parameters_is_refused(alice: Credential, name: str) -> None:
    message = signing(alice, "sha256", PSS_REFUSED[name])
    error = MalformedEnvelopeError if name == "NULL" else SignatureError
    refused(replace(message, signature=pss_signature(alice, "sha256", 32)), error)


def test_a_short_salt_is_refused_although_it_verifies(alice: Credential) -> None:
    message = signing(alice, "sha256", algorithm(craft.PSS, pss_parameters(craft.SHA256, craft.SHA256, 20)))
    refused(replace(message, signature=pss_signature(alice, "sha256", 20)))


def test_a_pss_signature_is_none_under_the_plain_name(alice: Credential) -> None:
    message = signing(alice, "sha256", algorithm(craft.RSA, craft.NULL))
    refused(replace(message, signature=pss_signature(alice, "sha256", 32)))


@pytest.mark.parametrize("octets", [b"", b"\0", b"\xff" * 255, b"\xff" * 256, b"\xff" * 257, b"\0" * 256])
def test_octets_that_are_no_signature_are_refused(alice: Credential, octets: bytes) -> None:
    refused(Signing(alice, signature=lambda _: octets))


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00", b"rubbish" * 9])
def test_octets_that_are_no_elliptic_signature_are_refused(pki: Pki, octets: bytes) -> None:
    credential = pki.issue("ec.example.org", key="p256")
    message = signing(credential, "sha256", algorithm(craft.ECDSA_SHA256))
    refused(replace(message, signature=lambda _: octets))


def test_an_unknown_kind_of_signature_is_refused(alice: Credential) -> None:
    refused(signing(alice, "sha256", seq(oid("1.2.3.4"))))
