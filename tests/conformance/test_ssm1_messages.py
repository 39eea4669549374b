# SPDX-License-Identifier: Apache-2.0
"""Messages of SSM 1, with the openssl command at the other end in either direction."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from ssm.credentials.ca_directory import CaDirectory
from ssm.envelope.certificate import DecryptionKey, Recipient, Signer
from ssm.envelope.enveloped_data import Cipher
from ssm.envelope.opened import OpenedMessage
from ssm.envelope.path import PathValidator
from ssm.errors import MalformedEnvelopeError, NotForUsError
from ssm.wiring.ssm1 import open_ssm1, seal_ssm1
from tests.old_ssm1 import open_old, openssl, packed, seal_old
from tests.pki import Credential, Pki

MAX_OCTETS = 1_000_000
PAYLOADS = [b"This is a test.", b"\0\xff\r\n\n", b"x" * 300_000, "ü\n".encode()]


@dataclass(frozen=True)
class Ends:
    pki: Pki
    server: Credential
    alice: Credential

    def open(self, message: bytes) -> OpenedMessage:
        judge = PathValidator(CaDirectory(self.pki.ca_directory), lambda: datetime.now(UTC))
        owner = DecryptionKey.from_pem(self.server.certificate_pem, self.server.key_pem)
        assert owner is not None
        return open_ssm1(message, judge=judge, owner=owner, max_octets=MAX_OCTETS)

    def seal(self, payload: bytes, cipher: Cipher = Cipher.AES_128_CBC) -> bytes:
        signer = Signer.from_pem(self.alice.certificate_pem, self.alice.key_pem)
        return seal_ssm1(payload, Recipient.from_pem(self.server.certificate_pem), signer=signer, cipher=cipher)


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Ends:
    pki = Pki(tmp_path_factory.mktemp("ssm1") / "pki")
    return Ends(pki, pki.issue("server.example.org"), pki.issue("alice.example.org"))


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
@pytest.mark.parametrize("digest", ["sha1", "sha256"])
def test_what_an_old_producer_sends_is_opened(ends: Ends, payload: bytes, digest: str) -> None:
    opened = ends.open(seal_old(packed(payload), ends.alice, ends.server, digest=digest))
    assert (opened.payload, str(opened.signer), opened.encrypted) == (payload, ends.alice.dn, True)


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
@pytest.mark.parametrize("cipher", [Cipher.AES_128_CBC, Cipher.AES_256_CBC, Cipher.DES_EDE3_CBC])
def test_what_we_send_an_old_consumer_opens(ends: Ends, payload: bytes, cipher: Cipher) -> None:
    sealed = ends.seal(payload, cipher)
    assert sealed.isascii()
    assert open_old(sealed, ends.server) == payload


def test_what_we_sign_is_signed_with_sha256(ends: Ends) -> None:
    files = ("-recip", ends.server.certificate_path, "-inkey", ends.server.key_path)
    signed = openssl("smime", "-decrypt", *files, data=ends.seal(b"x"))
    shown = openssl("cms", "-cmsout", "-print", "-inform", "SMIME", data=signed)
    assert b"sha256" in shown
    assert b"sha1 (" not in shown


def test_other_line_ends_on_the_way_do_no_harm(ends: Ends) -> None:
    sealed = seal_old(packed(b"payload"), ends.alice, ends.server)
    assert ends.open(sealed.replace(b"\r\n", b"\n")).payload == b"payload"
    assert ends.open(sealed.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).payload == b"payload"


def test_a_message_that_is_only_signed_or_for_another_is_refused(ends: Ends) -> None:
    files = ("-signer", ends.alice.certificate_path, "-inkey", ends.alice.key_path)
    with pytest.raises(MalformedEnvelopeError, match="must be encrypted"):
        ends.open(openssl("smime", "-sign", *files, "-text", data=packed(b"x")))
    with pytest.raises(NotForUsError):
        ends.open(seal_old(packed(b"x"), ends.alice, ends.alice))
