# SPDX-License-Identifier: Apache-2.0
"""SSM 1 as deployed programs speak it, without the code under test: the openssl command and a raw STOMP client."""

import base64
import hashlib
import os
import subprocess
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from tests.pki import Credential
from tests.servers.raw_stomp import RawFrame, RawStomp

NONE: dict[str, str] = {}


def openssl(*arguments: str | Path, data: bytes) -> bytes:
    """Knows no CA but those it is told of."""
    environment = {**os.environ, "SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, input=data, capture_output=True, env=environment, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def md5(payload: bytes) -> str:
    return hashlib.md5(payload, usedforsecurity=False).hexdigest()


def packed(payload: bytes) -> bytes:
    return base64.encodebytes(zlib.compress(payload))


def seal_old(text: bytes, signer: Credential, consumer: Credential, *, digest: str = "sha1") -> bytes:
    """Signed as text and encrypted with triple DES; ``text`` is what stands inside."""
    files = ("-signer", signer.certificate_path, "-inkey", signer.key_path)
    signed = openssl("smime", "-sign", *files, "-text", "-md", digest, data=text)
    return openssl("smime", "-encrypt", "-des3", consumer.certificate_path, data=signed)


def open_old(sealed: bytes, consumer: Credential) -> bytes:
    """As the original consumer: decrypted, verified without looking at the chain, text demanded and stripped."""
    files = ("-recip", consumer.certificate_path, "-inkey", consumer.key_path)
    signed = openssl("smime", "-decrypt", *files, data=sealed)
    text = openssl("smime", "-verify", "-noverify", "-text", data=signed)
    return zlib.decompress(base64.b64decode(text))


@dataclass
class OldProducer:
    """One connection that sends messages and waits for acknowledgements."""

    raw: RawStomp
    destination: str
    channel: str
    signer: Credential
    reack: str | None = None
    certificate: bytes = b""

    def __post_init__(self) -> None:
        subscribe(self.raw, self.channel)

    def frame(self, kind: str, identifier: str, body: bytes = b"") -> None:
        headers = {"ssm-msg-type": kind, "ssm-msg-id": identifier, "reply-to": self.channel}
        if self.reack is not None:
            headers["ssm-reack"], self.reack = self.reack, None
        send(self.raw, self.destination, headers, body)

    def request(self) -> bytes:
        """The consumer's certificate."""
        self.frame("certreq", "noid")
        self.certificate = self.answer("certresp").body
        return self.certificate

    def publish(self, name: str, payload: bytes, consumer: Credential) -> str:
        """Send one message; the word that comes back."""
        self.frame("msg", name, seal_old(packed(payload), self.signer, consumer))
        word = self.answer("ack").headers["ssm-msg-id"]
        if word == md5(payload):
            self.reack = word
        return word

    def answer(self, kind: str) -> RawFrame:
        frame = self.raw.expect("MESSAGE")
        assert frame.headers["ssm-msg-type"] == kind
        return frame


@dataclass
class OldConsumer:
    """One connection that files messages in a list and acknowledges them."""

    raw: RawStomp
    destination: str
    owner: Credential
    refuses: bool = False
    offers: list[bytes] = field(default_factory=list)
    """Certificates to show instead of its own."""
    filed: list[bytes] = field(default_factory=list)
    heard: list[RawFrame] = field(default_factory=list)
    silent: int = 0
    """So many messages are filed and not acknowledged."""

    def __post_init__(self) -> None:
        subscribe(self.raw, self.destination)

    def serve(self, messages: int) -> None:
        """Until so many messages were answered, and the last reack has come."""
        answered = 0
        while answered < messages or self.heard[-1].headers.get("ssm-reack") != md5(self.filed[-1]):
            frame = self.raw.expect("MESSAGE")
            self.heard.append(frame)
            kind = frame.headers["ssm-msg-type"]
            if kind == "certreq":
                for pem in self.offers or [self.owner.certificate_pem]:
                    self.reply(frame, "certresp", "noid", pem)
            elif kind == "msg":
                answered += self.take(frame)
                if self.refuses:
                    return

    def take(self, frame: RawFrame) -> int:
        payload = open_old(frame.body, self.owner)
        if payload not in self.filed:
            self.filed.append(payload)
        if self.silent:
            self.silent -= 1
            return 0
        self.reply(frame, "ack", "REJECTED" if self.refuses else md5(payload))
        return 1

    def reply(self, frame: RawFrame, kind: str, identifier: str, body: bytes = b"") -> None:
        send(self.raw, frame.headers["reply-to"], {"ssm-msg-type": kind, "ssm-msg-id": identifier}, body)


def subscribe(raw: RawStomp, destination: str) -> None:
    """With automatic acknowledgement, as the original; return when the broker has it."""
    raw.write("SUBSCRIBE", {"destination": destination, "id": "1", "ack": "auto", "receipt": "subscribed"})
    raw.expect("RECEIPT")


def send(raw: RawStomp, destination: str, headers: dict[str, str], body: bytes = b"") -> None:
    """One frame; receipts are not asked for, as the original only logs them."""
    raw.write("SEND", {"destination": destination, **headers, "content-length": str(len(body))}, body)
