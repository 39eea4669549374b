# SPDX-License-Identifier: Apache-2.0
"""The openssl command as judge of what we write, and as producer of what we read, in every shape on either side."""

import base64
import os
import quopri
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ssm.credentials.ca_directory import CaDirectory
from ssm.envelope.certificate import DecryptionKey, Recipient, Signer
from ssm.envelope.enveloped_data import Cipher
from ssm.envelope.opened import OpenedMessage
from ssm.envelope.path import PathValidator
from ssm.envelope.seal import Encryption, seal
from ssm.envelope.unseal import unseal
from ssm.errors import RejectError
from tests.pki import Credential, Pki

KEYS = ("rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521")
PLAIN = b"APEL-individual-job-message: v0.3\nSite: TEST\n%%\n"
BODIES = {
    "plain": PLAIN,
    "no newline at the end": b"Site: TEST",
    "blank lines": b"\n\nSite: TEST\n\n\nx\n",
    "looks like a boundary": b"--x\n------\n--\n",
    "speaks of encryption": b"Content-Type: application/x-pkcs7-mime\n\napplication/pkcs7-mime\n",
    "dots": b".\n..\nFrom x\n",
    "long lines": b"x" * 100_000 + b"\n" + b"y " * 5_000 + b"z\n",
    "many lines": b"a: b\n" * 50_000,
    "tabs": b"a\tb\t\n\tc\n",
}


