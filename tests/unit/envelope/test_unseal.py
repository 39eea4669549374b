# SPDX-License-Identifier: Apache-2.0
"""The one way through: what shapes of message are opened, which are refused, and that nothing else gets by."""

import base64
import quopri
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from ssm.envelope.certificate import DecryptionKey, Signer
from ssm.envelope.path import PathValidator
from ssm.envelope.seal import seal
from ssm.envelope.unseal import unseal
from ssm.errors import (
    CannotJudgeError,
    MalformedEnvelopeError,
    RejectError,
    SignatureError,
    UntrustedCertificateError,
)
from tests.pki import Credential, Pki
from tests.unit.envelope import craft
from tests.unit.envelope.craft import BOUNDARY, Enveloping, Signing, Witness, detached

Change = Callable[[bytes], bytes]


def refused(message: bytes, error: type[RejectError] = MalformedEnvelopeError) -> None:
    witness = Witness()
    with pytest.raises(error) as caught:
        unseal(message, witness)
    assert type(caught.value) is error
    assert witness.asked == []


def with_part(alice: Credential, header: bytes, body: bytes) -> bytes:
    """A message whose signed part has this header block and body, both with CRLF."""
    return detached(Signing(alice, content=header + b"\r\n" + body))


def one_line(text: bytes) -> bytes:
    head, middle, tail = text.partition(b"base64\n\n")
    code, end, rest = tail.partition(b"\n\n--")
    return head + middle + code.replace(b"\n", b"") + end + rest


def turned(text: bytes) -> bytes:
    head, one, two, end = text.split(b"--" + BOUNDARY)
    return (b"--" + BOUNDARY).join((head, two, one, end))


