# SPDX-License-Identifier: Apache-2.0
"""Certificates and keys as files, with everything that must hold before a program starts."""

from datetime import datetime, timedelta
from pathlib import Path

from ssm.envelope.certificate import Certificate, DecryptionKey, Recipient, Signer
from ssm.errors import CredentialError

MAX_FILE_OCTETS = 1024 * 1024
LEAST_LIFE = timedelta(days=1)


def read_pem(path: Path, what: str) -> bytes:
    """A file's content; CredentialError names it and says what to do."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_OCTETS)
    except FileNotFoundError as error:
        raise CredentialError(f"{what}: there is no file {path}", hint="correct [certificates]") from error
    except PermissionError as error:
        hint = "run as the user who owns it, or give that user a copy with mode 0600"
        raise CredentialError(f"{what}: {path} cannot be read by this user", hint=hint) from error
    except OSError as error:
        raise CredentialError(f"{what}: {path}: {error.strerror}") from error


def naming(path: Path | str, error: CredentialError) -> CredentialError:
    """The same error, with the file's name."""
    return CredentialError(f"{path}: {error}", hint=error.hint)


def load_signer(certificate: Path, key: Path, now: datetime) -> Signer:
    """Certificate and key to sign with, matched and in date."""
    certificate_pem, key_pem = read_pem(certificate, "certificate"), read_pem(key, "key")
    try:
        signer = Signer.from_pem(certificate_pem, key_pem)
        signer.dn()
    except CredentialError as error:
        raise naming(f"{certificate} with {key}", error) from error
    require_life(signer.certificate, certificate, now)
    return signer


def load_decryption_key(certificate: Path, key: Path, now: datetime) -> DecryptionKey | None:
    """Certificate and key to decrypt with; None for an elliptic-curve one, to which nothing can be encrypted."""
    certificate_pem, key_pem = read_pem(certificate, "certificate"), read_pem(key, "key")
    try:
        owner = DecryptionKey.from_pem(certificate_pem, key_pem)
        signer = Signer.from_pem(certificate_pem, key_pem)
    except CredentialError as error:
        raise naming(f"{certificate} with {key}", error) from error
    require_life(signer.certificate, certificate, now)
    return owner


def load_recipient(path: Path, own: Signer | None, now: datetime) -> Recipient:
    """The receiver's certificate; it must not be our own, or only we could read what we send."""
    try:
        recipient = Recipient.from_pem(read_pem(path, "server_cert"))
    except CredentialError as error:
        raise naming(path, error) from error
    if own is not None and recipient.certificate.der == own.certificate.der:
        raise CredentialError(
            f"{path} is our own certificate, so that nobody else could read what is encrypted to it",
            hint="server_cert must be the certificate of the receiver at the other end",
        )
    require_life(recipient.certificate, path, now)
    return recipient


def require_life(certificate: Certificate, path: Path, now: datetime) -> None:
    """In date, and for at least another day: who runs on the last one will be surprised tonight."""
    begins, ends = certificate.x509.not_valid_before_utc, certificate.x509.not_valid_after_utc
    if now < begins:
        raise CredentialError(f"{path} is not valid before {begins:%Y-%m-%d %H:%M} UTC", hint="is the clock right?")
    if ends <= now:
        raise CredentialError(f"{path} has expired on {ends:%Y-%m-%d %H:%M} UTC", hint="renew the certificate")
    if ends - now < LEAST_LIFE:
        raise CredentialError(f"{path} expires within a day, on {ends:%Y-%m-%d %H:%M} UTC", hint="renew it first")
