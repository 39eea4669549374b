# SPDX-License-Identifier: Apache-2.0
"""From settings to ready objects, for SSM 1: the only place where weak cryptography is asked for.

It is asked for when a listener is opened whose protocol is SSM 1 by name, and given to nobody else
(docs/adr/0014-ssm-1-confined.md).
"""

import os
from dataclasses import dataclass, replace
from functools import partial

from ssm.credentials.key_files import load_decryption_key, read_pem
from ssm.envelope.accepted import OF_SSM_1
from ssm.envelope.certificate import DecryptionKey, Recipient, Signer
from ssm.envelope.enveloped_data import Cipher
from ssm.envelope.opened import OpenedMessage
from ssm.envelope.seal import Encryption, seal
from ssm.envelope.transfer import TransferForm
from ssm.envelope.unseal import PathJudge, unseal
from ssm.errors import CredentialError, MalformedEnvelopeError, UnsendableError, UntrustedCertificateError
from ssm.messenger.answering import AnsweringJudge
from ssm.messenger.events import Teller
from ssm.messenger.judge import Decider, Listener
from ssm.messenger.receive import ReceivePorts
from ssm.ports.filing import Verdict
from ssm.ports.transport import Delivery, Transport
from ssm.protocols.ssm1.consumer import Consumer
from ssm.protocols.ssm1.frames import REJECTED, TYPE
from ssm.protocols.ssm1.payload import fingerprint, pack, unpack
from ssm.protocols.ssm1.producer import Timers
from ssm.settings.sections import ReceiverSettings, SenderSettings
from ssm.transport.ssm1.consumer import Ssm1Receiver
from ssm.transport.ssm1.producer import Sending, Ssm1Sender
from ssm.wiring.brokers import open_brokers
from ssm.wiring.messaging import Sealing, open_signer, path_validator, utc_now
from ssm.wiring.stomp import describe_stomp, open_transport, receiver_transport
from ssm.wiring.transport_kind import TransportKind

MOST_OF_AN_ANSWER = 256 * 1024  # a certificate with the text before it


# Receiving.


def ssm1_listener(settings: ReceiverSettings, ports: ReceivePorts) -> Listener:
    """A consumer, and how its messages are judged: with the weaker list of algorithms, and the same signer list."""
    certificates, messaging = settings.certificates, settings.messaging
    owner = load_decryption_key(certificates.certificate, certificates.key, utc_now())
    if owner is None:
        hint = "SSM 1 encrypts every message, which takes an RSA certificate"
        raise CredentialError(f"{certificates.certificate}: nothing can be encrypted to it", hint=hint)
    validator = path_validator(
        certificates.capath, check_crls=certificates.check_crls, check_namespaces=certificates.check_namespaces
    )
    opening = partial(open_ssm1, judge=validator, owner=owner, max_octets=messaging.max_message_size)
    judge = AnsweringJudge(opening, ports.judge.signers, fingerprint, REJECTED)
    machine = Consumer(messaging.destination, read_pem(certificates.certificate, "certificate"))
    transport = Ssm1Receiver(receiver_transport(settings, ports.tell), machine)
    return Listener(transport, ByType(judge, ports.judge))


@dataclass(frozen=True, slots=True)
class ByType:
    """Messages of SSM 1 have their own judge.

    What bears no type was sent here by mistake, and its sender has forgotten it when its broker had it: it gets the
    judge of all others, who accepts no weak cryptography.
    """

    own: Decider
    other: Decider

    def __call__(self, delivery: Delivery, digest: bytes, *, ends: int = 0) -> Verdict:
        """The verdict of one of them."""
        judge = self.own if TYPE in delivery.headers else self.other
        return judge(delivery, digest, ends=ends)


def open_ssm1(message: bytes, *, judge: PathJudge, owner: DecryptionKey, max_octets: int) -> OpenedMessage:
    """Open one message of SSM 1: encrypted, signed, in base64, compressed."""
    opened = unseal(message, judge, owner, max_octets, accepted=OF_SSM_1)
    if not opened.encrypted:
        raise MalformedEnvelopeError("a message of SSM 1 must be encrypted")
    return replace(opened, payload=unpack(opened.payload, max_octets))


# Sending.


def ssm1_sender(settings: SenderSettings, tell: Teller) -> Transport:
    """A producer with its reply channel."""
    messaging, certificates = settings.messaging, settings.certificates
    signer = open_signer(certificates.certificate, certificates.key)
    validator = path_validator(
        certificates.capath, check_crls=certificates.check_crls, check_namespaces=certificates.check_namespaces
    )
    channel = reply_channel(messaging.reply_to)
    sending = Sending(
        messaging.destination,
        channel,
        partial(examine, judge=validator, consumer_dn=messaging.consumer_dn or ""),
        partial(seal_ssm1, signer=signer, cipher=Cipher(certificates.cipher)),
        Timers(answer_seconds=messaging.answer_seconds),
    )
    brokers = open_brokers(settings.broker, messaging, tell)
    connection = open_transport(settings.broker, certificates, channel, brokers, max_octets=MOST_OF_AN_ANSWER)
    return Ssm1Sender(connection, sending)


def ssm1_sealing(settings: SenderSettings, _: Teller) -> Sealing:
    """Payloads are handed over as they are: the key they are encrypted to comes over the wire."""
    certificates = settings.certificates
    signer = open_signer(certificates.certificate, certificates.key)
    return Sealing(as_it_is, b"SSM 1\0" + signer.certificate.der)


def as_it_is(payload: bytes) -> bytes:
    """The payload itself; UnsendableError when there is none."""
    if not payload:
        raise UnsendableError("the payload is empty", hint="a message must hold at least one octet")
    return payload


def seal_ssm1(payload: bytes, recipient: Recipient, *, signer: Signer, cipher: Cipher) -> bytes:
    """Compressed, in base64, signed with SHA-256, encrypted (SSM 1, message sequence)."""
    return seal(pack(payload), signer, Encryption(recipient, cipher), form=TransferForm.PLAIN)


def examine(pem: bytes, *, judge: PathJudge, consumer_dn: str) -> Recipient:
    """The consumer's certificate, if this is one that holds; whom it names is compared letter for letter."""
    recipient = Recipient.from_pem(pem)
    try:
        name = str(recipient.certificate.dn())
    except ValueError as error:
        raise UntrustedCertificateError(f"its name cannot be compared: {error}") from error
    if name != consumer_dn:
        raise UntrustedCertificateError(f"it is the one of {name}")
    judge.judge(recipient.certificate.der)
    return recipient


def reply_channel(pattern: str) -> str:
    """Ours alone on this machine."""
    return pattern.replace("$host", os.uname().nodename).replace("$pid", str(os.getpid()))


def describe_consumer(settings: SenderSettings) -> str:
    """Whom messages are encrypted to."""
    return f"not needed: the certificate of {settings.messaging.consumer_dn} comes over the wire"


SSM1 = TransportKind(ssm1_sender, ssm1_listener, describe_stomp, ssm1_sealing, describe_consumer, window=1)
