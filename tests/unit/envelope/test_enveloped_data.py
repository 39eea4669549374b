# SPDX-License-Identifier: Apache-2.0
"""Decryption: what is read, and that every failure behind the recipient looks the same."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ssm.envelope.accepted import OF_SSM_1
from ssm.envelope.certificate import DecryptionKey, Recipient, Signer
from ssm.envelope.enveloped_data import Cipher
from ssm.envelope.seal import Encryption, seal
from ssm.envelope.unseal import unseal
from ssm.errors import DecryptionError, MalformedEnvelopeError, NotForUsError, RejectError
from tests.pki import Credential, Pki
from tests.unit.envelope import craft
from tests.unit.envelope.craft import Enveloping, Signing, Witness, algorithm, detached, number, octets, oid, seq, tlv

Change = Callable[[Enveloping], Enveloping]
SAME_TEXT = str(DecryptionError())


@pytest.fixture
def good(alice: Credential, server: Credential) -> Enveloping:
    return Enveloping(server, detached(Signing(alice)).replace(b"\n", b"\r\n"))


def refused(message: bytes, key: DecryptionKey | None, error: type[RejectError]) -> RejectError:
    witness = Witness()
    with pytest.raises(error) as caught:
        unseal(message, witness, key)
    assert type(caught.value) is error
    assert witness.asked == []
    return caught.value


def opened(envelope: Enveloping, key: DecryptionKey, alice: Credential) -> None:
    witness = Witness()
    message = unseal(envelope.message(), witness, key)
    assert (message.payload, message.encrypted, str(message.signer)) == (b"Site: TEST\n", True, alice.dn)
    assert witness.asked == [alice.der]


@pytest.mark.parametrize("length", [16, 24, 32])
def test_the_three_key_lengths_are_read(good: Enveloping, key: DecryptionKey, alice: Credential, length: int) -> None:
    opened(replace(good, key=b"k" * length), key, alice)


@pytest.mark.parametrize("length", [16, 24, 32])
@pytest.mark.parametrize("tag", [12, 13, 16])
def test_authenticated_content_is_read(
    good: Enveloping, key: DecryptionKey, alice: Credential, length: int, tag: int
) -> None:
    gcm = replace(good, key=b"k" * length, kind=craft.AUTH_ENVELOPED, tag_octets=tag, announced_tag=tag)
    opened(gcm, key, alice)


def test_twelve_octets_of_tag_need_no_announcement(good: Enveloping, key: DecryptionKey, alice: Credential) -> None:
    opened(replace(good, kind=craft.AUTH_ENVELOPED, tag_octets=12, announced_tag=None), key, alice)


def test_authenticated_attributes_count(good: Enveloping, key: DecryptionKey, alice: Credential) -> None:
    attributes = craft.attribute(craft.CONTENT_TYPE, oid(craft.DATA))
    opened(replace(good, kind=craft.AUTH_ENVELOPED, additional=attributes), key, alice)


def test_the_recipient_may_be_named_by_its_key(good: Enveloping, key: DecryptionKey, alice: Credential) -> None:
    opened(replace(good, recipient_id=craft.key_identifier(good.credential)), key, alice)


def test_other_recipients_are_passed_over(
    good: Enveloping, key: DecryptionKey, alice: Credential, mallory: Credential
) -> None:
    other = replace(good, credential=mallory).recipient()
    password = tlv(0xA3, seq(number(0)))
    opened(replace(good, other_recipients=(other, password)), key, alice)


def wrapped_by_oaep(good: Enveloping, digest: hashes.HashAlgorithm, mask: hashes.HashAlgorithm) -> bytes:
    public = good.credential.key.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    return public.encrypt(good.key, padding.OAEP(padding.MGF1(mask), digest, None))


def oaep_parameters(digest: str, mask: str) -> bytes:
    return seq(
        tlv(0xA0, algorithm(digest, craft.NULL)),
        tlv(0xA1, algorithm(craft.MGF1, algorithm(mask, craft.NULL))),
    )


@pytest.mark.parametrize(
    ("digest", "mask", "parameters"),
    [
        (hashes.SHA1(), hashes.SHA1(), [seq()]),
        (hashes.SHA1(), hashes.SHA1(), []),
        (hashes.SHA256(), hashes.SHA256(), [oaep_parameters(craft.SHA256, craft.SHA256)]),
        (hashes.SHA512(), hashes.SHA1(), [seq(tlv(0xA0, algorithm(craft.SHA512)))]),
        (hashes.SHA384(), hashes.SHA256(), [oaep_parameters(craft.SHA384, craft.SHA256)]),
    ],
)
def test_oaep_is_read(
    good: Enveloping,
    key: DecryptionKey,
    alice: Credential,
    digest: hashes.HashAlgorithm,
    mask: hashes.HashAlgorithm,
    parameters: list[bytes],
) -> None:
    wrapped = wrapped_by_oaep(good, digest, mask)
    opened(replace(good, wrapped=wrapped, key_algorithm=algorithm(craft.OAEP, *parameters)), key, alice)


def test_somebody_elses_message_is_not_for_us(good: Enveloping, key: DecryptionKey, mallory: Credential) -> None:
    refused(replace(good, credential=mallory).message(), key, NotForUsError)


def test_without_a_key_nothing_encrypted_is_for_us(good: Enveloping) -> None:
    refused(good.message(), None, NotForUsError)


def inner(change: Callable[[bytes], bytes]) -> Change:
    return lambda good: replace(good, plaintext=change(good.plaintext))


ALIKE: dict[str, Change] = {
    "wrong key": lambda good: replace(good, wrapped=b"\1" * 256),
    "wrapped key too short": lambda good: replace(good, wrapped=b"\1" * 255),
    "wrapped key too long": lambda good: replace(good, wrapped=b"\1" * 257),
    "wrapped key beyond the modulus": lambda good: replace(good, wrapped=b"\xff" * 256),
    "no wrapped key": lambda good: replace(good, wrapped=b""),
    "key of another length": lambda good: replace(good, cipher=craft.AES_CBC[32]),
    "unknown key encryption": lambda good: replace(good, key_algorithm=algorithm("1.2.3.4")),
    "unknown cipher": lambda good: replace(good, cipher="1.2.3.4"),
    "triple DES": lambda good: replace(good, cipher=craft.TRIPLE_DES),
    "a GCM cipher without authentication": lambda good: replace(good, cipher=craft.AES_GCM[16]),
    "no padding": lambda good: replace(good, pad=lambda text: text[: len(text) // 16 * 16]),
    "padding of 0": lambda good: replace(good, pad=lambda text: craft.padded(text)[:-1] + b"\0"),
    "padding of 17": lambda good: replace(good, pad=lambda text: text[: len(text) // 16 * 16] + b"\x11" * 32),
    "padding that disagrees": lambda good: replace(good, pad=lambda text: text[: len(text) // 16 * 16] + b"\1\2" * 8),
    "only padding": lambda good: replace(good, plaintext=b""),
    "ciphertext cut off": lambda good: replace(good, change=lambda text: text[:-16]),
    "ciphertext cut in a block": lambda good: replace(good, change=lambda text: text[:-1]),
    "no ciphertext": lambda good: replace(good, change=lambda _: b""),
    "a bit turned": lambda good: replace(good, change=lambda text: text[:64] + bytes((text[64] ^ 1,)) + text[65:]),
    "OAEP of a v1.5 key": lambda good: replace(good, key_algorithm=algorithm(craft.OAEP, seq())),
    "OAEP with rubbish": lambda good: replace(good, key_algorithm=algorithm(craft.OAEP, seq(octets(b"rubbish")))),
    "OAEP with a label": lambda good: replace(
        good, key_algorithm=algorithm(craft.OAEP, seq(tlv(0xA2, algorithm("1.2.840.113549.1.1.9", octets(b"l")))))
    ),
    "OAEP with MD5": lambda good: replace(
        good, key_algorithm=algorithm(craft.OAEP, seq(tlv(0xA0, algorithm(craft.MD5))))
    ),
    "OAEP with another mask": lambda good: replace(
        good, key_algorithm=algorithm(craft.OAEP, seq(tlv(0xA1, algorithm("1.2.3.4"))))
    ),
    "bad tag": lambda good: replace(
        good, kind=craft.AUTH_ENVELOPED, change=lambda text: bytes((text[0] ^ 1,)) + text[1:]
    ),
    "tag of another length": lambda good: replace(good, kind=craft.AUTH_ENVELOPED, announced_tag=12),
    "tag of 4": lambda good: replace(good, kind=craft.AUTH_ENVELOPED, announced_tag=4, tag_octets=4),
    "tag of none": lambda good: replace(good, kind=craft.AUTH_ENVELOPED, announced_tag=0, tag_octets=0),
    "content of another type": lambda good: replace(good, content_type=craft.SIGNED),
    "authenticated content of another type": lambda good: replace(
        good, kind=craft.AUTH_ENVELOPED, content_type=craft.SIGNED
    ),
    "a second tag": lambda good: replace(good, kind=craft.AUTH_ENVELOPED, behind=(octets(b"t" * 16),)),
    "no GCM parameters": lambda good: replace(good, kind=craft.AUTH_ENVELOPED, gcm_parameters=seq()),
    "GCM parameters of another key": lambda good: replace(
        good, kind=craft.AUTH_ENVELOPED, gcm_parameters=seq(octets(b"m" * 12), number(16))
    ),
    "not signed": inner(lambda _: b"Content-Type: text/plain\r\n\r\nSite: TEST\r\n"),
    "no header inside": inner(lambda _: b"rubbish"),
    "tampered inside": inner(lambda text: text.replace(b"TEST", b"BEST")),
    "cut off inside": inner(lambda text: text[: len(text) // 2]),
    "a broken CMS inside": inner(lambda text: text.replace(b"base64\r\n\r\nMII", b"base64\r\n\r\nAII")),
    "no base64 inside": inner(lambda text: text.replace(b"base64\r\n\r\nMII", b"base64\r\n\r\n*II")),
}


@pytest.mark.parametrize("name", ALIKE)
def test_every_failure_behind_the_recipient_looks_the_same(name: str, good: Enveloping, key: DecryptionKey) -> None:
    error = refused(ALIKE[name](good).message(), key, DecryptionError)
    assert str(error) == SAME_TEXT
    assert not error.hint
    assert error.__suppress_context__, "a trace would tell the cases apart"


def test_an_envelope_in_an_envelope_is_refused(good: Enveloping, key: DecryptionKey) -> None:
    refused(replace(good, plaintext=good.message()).message(), key, DecryptionError)


def test_odd_certificates_inside_an_envelope_look_the_same_too(
    good: Enveloping, alice: Credential, key: DecryptionKey
) -> None:
    at = alice.der.index(bytes.fromhex("a003020102"))
    odd = alice.der[:at] + b"\xa0\x03\x02\x01\x07" + alice.der[at + 5 :]
    refused(replace(good, plaintext=detached(Signing(alice, certificates=(odd,)))).message(), key, DecryptionError)


STRUCTURE: dict[str, Callable[[Enveloping], bytes]] = {
    "cut off": lambda _: seq(oid(craft.ENVELOPED), tlv(0xA0, seq(number(0)))),
    "not a sequence": lambda _: seq(oid(craft.ENVELOPED), tlv(0xA0, octets(b"x"))),
    "no set of recipients": lambda _: seq(oid(craft.ENVELOPED), tlv(0xA0, seq(number(0), seq(), seq()))),
    "a recipient of three values": lambda _: seq(
        oid(craft.ENVELOPED), tlv(0xA0, seq(number(0), craft.set_of(seq(number(0), seq(), seq())), seq()))
    ),
    "65 recipients": lambda good: replace(good, other_recipients=(tlv(0xA1, b""),) * 64).der(),
    "compressed": lambda _: seq(oid(craft.COMPRESSED), tlv(0xA0, seq(number(0)))),
    "two contents": lambda _: seq(oid(craft.ENVELOPED), tlv(0xA0, seq(), seq())),
    "three values": lambda _: seq(oid(craft.ENVELOPED), tlv(0xA0, seq()), seq()),
    "octets behind": lambda good: good.der() + b"\0",
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_a_broken_structure_is_malformed_before_any_key_is_used(
    name: str, good: Enveloping, key: DecryptionKey
) -> None:
    refused(craft.pkcs7_mime(STRUCTURE[name](good)), key, MalformedEnvelopeError)


def test_originator_information_is_not_looked_at(good: Enveloping, key: DecryptionKey) -> None:
    cut = seq(oid(craft.ENVELOPED), tlv(0xA0, seq(number(2), tlv(0xA0, octets(b"x")), craft.set_of(), seq())))
    refused(craft.pkcs7_mime(cut), key, NotForUsError)


@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize("oaep", [False, True])
def test_what_we_encrypt_we_read(
    alice: Credential, server: Credential, key: DecryptionKey, cipher: Cipher, *, oaep: bool
) -> None:
    signer = Signer.from_pem(alice.certificate_pem, alice.key_pem)
    encryption = Encryption(Recipient.from_pem(server.certificate_pem), cipher, oaep)
    message = seal(b"Site: TEST\n", signer, encryption)
    assert (b"authEnveloped-data" in message) == cipher.is_authenticated
    assert b"TEST" not in message
    assert unseal(message, Witness(), key, accepted=OF_SSM_1).payload == b"Site: TEST\n"
    assert seal(b"Site: TEST\n", signer, encryption) != message, "keys and vectors are random"


def test_a_key_identifier_of_ours_is_needed_to_be_named_by_it(pki: Pki, good: Enveloping, key: DecryptionKey) -> None:
    refused(replace(good, recipient_id=tlv(0x80, b"")).message(), key, NotForUsError)
