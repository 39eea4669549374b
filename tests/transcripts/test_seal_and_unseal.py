# SPDX-License-Identifier: Apache-2.0
"""``ssm seal`` and ``ssm unseal`` as people and scripts call them."""

import base64
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from tests.pki import Credential, Pki

PAYLOADS = {
    "text": b"APEL-cloud-message: v0.4\nVMUUID: 1\n%%\n",
    "no newline at the end": b"one line",
    "carriage returns": b"a\r\nb\rc\n",
    "trailing blanks and empty lines": b"a  \n\n\n  \n",
    "UTF-8": "Université\n".encode(),
    "octets": bytes(range(256)) * 3,
    "one octet": b"\n",
}


@dataclass(frozen=True)
class Answer:
    status: int
    out: bytes
    err: str

    def json(self) -> Mapping[str, object]:
        found: dict[str, object] = json.loads(self.out)
        return found


def ssm(*argv: str | Path, given: bytes = b"") -> Answer:
    done = subprocess.run(
        [sys.executable, "-m", "ssm", *map(str, argv)], input=given, capture_output=True, timeout=60, check=False
    )
    return Answer(done.returncode, done.stdout, done.stderr.decode())


@dataclass(frozen=True)
class Stage:
    pki: Pki
    host: Credential
    server: Credential

    def seal(self, payload: bytes, *more: str | Path, by: Credential | None = None) -> bytes:
        own = by or self.host
        done = ssm("seal", "--certificate", own.certificate_path, "--key", own.key_path, *more, given=payload)
        assert done.status == 0, done.err
        return done.out

    def unseal(self, message: bytes, *more: str | Path) -> Answer:
        return ssm("unseal", "--ca-dir", self.pki.ca_directory, *more, given=message)

    def with_key(self) -> tuple[str | Path, ...]:
        return "--certificate", self.server.certificate_path, "--key", self.server.key_path


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    pki = Pki(tmp_path_factory.mktemp("pki"))
    return Stage(pki, pki.issue("host.example.org"), pki.issue("server.example.org"))


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_what_was_sealed_comes_out_octet_for_octet(stage: Stage, payload: bytes) -> None:
    opened = stage.unseal(stage.seal(payload))
    assert opened.status == 0
    assert opened.out == payload
    assert "/O=Test/CN=host.example.org" in opened.err


@pytest.mark.parametrize("cipher", ["aes-128-cbc", "aes-192-cbc", "aes-256-cbc", "aes-128-gcm", "aes-256-gcm"])
def test_what_was_encrypted_comes_out_for_the_recipient_only(stage: Stage, cipher: str) -> None:
    message = stage.seal(b"secret words\n", "--recipient", stage.server.certificate_path, "--cipher", cipher)
    assert b"secret words" not in message
    assert stage.unseal(message, *stage.with_key()).out == b"secret words\n"
    refused = stage.unseal(message)
    assert refused.status == 65
    assert not refused.out


def test_json_of_an_accepted_message(stage: Stage) -> None:
    opened = stage.unseal(stage.seal(b"\x00\xff"), "--json")
    assert opened.status == 0
    assert opened.json() == {
        "accepted": True,
        "signer": "/O=Test/CN=host.example.org",
        "payload": base64.b64encode(b"\x00\xff").decode(),
    }
    assert opened.out.count(b"\n") == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda message: message.replace(b"payload", b"Payload"), "signature"),
        (lambda message: message[: len(message) // 2], "malformed"),
        (lambda _: b"", "malformed"),
        (lambda _: b"hello\n", "malformed"),
        (lambda _: b"MIME-Version: 1.0\nContent-Type: text/plain\n\nhello\n", "malformed"),
    ],
    ids=["tampered", "cut off", "empty", "garbage", "unsigned"],
)
def test_what_cannot_pass_is_65_with_a_reason_and_no_payload(stage: Stage, change: object, reason: str) -> None:
    assert callable(change)
    opened = stage.unseal(change(stage.seal(b"a payload\n")), "--json")
    assert opened.status == 65
    found = opened.json()
    assert (found["accepted"], found["signer"], found["reason"]) == (False, None, reason)
    assert found["error"]
    assert "payload" not in found


def test_a_rejected_message_is_one_line_without_json(stage: Stage) -> None:
    opened = stage.unseal(b"hello\n")
    assert opened.status == 65
    assert not opened.out
    assert opened.err.startswith("ssm: ")


