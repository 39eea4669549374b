# SPDX-License-Identifier: Apache-2.0
import logging
import ssl
from pathlib import Path

import pytest

from ssm.errors import CredentialError
from ssm.transport.tls import TlsSettings, client_context, explain
from tests.pki import Credential, Pki


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("tls") / "pki")


@pytest.fixture(scope="module")
def own(pki: Pki) -> Credential:
    return pki.issue()


def settings(own: Credential, pki: Pki, *, verify: bool = True) -> TlsSettings:
    return TlsSettings(own.certificate_path, own.key_path, pki.ca_directory, verify)


def test_the_brokers_certificate_and_name_are_verified_from_tls_1_2_on(own: Credential, pki: Pki) -> None:
    context = client_context(settings(own, pki))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_nothing_but_the_ca_directory_is_trusted(own: Credential, pki: Pki) -> None:
    assert client_context(settings(own, pki)).cert_store_stats() == {"x509": 0, "crl": 0, "x509_ca": 0}


def test_certificates_of_grid_cas_are_not_held_to_the_strictest_profile(own: Credential, pki: Pki) -> None:
    assert not client_context(settings(own, pki)).verify_flags & ssl.VERIFY_X509_STRICT


def test_verification_can_be_turned_off_and_the_log_is_loud_about_it(
    own: Credential, pki: Pki, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        context = client_context(settings(own, pki, verify=False))
    assert context.verify_mode is ssl.CERT_NONE
    assert not context.check_hostname
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert "verify_broker is off" in record.message


def test_with_verification_the_log_is_silent(own: Credential, pki: Pki, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client_context(settings(own, pki))
    assert not caplog.records


@pytest.mark.parametrize("fault", ["missing", "empty", "not the key", "not a certificate"])
def test_credentials_that_cannot_be_used_are_named(own: Credential, pki: Pki, tmp_path: Path, fault: str) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    certificate, key = {
        "missing": (tmp_path / "missing.pem", own.key_path),
        "empty": (own.certificate_path, empty),
        "not the key": (own.certificate_path, pki.issue().key_path),
        "not a certificate": (own.key_path, own.key_path),
    }[fault]
    with pytest.raises(CredentialError) as caught:
        client_context(TlsSettings(certificate, key, pki.ca_directory))
    assert str(certificate) in str(caught.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "no answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (OSError("all addresses failed"), "all addresses failed"),
        (ConnectionResetError(), "ConnectionResetError"),
    ],
)
def test_a_failure_is_put_into_words(error: Exception, words: str) -> None:
    assert explain(error) == words


def test_a_failed_verification_says_what_to_look_at() -> None:
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = "self-signed certificate"
    assert "self-signed certificate" in explain(error)
    assert "capath" in explain(error)


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("TLSV1_ALERT_UNKNOWN_CA", "does not accept our certificate (tlsv1 alert unknown ca)"),
        ("WRONG_VERSION_NUMBER", "use_ssl"),
    ],
)
def test_a_failed_handshake_says_what_to_look_at(reason: str, words: str) -> None:
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    assert words in explain(error)