class OpenSsl:
    """The command, in a folder of its own, that knows no CA but those it is told of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        nothing = folder / "no-certificates"
        nothing.mkdir()
        self.environment = {**os.environ, "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": str(nothing)}

    def run(self, *arguments: str | Path, data: bytes = b"") -> bytes:
        command = ["openssl", *map(str, arguments)]
        done = subprocess.run(command, input=data, capture_output=True, env=self.environment, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
        return done.stdout

    def verify(self, program: str, message: bytes, pki: Pki) -> bytes:
        """Content of a signed message, its chain checked against the CA directory; with LF, as peers read it."""
        trust = ("-CApath", pki.ca_directory, "-purpose", "any")
        return self.run(program, "-verify", *trust, "-text", data=message).replace(b"\r\n", b"\n")

    def decrypt(self, program: str, message: bytes, owner: Credential) -> bytes:
        files = ("-recip", owner.certificate_path, "-inkey", owner.key_path)
        return self.run(program, "-decrypt", *files, data=message)

    def sign(self, signer: Credential, *options: str, program: str = "smime", data: bytes = PLAIN) -> bytes:
        files = ("-signer", signer.certificate_path, "-inkey", signer.key_path)
        return self.run(program, "-sign", *files, *options, data=data)

    def encrypt(self, owners: Sequence[Credential], *options: str, program: str = "smime", data: bytes) -> bytes:
        return self.run(program, "-encrypt", *options, *(one.certificate_path for one in owners), data=data)


@dataclass(frozen=True)
class Ends:
    """Both ends of the wire."""

    pki: Pki
    server: Credential
    alice: Credential

    def unseal(self, message: bytes) -> OpenedMessage:
        judge = PathValidator(CaDirectory(self.pki.ca_directory), lambda: datetime.now(UTC))
        key = DecryptionKey.from_pem(self.server.certificate_pem, self.server.key_pem)
        return unseal(message, judge, key)

    def recipient(self) -> Recipient:
        return Recipient.from_pem(self.server.certificate_pem)


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> Ends:
    pki = Pki(tmp_path_factory.mktemp("conformance") / "pki")
    return Ends(pki, pki.issue("server.example.org"), pki.issue("alice.example.org"))


@pytest.fixture
def openssl(tmp_path: Path) -> OpenSsl:
    return OpenSsl(tmp_path)


def signer_of(credential: Credential) -> Signer:
    return Signer.from_pem(credential.certificate_pem, credential.key_pem)


def wire(message: bytes, end: bytes) -> bytes:
    return message.replace(b"\r\n", b"\n").replace(b"\n", end)


# What we write


@pytest.mark.parametrize("program", ["smime", "cms"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("body", BODIES)
def test_what_we_sign_the_command_verifies(openssl: OpenSsl, ends: Ends, program: str, end: bytes, body: str) -> None:
    message = wire(seal(BODIES[body], signer_of(ends.alice)), end)
    assert openssl.verify(program, message, ends.pki) == BODIES[body]


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_key_signs_for_the_command(openssl: OpenSsl, ends: Ends, kind: str) -> None:
    signer = ends.pki.issue("signer.example.org", key=kind)
    assert openssl.verify("cms", seal(PLAIN, signer_of(signer)), ends.pki) == PLAIN


def test_what_is_no_plain_text_arrives_encoded(openssl: OpenSsl, ends: Ends) -> None:
    message = seal("é ü\r\n \n".encode(), signer_of(ends.alice))
    trust = ("-CApath", str(ends.pki.ca_directory), "-purpose", "any")
    part = openssl.run("cms", "-verify", *trust, data=message)
    head, _, body = part.partition(b"\r\n\r\n")
    assert b"quoted-printable" in head
    assert quopri.decodestring(body.replace(b"\r\n", b"\n")) == "é ü\r\n \n".encode()


def test_what_is_no_text_arrives_as_base64(openssl: OpenSsl, ends: Ends) -> None:
    message = seal(bytes(range(256)), signer_of(ends.alice))
    trust = ("-CApath", str(ends.pki.ca_directory), "-purpose", "any")
    head, _, body = openssl.run("cms", "-verify", *trust, data=message).partition(b"\r\n\r\n")
    assert b"application/octet-stream" in head
    assert base64.b64decode(body) == bytes(range(256))


@pytest.mark.parametrize("oaep", [False, True])
@pytest.mark.parametrize("cipher", Cipher)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
def test_what_we_encrypt_the_command_decrypts(
    openssl: OpenSsl, ends: Ends, cipher: Cipher, end: bytes, *, oaep: bool
) -> None:
    message = seal(PLAIN, signer_of(ends.alice), Encryption(ends.recipient(), cipher, oaep))
    inner = openssl.decrypt("cms", wire(message, end), ends.server)
    assert openssl.verify("smime", inner, ends.pki) == PLAIN


@pytest.mark.parametrize("cipher", [Cipher.AES_128_CBC, Cipher.AES_192_CBC, Cipher.AES_256_CBC])
@pytest.mark.parametrize("body", BODIES)
def test_what_we_encrypt_the_old_command_decrypts(openssl: OpenSsl, ends: Ends, cipher: Cipher, body: str) -> None:
    message = seal(BODIES[body], signer_of(ends.alice), Encryption(ends.recipient(), cipher))
    inner = openssl.decrypt("smime", message, ends.server)
    assert openssl.verify("smime", wire(inner, b"\n"), ends.pki) == BODIES[body]


# What we read


def text_of(body: bytes) -> bytes:
    return b"Content-Type: text/plain\n\n" + body


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("body", BODIES)
def test_what_the_command_signs_we_verify(openssl: OpenSsl, ends: Ends, end: bytes, body: str) -> None:
    opened = ends.unseal(wire(openssl.sign(ends.alice, "-text", data=BODIES[body]), end))
    assert (opened.payload, str(opened.signer), opened.encrypted) == (BODIES[body], ends.alice.dn, False)
    assert opened.signing_time is not None
    assert abs((datetime.now(UTC) - opened.signing_time).total_seconds()) < 300


SIGNING: dict[str, tuple[str, tuple[str, ...]]] = {
    "opaque": ("smime", ("-text", "-nodetach")),
    "opaque in BER": ("smime", ("-text", "-nodetach", "-stream")),
    "detached, streamed": ("smime", ("-text", "-stream")),
    "SHA-384": ("smime", ("-text", "-md", "sha384")),
    "SHA-512": ("smime", ("-text", "-md", "sha512")),
    "CRLF": ("smime", ("-text", "-crlfeol")),
    "cms": ("cms", ("-text",)),
    "cms, opaque": ("cms", ("-text", "-nodetach")),
    "cms, opaque in BER": ("cms", ("-text", "-nodetach", "-stream")),
    "cms, by key identifier": ("cms", ("-text", "-keyid")),
    "cms, SHA-512": ("cms", ("-text", "-md", "sha512")),
    "cms, no capabilities": ("cms", ("-text", "-nosmimecap")),
}
RSA_ONLY: dict[str, tuple[str, tuple[str, ...]]] = {
    "PSS": ("cms", ("-text", "-keyopt", "rsa_padding_mode:pss")),
    "PSS with SHA-512": ("cms", ("-text", "-md", "sha512", "-keyopt", "rsa_padding_mode:pss")),
    "PSS, salt as long as the digest": (
        "cms",
        ("-text", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:digest"),
    ),
    "PSS, opaque": ("cms", ("-text", "-nodetach", "-keyopt", "rsa_padding_mode:pss")),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("shape", SIGNING | RSA_ONLY)
def test_every_shape_of_signature_with_every_kind_of_key_is_read(
    openssl: OpenSsl, ends: Ends, shape: str, kind: str
) -> None:
    program, options = (SIGNING | RSA_ONLY)[shape]
    if shape in RSA_ONLY and not kind.startswith("rsa"):
        kind = kind.replace("p256", "rsa2048").replace("p384", "rsa3072").replace("p521", "rsa4096")
    signer = ends.pki.issue("signer.example.org", key=kind)
    opened = ends.unseal(openssl.sign(signer, *options, program=program))
    assert (opened.payload, str(opened.signer)) == (PLAIN, signer.dn)


@pytest.mark.slow
def test_an_rsa_key_of_8192_bits_is_read_and_written(openssl: OpenSsl, ends: Ends) -> None:
    signer = ends.pki.issue("big.example.org", key="rsa8192")
    assert ends.unseal(openssl.sign(signer, "-text")).payload == PLAIN
    assert openssl.verify("smime", seal(PLAIN, signer_of(signer)), ends.pki) == PLAIN


ENCRYPTING: dict[str, tuple[str, tuple[str, ...]]] = {
    "AES-128": ("smime", ("-aes128",)),
    "AES-192": ("smime", ("-aes192",)),
    "AES-256": ("smime", ("-aes256",)),
    "BER": ("smime", ("-aes128", "-stream")),
    "cms": ("cms", ("-aes128",)),
    "cms, BER": ("cms", ("-aes256", "-stream")),
    "cms, by key identifier": ("cms", ("-aes128", "-keyid")),
    "AES-128-GCM": ("cms", ("-aes-128-gcm",)),
    "AES-192-GCM": ("cms", ("-aes-192-gcm",)),
    "AES-256-GCM": ("cms", ("-aes-256-gcm",)),
}
OAEP: dict[str, tuple[str, ...]] = {
    "OAEP": ("-keyopt", "rsa_padding_mode:oaep"),
    "OAEP with SHA-256": ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"),
    "OAEP with two digests": (
        "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha512", "-keyopt", "rsa_mgf1_md:sha256",
    ),
}  # fmt: skip


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("shape", ENCRYPTING)
def test_every_shape_of_envelope_is_opened(openssl: OpenSsl, ends: Ends, shape: str, end: bytes) -> None:
    program, options = ENCRYPTING[shape]
    inner = openssl.sign(ends.alice, "-text")
    opened = ends.unseal(wire(openssl.encrypt([ends.server], *options, program=program, data=inner), end))
    assert (opened.payload, str(opened.signer), opened.encrypted) == (PLAIN, ends.alice.dn, True)


@pytest.mark.parametrize("shape", OAEP)
def test_oaep_is_opened(openssl: OpenSsl, ends: Ends, shape: str) -> None:
    recipient = ("-aes-128-cbc", "-recip", str(ends.server.certificate_path), *OAEP[shape])
    message = openssl.run("cms", "-encrypt", *recipient, data=openssl.sign(ends.alice, "-text"))
    assert ends.unseal(message).payload == PLAIN


@pytest.mark.parametrize("program", ["smime", "cms"])
def test_our_certificate_among_several_recipients_is_found(openssl: OpenSsl, ends: Ends, program: str) -> None:
    others = [ends.pki.issue(f"other{number}.example.org") for number in range(3)]
    inner = openssl.sign(ends.alice, "-text")
    message = openssl.encrypt([*others, ends.server], "-aes128", program=program, data=inner)
    assert ends.unseal(message).payload == PLAIN


def test_an_opaque_signature_in_an_envelope_is_opened(openssl: OpenSsl, ends: Ends) -> None:
    inner = openssl.sign(ends.alice, "-text", "-nodetach", "-stream")
    assert ends.unseal(openssl.encrypt([ends.server], "-aes128", "-stream", data=inner)).payload == PLAIN


def test_further_certificates_in_the_message_do_not_matter(openssl: OpenSsl, ends: Ends, tmp_path: Path) -> None:
    more = tmp_path / "more.pem"
    others = [ends.pki.issue(f"more{number}.example.org", key="p256") for number in range(3)]
    more.write_bytes(b"".join(one.certificate_pem for one in others))
    opened = ends.unseal(openssl.sign(ends.alice, "-text", "-certfile", str(more)))
    assert str(opened.signer) == ends.alice.dn


@pytest.mark.parametrize(
    ("encoding", "body", "payload"),
    [
        ("quoted-printable", b"Site: T=C3=89ST=20\nlong=\nline\n", "Site: TÉST \nlongline\n".encode()),
        ("base64", base64.encodebytes(b"Site: TEST\n" * 20), b"Site: TEST\n" * 20),
        ("8bit", "Site: TÉST\n".encode(), "Site: TÉST\n".encode()),
    ],
)
def test_encoded_parts_that_the_command_signed_are_decoded(
    openssl: OpenSsl, ends: Ends, encoding: str, body: bytes, payload: bytes
) -> None:
    head = f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n".encode()
    assert ends.unseal(openssl.sign(ends.alice, data=head + body)).payload == payload


# What we refuse although the command would not


REFUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "no attributes": ("smime", ("-text", "-noattr")),
    "no certificate": ("smime", ("-text", "-nocerts")),
    "SHA-1": ("smime", ("-text", "-md", "sha1")),
    "SHA-224": ("smime", ("-text", "-md", "sha224")),
    "no attributes, opaque": ("cms", ("-text", "-nodetach", "-noattr")),
    "PSS with a short salt": ("cms", ("-text", "-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:8")),
}


@pytest.mark.parametrize("shape", REFUSED)
def test_what_the_command_would_take_and_we_do_not(openssl: OpenSsl, ends: Ends, shape: str) -> None:
    program, options = REFUSED[shape]
    message = openssl.sign(ends.alice, *options, program=program)
    with pytest.raises(RejectError) as caught:
        ends.unseal(message)
    assert caught.value.reason == "signature"


def test_two_signers_are_refused(openssl: OpenSsl, ends: Ends) -> None:
    other = ends.pki.issue("other.example.org")
    second = ("-signer", str(other.certificate_path), "-inkey", str(other.key_path))
    with pytest.raises(RejectError, match="2 signers"):
        ends.unseal(openssl.sign(ends.alice, "-text", *second, program="cms"))


@pytest.mark.parametrize("options", [("-aes128",), ("-aes128", "-stream")])
def test_what_is_encrypted_and_not_signed_is_refused(openssl: OpenSsl, ends: Ends, options: tuple[str, ...]) -> None:
    with pytest.raises(RejectError) as caught:
        ends.unseal(openssl.encrypt([ends.server], *options, data=text_of(PLAIN)))
    assert caught.value.reason == "decryption"


def test_an_envelope_in_an_envelope_is_refused(openssl: OpenSsl, ends: Ends) -> None:
    once = openssl.encrypt([ends.server], "-aes128", data=openssl.sign(ends.alice, "-text"))
    with pytest.raises(RejectError) as caught:
        ends.unseal(openssl.encrypt([ends.server], "-aes128", data=once))
    assert caught.value.reason == "decryption"


def test_triple_des_is_refused(openssl: OpenSsl, ends: Ends) -> None:
    message = openssl.encrypt([ends.server], "-des3", data=openssl.sign(ends.alice, "-text"))
    with pytest.raises(RejectError) as caught:
        ends.unseal(message)
    assert caught.value.reason == "decryption"


def test_somebody_elses_envelope_is_not_for_us(openssl: OpenSsl, ends: Ends) -> None:
    message = openssl.encrypt([ends.alice], "-aes128", data=openssl.sign(ends.alice, "-text"))
    with pytest.raises(RejectError) as caught:
        ends.unseal(message)
    assert caught.value.reason == "not-for-us"