CHANGED: dict[str, Change] = {
    "CRLF": lambda text: text.replace(b"\n", b"\r\n"),
    "CRLF in the outer headers only": lambda text: text.replace(b"\n", b"\r\n", 2),
    "without x-": lambda text: text.replace(b"x-pkcs7", b"pkcs7"),
    "upper case": lambda text: text.replace(b"multipart/signed", b"MULTIPART/Signed").replace(b"base64", b"BASE64"),
    "other headers": lambda text: b"From: a\nTo: b\nSubject: c\nReceived: d\nReceived: e\n" + text,
    "folded": lambda text: text.replace(b"; ", b";\n\t"),
    "bare boundary": lambda text: text.replace(b'"' + BOUNDARY + b'"', BOUNDARY),
    "no micalg": lambda text: text.replace(b'micalg="sha-256"; ', b""),
    "a lying micalg": lambda text: text.replace(b"sha-256", b"md5"),
    "no preamble": lambda text: text.replace(b"This is an S/MIME signed message\n\n", b""),
    "no newline at the end": bytes.rstrip,
    "no MIME-Version": lambda text: text.replace(b"MIME-Version: 1.0\n", b""),
    "one line of base64": one_line,
    "a preamble that mentions the boundary": lambda text: text.replace(b"This is", b"x--" + BOUNDARY + b" is"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_variants_of_the_form_are_read(name: str, alice: Credential) -> None:
    message = detached(Signing(alice))
    changed = CHANGED[name](message)
    assert changed != message
    assert unseal(changed, Witness()).payload == b"Site: TEST\n"


BROKEN: dict[str, Change] = {
    "empty": lambda _: b"",
    "garbage": lambda _: bytes(range(256)) * 10,
    "not signed": lambda _: b"Content-Type: text/plain\n\nSite: TEST\n",
    "no content type": lambda text: text.replace(b"Content-Type: multipart", b"X-Type: multipart"),
    "multipart of another kind": lambda text: text.replace(b"multipart/signed", b"multipart/mixed"),
    "two content types": lambda text: b"Content-Type: text/plain\n" + text,
    "no protocol": lambda text: text.replace(b'protocol="application/x-pkcs7-signature"; ', b""),
    "another protocol": lambda text: text.replace(b'"application/x-pkcs7-signature"', b'"application/pgp-signature"'),
    "no boundary": lambda text: text.replace(b'boundary="' + BOUNDARY + b'"', b"x=y"),
    "two boundaries": lambda text: text.replace(b"; boundary", b"; boundary=x; boundary"),
    "cut off in the signature": lambda text: text[: text.rindex(b"--" + BOUNDARY)],
    "cut off in the content": lambda text: text[: text.index(b"Site")],
    "a third part": lambda text: text.replace(BOUNDARY + b"--", BOUNDARY + b"\n\nx\n--" + BOUNDARY + b"--"),
    "an epilogue": lambda text: text + b"Site: EVIL\n",
    "signature first": turned,
    "signature of another type": lambda text: text.replace(
        b"Type: application/x-pkcs7-signature", b"Type: application/octet-stream"
    ),
    "signature without encoding": lambda text: text.replace(b"Content-Transfer-Encoding: base64\n", b""),
    "signature in quoted-printable": lambda text: text.replace(b": base64", b": quoted-printable"),
    "signature with rubbish between": lambda text: text.replace(b"\n\nMII", b"\n\nM!II"),
    "signature empty": lambda text: text[: text.index(b"\n\nMII")] + b"\n\n\n--" + BOUNDARY + b"--\n",
    "signature of zeros": lambda text: text[: text.index(b"\n\nMII")] + b"\n\nAAAA\n--" + BOUNDARY + b"--\n",
    "control character in a header": lambda text: text.replace(b"MIME-Version: 1.0", b"MIME-Version: \x00"),
    "header flood": lambda text: b"A: b\n" * 200 + text,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_form_is_malformed(name: str, alice: Credential) -> None:
    message = detached(Signing(alice))
    changed = BROKEN[name](message)
    assert changed != message
    refused(changed)


def test_more_octets_than_the_limit_are_refused_unread(alice: Credential) -> None:
    message = detached(Signing(alice))
    assert unseal(message, Witness(), max_octets=len(message)).payload
    with pytest.raises(MalformedEnvelopeError, match="more than"):
        unseal(message, Witness(), max_octets=len(message) - 1)


def test_a_signed_body_may_mention_encryption(alice: Credential) -> None:
    body = b"Content-Type: application/pkcs7-mime; application/x-pkcs7-mime\r\n\r\napplication/pkcs7-mime"
    opened = unseal(with_part(alice, b"Content-Type: text/plain\r\n", body), Witness())
    assert opened.payload == body.replace(b"\r\n", b"\n")
    assert not opened.encrypted


def test_what_looks_encrypted_in_the_headers_of_a_signed_message_changes_nothing(alice: Credential) -> None:
    message = b"Subject: application/x-pkcs7-mime\nX-Content-Type: application/pkcs7-mime\n" + detached(Signing(alice))
    assert not unseal(message, Witness()).encrypted


@pytest.mark.parametrize(
    ("header", "body", "payload"),
    [
        (b"Content-Type: text/plain\r\n", b"a\r\nb", b"a\nb"),
        (b"Content-Type: text/plain; charset=utf-8\r\n", "é\x0c\u2028\x85".encode(), "é\x0c\u2028\x85".encode()),
        (b"Content-Type: text/xml\r\n", b"<a/>\r\n\r\n", b"<a/>\n\n"),
        (b"X-Other: y\r\n", b"untyped", b"untyped"),
        (b"Content-Type: application/json\r\nContent-Transfer-Encoding: 8bit\r\n", b"{}", b"{}"),
        (b"Content-Type: application/octet-stream\r\n", b"\xff\0\xfe", b"\xff\0\xfe"),
        (b"Content-Transfer-Encoding: BASE64\r\n", base64.b64encode(b"a\r\nb"), b"a\r\nb"),
        (b"Content-Transfer-Encoding: Quoted-Printable\r\n", quopri.encodestring("é=".encode()), "é=".encode()),
        (b"Content-Transfer-Encoding: quoted-printable\r\n", b"a=0D=0Ab=\r\nc", b"a\r\nbc"),
    ],
)
def test_parts_are_decoded(alice: Credential, header: bytes, body: bytes, payload: bytes) -> None:
    assert unseal(with_part(alice, header, body), Witness()).payload == payload


@pytest.mark.parametrize(
    ("header", "body"),
    [
        (b"Content-Type: multipart/mixed; boundary=x\r\n", b"--x\r\n\r\ny\r\n--x--"),
        (b"Content-Type: multipart/signed; boundary=x\r\n", b"--x\r\n\r\ny\r\n--x--"),
        (b"Content-Type: message/rfc822\r\n", b"A: b\r\n\r\nc"),
        (b"Content-Type: application/pkcs7-mime\r\n", b"x"),
        (b"Content-Type: Application/X-PKCS7-MIME\r\n", b"x"),
        (b"Content-Type: application/pkcs7-signature\r\n", b"x"),
        (b"Content-Transfer-Encoding: x-uuencode\r\n", b"x"),
        (b"Content-Transfer-Encoding: base64\r\n", b"a*aa"),
        (b"Content-Transfer-Encoding: base64\r\n", b""),
        (b"Content-Type: text/plain\r\n", b""),
        (b"Content-Type: text/plain\r\n", b"\xff"),
        (b"Content-Type: text/plain; charset=iso-8859-1\r\n", b"\xe9"),
        (b"Content-Type: text/plain\r\n", b"a\0b"),
        (b"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n", b"AA=="),
        (b"Content-Type: text/plain\r\nContent-Type: text/plain\r\n", b"x"),
        (b"X-Other: y\r\n", b"\xff"),
        (b"Content-Type: rubbish\r\n", b"x"),
        (b"no header at all", b"x"),
    ],
)
def test_parts_that_nobody_should_read_are_refused_although_signed(
    alice: Credential, header: bytes, body: bytes
) -> None:
    with pytest.raises(MalformedEnvelopeError):
        unseal(with_part(alice, header, body), Witness())


def test_an_unsigned_cms_structure_is_refused(alice: Credential) -> None:
    data = craft.seq(craft.oid(craft.DATA), craft.tlv(0xA0, craft.octets(b"A: b\n\nc")))
    refused(craft.pkcs7_mime(data))


def test_an_opaque_message_may_come_in_binary(alice: Credential) -> None:
    cms = Signing(alice).opaque().der()
    message = b"Content-Type: application/pkcs7-mime\nContent-Transfer-Encoding: binary\n\n" + cms
    assert unseal(message, Witness()).payload == b"Site: TEST\n"
    refused(message.replace(b"binary", b"7bit"))
    refused(message.replace(b"Content-Transfer-Encoding: binary\n", b""))


def test_an_opaque_signature_in_an_envelope_is_read(alice: Credential, server: Credential, key: DecryptionKey) -> None:
    inner = craft.pkcs7_mime(Signing(alice).opaque().der(), b"signed-data")
    opened = unseal(Enveloping(server, inner).message(), Witness(), key)
    assert (opened.payload, opened.encrypted) == (b"Site: TEST\n", True)


def test_a_signature_part_whose_headers_run_into_the_end_is_refused(alice: Credential) -> None:
    boundary = b"a:b"
    message = craft.multipart(craft.CONTENT, Signing(alice).der(), boundary)
    assert unseal(message, Witness()).payload
    head, _, _ = message.partition(b"Content-Transfer-Encoding: base64")
    refused(head + b"Content-Transfer-Encoding: base64\n--a:b--\n\n")


def test_the_path_of_the_signers_certificate_is_judged(alice: Credential, judge: PathValidator) -> None:
    assert str(unseal(detached(Signing(alice)), judge).signer) == alice.dn


def test_a_good_signature_of_an_untrusted_certificate_is_refused(pki: Pki, judge: PathValidator) -> None:
    stranger = pki.issue("stranger.example.org", ca=pki.authority("Unknown CA", trusted=False))
    with pytest.raises(UntrustedCertificateError):
        unseal(detached(Signing(stranger)), judge)


def test_a_trusted_certificate_beside_an_untrusted_signer_does_not_help(
    pki: Pki, alice: Credential, judge: PathValidator
) -> None:
    stranger = pki.issue("stranger.example.org", ca=pki.authority("Unknown CA", trusted=False))
    for certificates in ((alice.der, stranger.der), (stranger.der, alice.der)):
        with pytest.raises(UntrustedCertificateError):
            unseal(detached(Signing(stranger, certificates=certificates)), judge)


def test_an_untrusted_copy_of_a_trusted_name_is_refused(pki: Pki, alice: Credential, judge: PathValidator) -> None:
    impostor = pki.authority("Test CA", trusted=False)
    assert impostor.name == pki.ca.name
    fake = pki.issue("alice.example.org", ca=impostor)
    assert fake.dn == alice.dn
    with pytest.raises(UntrustedCertificateError):
        unseal(detached(Signing(fake)), judge)


def test_a_signer_whose_name_cannot_be_listed_is_untrusted(pki: Pki) -> None:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test/CN=alice.example.org"),
            x509.NameAttribute(NameOID.COMMON_NAME, "x"),
        ]
    )
    with pytest.raises(UntrustedCertificateError, match="name"):
        unseal(detached(Signing(pki.issue(subject=name))), Witness())


def test_what_we_cannot_judge_is_not_the_senders_fault(alice: Credential) -> None:
    class Undecided:
        def judge(self, certificate_der: bytes) -> None:
            raise CannotJudgeError("a CRL is missing")

    with pytest.raises(CannotJudgeError):
        unseal(detached(Signing(alice)), Undecided())


def test_a_tampered_message_is_refused_before_the_path_is_looked_at(alice: Credential) -> None:
    refused(detached(Signing(alice)).replace(b"TEST", b"BEST"), SignatureError)


def test_a_lone_carriage_return_is_content(alice: Credential) -> None:
    message = with_part(alice, b"Content-Type: text/plain\r\n", b"a\rb\r\nc")
    assert unseal(message, Witness()).payload == b"a\rb\nc"


def test_a_depth_bomb_is_refused(alice: Credential) -> None:
    for wrap in (craft.tlv, craft.indefinite):
        bomb = craft.octets(b"x")
        for _ in range(2000):
            bomb = wrap(0x30, bomb)
        refused(craft.pkcs7_mime(bomb))
        refused(craft.multipart(craft.CONTENT, bomb))
        refused(
            craft.multipart(
                craft.CONTENT, replace(Signing(alice), attributes=(bomb, *Signing(alice).good_attributes())).der()
            )
        )


def test_a_string_of_nested_strings_is_refused(alice: Credential) -> None:
    bomb = craft.octets(b"x")
    for _ in range(2000):
        bomb = craft.indefinite(0x24, bomb)
    refused(craft.pkcs7_mime(replace(Signing(alice), embedded=bomb).der()))


def test_a_message_of_many_values_is_refused(alice: Credential) -> None:
    crowd = craft.tlv(0x24, craft.octets(b"") * 40_000)
    refused(craft.pkcs7_mime(replace(Signing(alice), embedded=crowd).der()))


def test_many_signers_are_refused(alice: Credential) -> None:
    refused(detached(replace(Signing(alice), signers=5)), SignatureError)


def test_a_long_stream_of_segments_is_read(alice: Credential) -> None:
    # openssl -stream writes segments of 4 KiB in six indefinite lengths: 12,800 segments are 50 MB.
    content = b"Content-Type: text/plain\r\n\r\n" + b"x" * 4096 * 12_800
    segments = craft.indefinite(0x24, *(craft.octets(content[at : at + 4096]) for at in range(0, len(content), 4096)))
    signing = Signing(alice, content=content)
    body = craft.indefinite(
        0x30,
        craft.number(1),
        craft.set_of(signing.digest_algorithm),
        craft.indefinite(0x30, craft.oid(craft.DATA), craft.indefinite(0xA0, segments)),
        craft.tlv(0xA0, alice.der),
        craft.set_of(signing.signer_info()),
    )
    cms = craft.indefinite(0x30, craft.oid(craft.SIGNED), craft.indefinite(0xA0, body))
    assert len(unseal(craft.pkcs7_mime(cms, b"signed-data"), Witness()).payload) == 4096 * 12_800


def test_what_we_seal_is_opened_for_the_signer(alice: Credential, judge: PathValidator) -> None:
    signer = Signer.from_pem(alice.certificate_pem, alice.key_pem)
    opened = unseal(seal(b"Site: TEST\n", signer), judge)
    assert (opened.payload, str(opened.signer), opened.encrypted) == (b"Site: TEST\n", alice.dn, False)
    assert opened.signing_time is not None