def test_a_signer_of_another_ca_is_not_trusted(stage: Stage) -> None:
    stranger = stage.pki.issue("host.example.org", ca=stage.pki.authority("Foreign CA", trusted=False))
    opened = stage.unseal(stage.seal(b"x\n", by=stranger), "--json")
    assert (opened.status, opened.json()["reason"]) == (65, "untrusted")


def test_a_revoked_signer_is_not_trusted_unless_crls_are_off(stage: Stage) -> None:
    ca = stage.pki.authority("Revoking CA")
    host = stage.pki.issue("revoked.example.org", ca=ca)
    message = stage.seal(b"x\n", by=host)
    ca.revoke(host)
    opened = stage.unseal(message, "--json")
    assert (opened.status, opened.json()["reason"]) == (65, "untrusted")
    assert stage.unseal(message, "--no-check-crls").out == b"x\n"


def test_a_missing_crl_is_75_because_it_is_not_the_senders_fault(stage: Stage) -> None:
    ca = stage.pki.authority("CA without CRL")
    host = stage.pki.issue("host.example.org", ca=ca)
    message = stage.seal(b"x\n", by=host)
    ca.remove_crl()
    opened = stage.unseal(message, "--json")
    assert (opened.status, opened.json()["accepted"]) == (75, False)
    assert stage.unseal(message).status == 75
    ca.write_crl(next_update=timedelta(hours=-1), last_update=timedelta(days=-3))
    assert stage.unseal(message).status == 75


def test_a_missing_ca_directory_is_75(stage: Stage, tmp_path: Path) -> None:
    message = stage.seal(b"x\n")
    opened = ssm("unseal", "--ca-dir", tmp_path / "none", given=message)
    assert opened.status == 75
    assert str(tmp_path / "none") in opened.err


def test_the_signer_must_be_on_the_list_if_there_is_one(stage: Stage, tmp_path: Path) -> None:
    message = stage.seal(b"x\n")
    dns = tmp_path / "dns"
    dns.write_text("/O=Test/CN=other.example.org\n")
    opened = stage.unseal(message, "--dn-file", dns, "--json")
    assert opened.status == 65
    assert opened.json()["reason"] == "unauthorised"
    assert opened.json()["error"] == "Signer not in valid DNs list: /O=Test/CN=host.example.org"
    dns.write_text("/O=Test/CN=host.example.org\n")
    assert stage.unseal(message, "--dn-file", dns).out == b"x\n"


def test_an_empty_list_is_78(stage: Stage, tmp_path: Path) -> None:
    dns = tmp_path / "dns"
    dns.touch()
    opened = stage.unseal(stage.seal(b"x\n"), "--dn-file", dns)
    assert opened.status == 78
    assert "No valid DNs found" in opened.err


def test_an_empty_payload_is_65(stage: Stage) -> None:
    done = ssm("seal", "--certificate", stage.host.certificate_path, "--key", stage.host.key_path)
    assert done.status == 65
    assert not done.out


@pytest.mark.parametrize("cipher", ["des3", "", "AES-128-CBC"])
def test_an_unknown_cipher_is_wrong_usage(stage: Stage, cipher: str) -> None:
    paths = ("--certificate", stage.host.certificate_path, "--key", stage.host.key_path)
    assert ssm("seal", *paths, "--cipher", cipher, given=b"x").status == 2


def test_wrong_credentials_are_78_with_what_to_do(stage: Stage, tmp_path: Path) -> None:
    host, server = stage.host, stage.server
    for certificate, key, more in (
        (host.certificate_path, server.key_path, ()),
        (tmp_path / "none", host.key_path, ()),
        (host.certificate_path, host.key_path, ("--recipient", host.certificate_path)),
        (host.certificate_path, host.key_path, ("--recipient", tmp_path / "none")),
    ):
        done = ssm("seal", "--certificate", certificate, "--key", key, *more, given=b"x\n")
        assert done.status == 78
        assert not done.out
        first, second = done.err.splitlines()
        assert first.startswith("ssm: ")
        assert second.strip()


def test_a_reader_that_goes_away_is_no_crash(stage: Stage) -> None:
    argv = ["seal", "--certificate", str(stage.host.certificate_path), "--key", str(stage.host.key_path)]
    with subprocess.Popen(
        [sys.executable, "-m", "ssm", *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        program.stdin.write(b"x\n")
        program.stdin.close()
        assert program.wait(60) == 141
        assert program.stderr.read() == b""
