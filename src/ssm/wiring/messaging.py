# SPDX-License-Identifier: Apache-2.0
"""From settings to ready objects, for whatever is sent or received by whatever way."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from ssm.credentials.ca_directory import CaDirectory
from ssm.credentials.dn_file import DnFile
from ssm.credentials.key_files import load_decryption_key, load_recipient, load_signer
from ssm.envelope.certificate import Recipient, Signer
from ssm.envelope.enveloped_data import Cipher
from ssm.envelope.path import PathValidator
from ssm.envelope.seal import Encryption, seal
from ssm.envelope.transfer import TransferForm, transfer_form
from ssm.envelope.unseal import DEFAULT_MAX_OCTETS, unseal
from ssm.errors import CannotJudgeError, CredentialError, UntrustedCertificateError
from ssm.messenger.content import ContentPorts
from ssm.messenger.events import Event, Teller
from ssm.messenger.judge import Judge
from ssm.messenger.prepare import SendPorts
from ssm.messenger.receive import ReceivePorts
from ssm.ports.content import Remark
from ssm.ports.outgoing import OutgoingSpool
from ssm.ports.signers import Opener, SignerList
from ssm.settings.sections import (
    ReceiverSettings,
    SenderCertificates,
    SenderSettings,
)
from ssm.spool.filing import DirqCabinet
from ssm.spool.journal import SqliteJournal
from ssm.spool.pieces import SqlitePieces
from ssm.spool.sealed import SealedFiles
from ssm.spool.state import state_folder
from ssm.transport.tls import load_chain

FOR_A_MOMENT_DAYS = 36500.0  # such a cabinet forgets nothing


def utc_now() -> datetime:
    """The time, with its zone."""
    return datetime.now(UTC)


# Credentials and envelopes.


def open_signer(certificate: Path, key: Path) -> Signer:
    """Who we sign as."""
    return load_signer(certificate, key, utc_now())


def open_encryption(signer: Signer, recipient: Path | None, *, cipher: str, oaep: bool) -> Encryption | None:
    """To whom and how messages are encrypted; None when they are only signed."""
    if recipient is None:
        return None
    return Encryption(load_recipient(recipient, signer, utc_now()), Cipher(cipher), oaep)


def open_sealer(signer: Signer, encryption: Encryption | None, tell: Teller | None = None) -> Callable[[bytes], bytes]:
    """What turns a payload into a sealed message; says once if one travels in a form that not everybody reads."""
    untold = [tell] if tell is not None else []

    def sealing(payload: bytes) -> bytes:
        form = transfer_form(payload)
        if form is TransferForm.BASE64 and payload and untold:
            untold.pop()(Event.NON_TEXT)
        return seal(payload, signer, encryption, form=form)

    return sealing


def open_opener(
    *,
    ca_directory: Path,
    check_crls: bool,
    check_namespaces: bool = True,
    certificate: Path | None = None,
    key: Path | None = None,
    max_octets: int = DEFAULT_MAX_OCTETS,
) -> Opener:
    """What opens a sealed message and judges its signer's certificate."""
    validator = path_validator(ca_directory, check_crls=check_crls, check_namespaces=check_namespaces)
    owner = load_decryption_key(certificate, key, utc_now()) if certificate and key else None
    return partial(unseal, judge=validator, key=owner, max_octets=max_octets)


def path_validator(ca_directory: Path, *, check_crls: bool, check_namespaces: bool) -> PathValidator:
    """What judges certificates against a directory."""
    return PathValidator(CaDirectory(ca_directory), utc_now, check_crls=check_crls, check_namespaces=check_namespaces)


def open_signer_list(path: Path) -> SignerList:
    """Who is permitted."""
    return DnFile(path)


def require_trusted(recipient: Recipient, certificates: SenderCertificates) -> None:
    """The receiver's certificate must hold, or we would encrypt to anybody; CredentialError."""
    validator = path_validator(
        certificates.capath, check_crls=certificates.check_crls, check_namespaces=certificates.check_namespaces
    )
    try:
        validator.judge(recipient.certificate.der)
    except (UntrustedCertificateError, CannotJudgeError) as error:
        hint = error.hint or "set verify_server_cert to false if this is meant"
        raise CredentialError(f"server_cert {certificates.server_cert} does not hold: {error}", hint=hint) from error


# Programs.


@dataclass(frozen=True, slots=True)
class Sealing:
    """What is done to payloads before they are handed to a transport."""

    seal: Callable[[bytes], bytes]
    context: bytes
    """What a kept copy depends on besides its payload."""


def open_sealing(settings: SenderSettings, tell: Teller) -> Sealing:
    """Signed, and encrypted if there is somebody to encrypt to; credentials are checked here."""
    certificates = settings.certificates
    signer = open_signer(certificates.certificate, certificates.key)
    encryption = open_encryption(signer, certificates.server_cert, cipher=certificates.cipher, oaep=certificates.oaep)
    if encryption is not None and certificates.verify_server_cert:
        require_trusted(encryption.recipient, certificates)
    return Sealing(open_sealer(signer, encryption, tell), sealing_context(signer, encryption))


