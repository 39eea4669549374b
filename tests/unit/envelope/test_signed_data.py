# SPDX-License-Identifier: Apache-2.0
"""Each rule of a believable signature, broken alone in a message that is otherwise good (RFC 5652, section 5)."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from ssm.envelope.certificate import Signer
from ssm.envelope.signed_data import sign
from ssm.envelope.unseal import unseal
from ssm.errors import MalformedEnvelopeError, RejectError, SignatureError
from tests.pki import Credential, Pki
from tests.unit.envelope import craft
from tests.unit.envelope.craft import Signing, Witness, algorithm, attribute, detached, octets, oid, seq, tlv

Change = Callable[[Signing], Signing]


def refused(message: bytes, error: type[RejectError], text: str = "") -> None:
    witness = Witness()
    with pytest.raises(error, match=text or None) as caught:
        unseal(message, witness)
    assert type(caught.value) is error
    assert witness.asked == []


def attributes_with(signing: Signing, position: int, *instead: bytes) -> tuple[bytes, ...]:
    good = signing.good_attributes()
    return (*good[:position], *instead, *good[position + 1 :])


def test_the_untouched_message_is_good(alice: Credential, witness: Witness) -> None:
    opened = unseal(detached(Signing(alice)), witness)
    assert opened.payload == b"Site: TEST\n"
    assert str(opened.signer) == alice.dn
    assert not opened.encrypted
    assert witness.asked == [alice.der]


def test_the_untouched_opaque_message_is_good(alice: Credential, witness: Witness) -> None:
    opened = unseal(craft.pkcs7_mime(Signing(alice).opaque().der(), b"signed-data"), witness)
    assert opened.payload == b"Site: TEST\n"


def test_the_smime_type_of_an_opaque_message_is_not_believed(alice: Credential, witness: Witness) -> None:
    opened = unseal(craft.pkcs7_mime(Signing(alice).opaque().der(), b"enveloped-data"), witness)
    assert not opened.encrypted


BROKEN: dict[str, tuple[Change, type[RejectError], str]] = {
    "other content type": (
        lambda good: replace(good, content_type=craft.SIGNED),
        SignatureError,
        "not plain data",
    ),
    "embedded and detached": (lambda good: good.opaque(), MalformedEnvelopeError, "embedded and detached"),
    "no signer": (lambda good: replace(good, signers=0), SignatureError, "0 signers"),
    "two signers": (lambda good: replace(good, signers=2), SignatureError, "2 signers"),
    "no certificate": (lambda good: replace(good, certificates=()), SignatureError, "0 certificates"),
    "no signed attributes": (lambda good: replace(good, has_attributes=False), SignatureError, "no signed attributes"),
    "empty attributes": (lambda good: replace(good, attributes=()), SignatureError, "content type"),
    "no content type": (
        lambda good: replace(good, attributes=good.good_attributes()[1:]),
        SignatureError,
        "content type",
    ),
    "no digest": (lambda good: replace(good, attributes=good.good_attributes()[:2]), SignatureError, "digest"),
    "content type twice": (
        lambda good: replace(good, attributes=(*good.good_attributes(), good.good_attributes()[0])),
        SignatureError,
        "twice",
    ),
    "digest twice": (
        lambda good: replace(good, attributes=(*good.good_attributes(), good.good_attributes()[2])),
        SignatureError,
        "twice",
    ),
    "unknown attribute twice": (
        lambda good: replace(good, attributes=(*good.good_attributes(), *[attribute("1.2.3.4", octets(b"x"))] * 2)),
        SignatureError,
        "twice",
    ),
    "two digests in one attribute": (
        lambda good: replace(
            good,
            attributes=attributes_with(
                good, 2, attribute(craft.MESSAGE_DIGEST, good.good_attributes()[2][-34:], octets(b"0" * 32))
            ),
        ),
        SignatureError,
        "one value",
    ),
    "two content types in one attribute": (
        lambda good: replace(
            good, attributes=attributes_with(good, 0, attribute(craft.CONTENT_TYPE, oid(craft.DATA), oid(craft.DATA)))
        ),
        SignatureError,
        "one value",
    ),
    "an attribute without a value": (
        lambda good: replace(good, attributes=(*good.good_attributes(), attribute("1.2.3.4"))),
        SignatureError,
        "one value",
    ),
    "content type is another": (
        lambda good: replace(
            good, attributes=attributes_with(good, 0, attribute(craft.CONTENT_TYPE, oid(craft.SIGNED)))
        ),
        SignatureError,
        "content type",
    ),
    "digest of something else": (
        lambda good: replace(good, attributes=replace(good, content=b"A: b\r\n\r\nother").good_attributes()),
        SignatureError,
        "tampering",
    ),
    "digest cut short": (
        lambda good: replace(
            good,
            attributes=attributes_with(
                good, 2, attribute(craft.MESSAGE_DIGEST, octets(good.good_attributes()[2][-32:-1]))
            ),
        ),
        SignatureError,
        "tampering",
    ),
    "empty digest": (
        lambda good: replace(good, attributes=attributes_with(good, 2, attribute(craft.MESSAGE_DIGEST, octets(b"")))),
        SignatureError,
        "tampering",
    ),
    "digest of another type": (
        lambda good: replace(
            good,
            attributes=attributes_with(
                good, 2, attribute(craft.MESSAGE_DIGEST, tlv(0x0C, good.good_attributes()[2][-32:]))
            ),
        ),
        MalformedEnvelopeError,
        "string",
    ),
    "33 attributes": (
        lambda good: replace(
            good,
            attributes=(*good.good_attributes(), *(attribute(f"1.2.3.{n}", octets(b"x")) for n in range(30))),
        ),
        MalformedEnvelopeError,
        "attributes",
    ),
    "SHA-1": (
        lambda good: replace(good, digest_name="sha1", digest_algorithm=algorithm(craft.SHA1)),
        SignatureError,
        "digest algorithm",
    ),
    "MD5": (lambda good: replace(good, digest_algorithm=algorithm(craft.MD5)), SignatureError, "digest algorithm"),
    "digest names disagree": (
        lambda good: replace(good, digest_algorithm=algorithm(craft.SHA512)),
        SignatureError,
        "tampering",
    ),
    "signature names another digest": (
        lambda good: replace(good, signature_algorithm=algorithm(craft.RSA_SHA512, craft.NULL)),
        SignatureError,
        "does not suit",
    ),
    "signature names SHA-1": (
        lambda good: replace(good, signature_algorithm=algorithm(craft.RSA_SHA1, craft.NULL)),
        SignatureError,
        "does not suit",
    ),
    "ECDSA under an RSA key": (
        lambda good: replace(good, signature_algorithm=algorithm(craft.ECDSA_SHA256)),
        SignatureError,
        "does not suit",
    ),
    "digest with parameters": (
        lambda good: replace(good, digest_algorithm=algorithm(craft.SHA256, octets(b"x"))),
        SignatureError,
        "parameters",
    ),
    "signature with parameters": (
        lambda good: replace(good, signature_algorithm=algorithm(craft.RSA, seq())),
        SignatureError,
        "parameters",
    ),
    "signature over the content alone": (
        lambda good: replace(good, signature=lambda _: craft.sign_with(good.credential, hashes.SHA256())(good.content)),
        SignatureError,
        "not made by",
    ),
    "signature over the tag on the wire": (
        lambda good: replace(
            good,
            signature=lambda signed: craft.sign_with(good.credential, hashes.SHA256())(b"\xa0" + signed[1:]),
        ),
        SignatureError,
        "not made by",
    ),
    "empty signature": (lambda good: replace(good, signature=lambda _: b""), SignatureError, "not made by"),
    "17 certificates": (
        lambda good: replace(good, certificates=(good.credential.der, *(seq(craft.number(n)) for n in range(16)))),
        SignatureError,
        "too many",
    ),
    "an attribute certificate": (
        lambda good: replace(good, certificates=(good.credential.der, tlv(0xA2, b""))),
        MalformedEnvelopeError,
        "certificate",
    ),
    "something after the CRLs": (
        lambda good: replace(good, extra=(tlv(0xA2, b""),)),
        MalformedEnvelopeError,
        "unexpected",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_broken_rule_refuses_the_message(name: str, alice: Credential) -> None:
    change, error, text = BROKEN[name]
    refused(detached(change(Signing(alice))), error, text)


def test_an_opaque_message_without_content_is_refused(alice: Credential) -> None:
    refused(craft.pkcs7_mime(Signing(alice).der(), b"signed-data"), MalformedEnvelopeError, "missing")


def test_a_signature_over_attributes_does_not_pass_for_one_over_content(alice: Credential) -> None:
    # The attributes' own DER as content, with the same signature and no attributes: RFC 5652 alone would allow it.
    good = Signing(alice)
    attributes = craft.set_of(*good.good_attributes())
    forged = replace(good, content=attributes, has_attributes=False).opaque()
    refused(craft.pkcs7_mime(forged.der()), SignatureError, "no signed attributes")


def test_the_content_may_not_change_after_signing(alice: Credential) -> None:
    refused(detached(Signing(alice)).replace(b"Site: TEST", b"Site: BEST"), SignatureError, "tampering")


def test_a_trailing_blank_may_not_change_after_signing(alice: Credential) -> None:
    refused(detached(Signing(alice)).replace(b"Site: TEST", b"Site: TEST "), SignatureError, "tampering")


def test_somebody_elses_key_does_not_speak_for_the_named_certificate(alice: Credential, mallory: Credential) -> None:
    forged = Signing(alice, signature=craft.sign_with(mallory, hashes.SHA256()))
    refused(detached(forged), SignatureError, "not made by")


@pytest.mark.parametrize("by_key", [False, True])
def test_the_certificate_that_fits_counts_wherever_it_stands(
    alice: Credential, mallory: Credential, witness: Witness, *, by_key: bool
) -> None:
    named = craft.key_identifier(mallory) if by_key else None
    message = Signing(
        mallory, certificates=(alice.der, mallory.der), signer_id=named, signer_version=3 if by_key else 1
    )
    assert str(unseal(detached(message), witness).signer) == mallory.dn
    assert witness.asked == [mallory.der]


def test_the_same_certificate_twice_counts_once(alice: Credential, witness: Witness) -> None:
    opened = unseal(detached(Signing(alice, certificates=(alice.der, alice.der))), witness)
    assert str(opened.signer) == alice.dn


def test_two_certificates_that_fit_are_refused(pki: Pki, alice: Credential, mallory: Credential) -> None:
    twin = twin_of(alice, mallory, pki)
    message = Signing(alice, certificates=(alice.der, twin))
    refused(detached(message), SignatureError, "2 certificates")


def test_two_certificates_with_the_key_identifier_are_refused(pki: Pki, alice: Credential) -> None:
    identifier = x509.SubjectKeyIdentifier.from_public_key(alice.certificate.public_key())
    twin = rebuilt(pki, alice, pki.ca.name, 99_999, [identifier]).public_bytes(craft.DER)
    message = Signing(alice, certificates=(alice.der, twin), signer_id=craft.key_identifier(alice))
    refused(detached(message), SignatureError, "2 certificates")


def twin_of(alice: Credential, other: Credential, pki: Pki) -> bytes:
    """Another certificate with alice's issuer and serial number."""
    return rebuilt(pki, other, pki.ca.name, alice.certificate.serial_number, []).public_bytes(craft.DER)


