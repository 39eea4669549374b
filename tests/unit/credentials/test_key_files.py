# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys as files, with everything that must hold before a program starts."""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from ssm.credentials.key_files import load_decryption_key, load_recipient, load_signer
from ssm.errors import CredentialError
from tests.pki import Credential, Pki

NOW = datetime.now(UTC)
SECRET = b"planted-secret"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def host(pki: Pki) -> Credential:
    return pki.issue("host.example.org")


def refusal(work: Callable[[], object]) -> CredentialError:
    """The complaint, which must be one line."""
    with pytest.raises(CredentialError) as caught:
        work()
    assert caught.value.exit_status == 78
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("kind", ["rsa2048", "rsa4096", "p256", "p384", "p521"])
def test_a_matching_pair_signs(pki: Pki, kind: str) -> None:
    own = pki.issue("signer.example.org", key=kind)
    signer = load_signer(own.certificate_path, own.key_path, NOW)
    assert str(signer.dn()) == "/O=Test/CN=signer.example.org"


def test_a_signer_does_not_show_its_key(host: Credential) -> None:
    assert "key=" not in repr(load_signer(host.certificate_path, host.key_path, NOW)).replace("public_key=", "")


def test_certificate_and_key_may_stand_in_one_file(host: Credential, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(host.key_pem + host.certificate_pem)
    assert load_signer(both, both, NOW).certificate.der == host.der


def test_a_key_of_another_certificate_is_refused_in_the_known_words(pki: Pki, host: Credential) -> None:
    other = pki.issue("other.example.org")
    for work in (
        lambda: load_signer(host.certificate_path, other.key_path, NOW),
        lambda: load_decryption_key(host.certificate_path, other.key_path, NOW),
    ):
        error = refusal(work)
        assert "Cert and key don't match." in str(error)
        assert error.hint


def test_a_key_of_another_kind_is_refused(pki: Pki, host: Credential) -> None:
    other = pki.issue("other.example.org", key="p256")
    assert "Cert and key don't match." in str(refusal(lambda: load_signer(host.certificate_path, other.key_path, NOW)))


def test_a_missing_file_is_named(host: Credential, tmp_path: Path) -> None:
    none = tmp_path / "none.pem"
    assert str(none) in str(refusal(lambda: load_signer(none, host.key_path, NOW)))
    assert str(none) in str(refusal(lambda: load_signer(host.certificate_path, none, NOW)))
    assert str(none) in str(refusal(lambda: load_recipient(none, None, NOW)))


@pytest.fixture
def somebody_else() -> Iterator[Path]:
    """A folder that all may enter, and a user who may not read what is private in it, even where tests run as root."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield folder
    os.seteuid(user)
    shutil.rmtree(folder)


def test_an_unreadable_key_is_named_with_what_to_do(host: Credential, somebody_else: Path) -> None:
    certificate, key = somebody_else / "cert.pem", somebody_else / "key.pem"
    nobody, owner = os.geteuid(), os.getuid()
    os.seteuid(owner)
    certificate.write_bytes(host.certificate_pem)
    key.write_bytes(host.key_pem)
    key.chmod(0)
    os.seteuid(nobody)
    error = refusal(lambda: load_signer(certificate, key, NOW))
    assert str(key) in str(error)
    assert "0600" in error.hint


def test_a_folder_in_place_of_a_file_is_refused(host: Credential, tmp_path: Path) -> None:
    assert str(tmp_path) in str(refusal(lambda: load_signer(host.certificate_path, tmp_path, NOW)))


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x00" * 100, b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_is_no_pem_is_refused(host: Credential, tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_bytes(content)
    refusal(lambda: load_signer(broken, host.key_path, NOW))
    refusal(lambda: load_signer(host.certificate_path, broken, NOW))
    refusal(lambda: load_recipient(broken, None, NOW))


def test_certificate_and_key_in_each_others_place_are_refused(host: Credential) -> None:
    refusal(lambda: load_signer(host.key_path, host.certificate_path, NOW))


@pytest.mark.parametrize("form", [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL])
def test_a_key_with_a_pass_phrase_is_refused_with_the_way_out(
    host: Credential, tmp_path: Path, form: serialization.PrivateFormat
) -> None:
    key = tmp_path / "locked.pem"
    key.write_bytes(
        host.key.private_bytes(serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(SECRET))
    )
    error = refusal(lambda: load_signer(host.certificate_path, key, NOW))
    assert "pass phrase" in str(error)
    assert "openssl" in error.hint


@pytest.mark.parametrize("kind", ["rsa1024", "k256"])
def test_a_key_that_nobody_should_trust_is_refused(pki: Pki, kind: str) -> None:
    weak = pki.issue("weak.example.org", key=kind)
    refusal(lambda: load_signer(weak.certificate_path, weak.key_path, NOW))


def test_an_expired_certificate_is_refused(pki: Pki) -> None:
    old = pki.issue("old.example.org", not_before=timedelta(days=-10), not_after=timedelta(days=-1))
    assert "has expired" in str(refusal(lambda: load_signer(old.certificate_path, old.key_path, NOW)))
    assert "has expired" in str(refusal(lambda: load_decryption_key(old.certificate_path, old.key_path, NOW)))
    assert "has expired" in str(refusal(lambda: load_recipient(old.certificate_path, None, NOW)))


def test_a_certificate_that_is_not_valid_yet_is_refused(pki: Pki) -> None:
    young = pki.issue("young.example.org", not_before=timedelta(days=1), not_after=timedelta(days=10))
    assert "not valid before" in str(refusal(lambda: load_signer(young.certificate_path, young.key_path, NOW)))


def test_the_last_day_of_a_certificate_is_refused_and_the_one_before_is_not(pki: Pki, host: Credential) -> None:
    ends = host.certificate.not_valid_after_utc
    pair = host.certificate_path, host.key_path
    assert load_signer(*pair, ends - timedelta(seconds=86400)).certificate.der == host.der
    error = refusal(lambda: load_signer(*pair, ends - timedelta(seconds=86399)))
    assert re.search(r"within a day", str(error))
    assert str(host.certificate_path) in str(error)


def test_a_name_that_no_list_can_hold_is_refused_before_anything_is_signed(pki: Pki) -> None:
    odd = pki.issue("a/CN=b")
    assert "cannot be listed" in str(refusal(lambda: load_signer(odd.certificate_path, odd.key_path, NOW)))


def test_an_rsa_certificate_can_be_encrypted_to_and_opened(pki: Pki, host: Credential) -> None:
    assert load_recipient(host.certificate_path, None, NOW).certificate.der == host.der
    owner = load_decryption_key(host.certificate_path, host.key_path, NOW)
    assert owner is not None
    assert owner.certificate.der == host.der


def test_an_elliptic_curve_certificate_cannot_be_encrypted_to_and_opens_nothing(pki: Pki) -> None:
    curve = pki.issue("curve.example.org", key="p256")
    assert "cannot encrypt" in str(refusal(lambda: load_recipient(curve.certificate_path, None, NOW)))
    assert load_decryption_key(curve.certificate_path, curve.key_path, NOW) is None


def test_our_own_certificate_is_refused_as_recipient_also_as_a_copy(host: Credential, tmp_path: Path) -> None:
    own = load_signer(host.certificate_path, host.key_path, NOW)
    copy = tmp_path / "copy.pem"
    copy.write_bytes(b"a copy with words before it\n" + host.certificate_pem)
    for path in (host.certificate_path, copy):
        error = refusal(lambda path=path: load_recipient(path, own, NOW))  # type: ignore[misc]  # a bound default
        assert "our own certificate" in str(error)
        assert str(path) in str(error)


def test_another_certificate_is_accepted_as_recipient(pki: Pki, host: Credential) -> None:
    own = load_signer(host.certificate_path, host.key_path, NOW)
    server = pki.issue("server.example.org")
    assert load_recipient(server.certificate_path, own, NOW).certificate.der == server.der