@contextmanager
def open_sender(
    settings: SenderSettings, spool: OutgoingSpool, tell: Teller, sealing: Sealing | None = None
) -> Iterator[SendPorts]:
    """What sending needs; credentials are checked before anything is claimed."""
    messaging = settings.messaging
    sealing = sealing or open_sealing(settings, tell)
    state = state_folder(messaging.path, messaging.state)
    journal = SqliteJournal(state)
    aside = DirqCabinet(state, journal, retention_days=messaging.retention_days)
    copies = SealedFiles(state, journal)
    aside.recover()
    try:
        content = open_content(messaging.check, journal)
        yield SendPorts(spool, copies, journal, aside, sealing.seal, tell, sealing.context, content)
        copies.tidy()
        aside.settle()
    finally:
        aside.close()
        journal.close()


def open_content(check: str, journal: SqliteJournal) -> ContentPorts:
    """Who looks at payloads, and cuts them; what knows records is loaded with the first payload."""

    def inspect(payload: bytes) -> list[Remark]:
        from ssm.records.fault import Level
        from ssm.records.payload import faults_of, sentence

        found = faults_of(payload, int(utc_now().timestamp()))
        return [Remark(sentence(fault), fault.level is Level.ERROR) for fault in found]

    def cut(payload: bytes, most_octets: int) -> list[bytes] | None:
        from ssm.records import payload as content

        return content.cut(payload, most_octets)

    return ContentPorts(
        inspect=None if check == "off" else inspect,
        refuse_errors=check == "error",
        cut=cut,
        pieces=SqlitePieces(journal),
    )


def sealing_context(signer: Signer, encryption: Encryption | None) -> bytes:
    """What a kept copy depends on besides its payload."""
    if encryption is None:
        return signer.certificate.der
    chosen = f"{encryption.cipher.value} {encryption.oaep}".encode()
    return b"\0".join((signer.certificate.der, encryption.recipient.certificate.der, chosen))


@contextmanager
def open_receiver(settings: ReceiverSettings, dn_file: Path, tell: Teller) -> Iterator[ReceivePorts]:
    """What receiving needs."""
    certificates, messaging = settings.certificates, settings.messaging
    open_message = open_opener(
        ca_directory=certificates.capath,
        check_crls=certificates.check_crls,
        check_namespaces=certificates.check_namespaces,
        certificate=certificates.certificate,
        key=certificates.key,
        max_octets=messaging.max_message_size,
    )
    signers = open_signer_list(dn_file)
    journal = SqliteJournal(state_folder(messaging.path, messaging.state))
    cabinet = DirqCabinet(messaging.path, journal, retention_days=messaging.retention_days)
    try:
        yield ReceivePorts(cabinet, Judge(open_message, signers), tell)
    finally:
        cabinet.close()
        journal.close()


def broker_context(certificate: Path, key: Path, ca_directory: Path) -> ssl.SSLContext:
    """TLS for the embedded broker, which asks clients for a certificate of these CAs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(capath=str(ca_directory))
    load_chain(context, certificate, key)
    return context


def ams_context(certificate: Path, key: Path, ca_directory: Path) -> ssl.SSLContext:
    """TLS for the embedded AMS: who has a token need not show a certificate, but one that is shown must hold."""
    context = broker_context(certificate, key, ca_directory)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


# What `ssm config` says.


def describe_signer(certificate: Path, key: Path) -> str:
    """Who we are, until when; raises what a start would raise."""
    signer = open_signer(certificate, key)
    return f"{signer.dn()}, until {signer.certificate.x509.not_valid_after_utc:%Y-%m-%d}"


def describe_encryption(settings: SenderSettings) -> str:
    """Whom we encrypt to, until when; raises what a start would raise."""
    certificates = settings.certificates
    if certificates.server_cert is None:
        return "none, messages are signed but not encrypted"
    signer = open_signer(certificates.certificate, certificates.key)
    recipient = load_recipient(certificates.server_cert, signer, utc_now())
    doubt = "" if certificates.verify_server_cert else " (not verified: verify_server_cert is off)"
    if not doubt:
        require_trusted(recipient, certificates)
    return f"{recipient.certificate.dn()}, until {recipient.certificate.x509.not_valid_after_utc:%Y-%m-%d}{doubt}"


def describe_ca_directory(path: Path) -> str:
    """Whether there is a CA in it."""
    if not CaDirectory(path).holds_authorities():
        raise CannotJudgeError(f"there is no CA in {path}", hint="every message would be deferred; install the CAs")
    return f"{path} holds CAs"


def describe_signer_list(path: Path) -> str:
    """How many are on it."""
    return f"{len(DnFile(path).names)} DNs"


@contextmanager
def open_cabinet(root: Path, state: Path) -> Iterator[DirqCabinet]:
    """The boxes of a receiver, for a moment."""
    journal = SqliteJournal(state)
    cabinet = DirqCabinet(root, journal, retention_days=FOR_A_MOMENT_DAYS)
    try:
        yield cabinet
    finally:
        cabinet.close()
        journal.close()