def rebuilt(
    pki: Pki, of: Credential, issuer: x509.Name, serial: int, extensions: list[x509.ExtensionType]
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(of.certificate.subject)
        .issuer_name(issuer)
        .public_key(of.key.public_key())
        .serial_number(serial)
        .not_valid_before(of.certificate.not_valid_before_utc)
        .not_valid_after(of.certificate.not_valid_after_utc)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(pki.ca.key, hashes.SHA256())


def test_a_certificate_of_an_unknown_version_names_nobody(alice: Credential, witness: Witness) -> None:
    version = bytes.fromhex("a003020102")
    at = alice.der.index(version)
    odd = alice.der[:at] + b"\xa0\x03\x02\x01\x07" + alice.der[at + 5 :]
    assert str(unseal(detached(Signing(alice, certificates=(odd, alice.der))), witness).signer) == alice.dn
    refused(detached(Signing(alice, certificates=(odd,))), SignatureError, "0 certificates")


def test_a_certificate_with_an_extension_twice_names_nobody_by_key_identifier(alice: Credential) -> None:
    alternative_name, key_identifier = bytes.fromhex("0603551d11"), bytes.fromhex("0603551d0e")
    odd = alice.der.replace(alternative_name, key_identifier)
    assert odd != alice.der
    message = Signing(alice, certificates=(odd,), signer_id=craft.key_identifier(alice))
    refused(detached(message), SignatureError, "0 certificates")


def test_a_certificate_that_nobody_can_read_is_passed_over(alice: Credential, witness: Witness) -> None:
    message = Signing(alice, certificates=(seq(octets(b"rubbish")), seq(), alice.der))
    assert str(unseal(detached(message), witness).signer) == alice.dn


def test_revocation_lists_in_a_message_are_not_looked_at(alice: Credential, witness: Witness) -> None:
    message = Signing(alice, extra=(tlv(0xA1, seq(octets(b"rubbish"))),))
    assert str(unseal(detached(message), witness).signer) == alice.dn


def test_attributes_in_ber_are_verified_as_der(alice: Credential, witness: Witness) -> None:
    message = Signing(alice, encode_attributes=lambda content: craft.indefinite(0xA0, content))
    assert unseal(detached(message), witness).payload == b"Site: TEST\n"


def test_the_order_of_the_attributes_is_the_signers(alice: Credential, witness: Witness) -> None:
    message = Signing(alice)
    turned = replace(message, attributes=tuple(reversed(message.good_attributes())))
    assert unseal(detached(turned), witness).payload == b"Site: TEST\n"


def test_content_in_segments_is_joined(alice: Credential, witness: Witness) -> None:
    content = craft.CONTENT
    inner = craft.indefinite(0x24, octets(content[:7]), octets(b""), craft.indefinite(0x24, octets(content[7:])))
    opened = unseal(craft.pkcs7_mime(replace(Signing(alice), embedded=inner).der()), witness)
    assert opened.payload == b"Site: TEST\n"


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        (0x17, b"260102030405Z", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (0x18, b"20510102030405Z", datetime(2051, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (0x17, b"rubbish", None),
        (0x17, b"\xff\xfe", None),
        (0x04, b"260102030405Z", None),
    ],
)
def test_the_signing_time_is_the_senders_word_and_proves_nothing(
    alice: Credential, witness: Witness, tag: int, text: bytes, expected: datetime | None
) -> None:
    good = Signing(alice)
    said = attribute(craft.SIGNING_TIME, tlv(tag, text))
    message = replace(good, attributes=attributes_with(good, 1, said))
    assert unseal(detached(message), witness).signing_time == expected


def test_what_is_made_names_its_signer_and_the_time(alice: Credential, witness: Witness) -> None:
    moment = datetime(2055, 5, 6, 7, 8, 9, tzinfo=UTC)
    signer = Signer.from_pem(alice.certificate_pem, alice.key_pem)
    cms = sign(hashlib.sha256(craft.CONTENT).digest(), signer, moment)
    opened = unseal(craft.multipart(craft.CONTENT, cms), witness)
    assert opened.signing_time == moment
    assert str(opened.signer) == alice.dn


def test_embedded_content_is_made_too(alice: Credential, witness: Witness) -> None:
    moment = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
    signer = Signer.from_pem(alice.certificate_pem, alice.key_pem)
    cms = sign(hashlib.sha256(craft.CONTENT).digest(), signer, moment, craft.CONTENT)
    assert unseal(craft.pkcs7_mime(cms, b"signed-data"), witness).payload == b"Site: TEST\n"


STRUCTURE: dict[str, Callable[[Signing], bytes]] = {
    "signer information cut off": lambda s: replace_signed(s, signer=seq(craft.number(1))),
    "no set of signers": lambda s: replace_signed(s, signers=seq()),
    "not a sequence": lambda _: seq(oid(craft.SIGNED), tlv(0xA0, octets(b"x"))),
    "cut off": lambda _: seq(oid(craft.SIGNED), tlv(0xA0, seq(craft.number(1)))),
    "two contents": lambda _: seq(oid(craft.SIGNED), tlv(0xA0, octets(b"x"), octets(b"x"))),
    "another type": lambda s: seq(oid(craft.DATA), tlv(0xA0, octets(s.content))),
    "octets behind": lambda s: s.der() + b"\0\0",
    "no content type": lambda s: replace_signed(s, encapsulated=seq()),
    "three values in the content": lambda s: replace_signed(
        s, encapsulated=seq(oid(craft.DATA), tlv(0xA0, octets(b"")), octets(b""))
    ),
    "two strings as content": lambda s: replace_signed(
        s, encapsulated=seq(oid(craft.DATA), tlv(0xA0, octets(b""), octets(b"")))
    ),
    "signer named by three values": lambda s: replace(s, signer_id=seq(octets(b""), octets(b""), octets(b""))).der(),
    "serial number of 65 octets": lambda s: replace(s, signer_id=seq(seq(), tlv(2, b"\1" * 65))).der(),
    "attribute of three values": lambda s: replace(
        s, attributes=(*s.good_attributes(), seq(oid("1.2.3"), craft.set_of(octets(b"")), octets(b"")))
    ).der(),
    "algorithm of three values": lambda s: replace(
        s, digest_algorithm=algorithm(craft.SHA256, craft.NULL, craft.NULL)
    ).der(),
}


def replace_signed(signing: Signing, *, signer: bytes = b"", signers: bytes = b"", encapsulated: bytes = b"") -> bytes:
    body = seq(
        craft.number(1),
        craft.set_of(signing.digest_algorithm),
        encapsulated or seq(oid(craft.DATA)),
        tlv(0xA0, signing.credential.der),
        signers or craft.set_of(signer or signing.signer_info()),
    )
    return seq(oid(craft.SIGNED), tlv(0xA0, body))


@pytest.mark.parametrize("name", STRUCTURE)
def test_a_broken_structure_is_refused(name: str, alice: Credential) -> None:
    message = craft.multipart(craft.CONTENT, STRUCTURE[name](Signing(alice)))
    witness = Witness()
    with pytest.raises((MalformedEnvelopeError, SignatureError)):
        unseal(message, witness)
    assert witness.asked == []


def test_two_sets_of_certificates_are_refused(alice: Credential, mallory: Credential) -> None:
    message = Signing(alice, certificates=(mallory.der,), extra=(tlv(0xA0, alice.der),))
    refused(detached(message), MalformedEnvelopeError)
