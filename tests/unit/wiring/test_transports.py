# SPDX-License-Identifier: Apache-2.0
"""The table of transports and the names that a configuration may use are the same; each opens what was asked for."""

import base64
import re
from pathlib import Path

import pytest

import ssm
from ssm.envelope.certificate import Recipient, Signer
from ssm.envelope.enveloped_data import Cipher
from ssm.envelope.seal import Encryption, seal
from ssm.errors import CredentialError
from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver, read_sender
from ssm.settings.protocols import DEFAULT_PROTOCOL, PROTOCOLS
from ssm.transport.ams.service import Pace
from ssm.transport.ams.transport import AmsTransport
from ssm.transport.tls import TlsSettings
from ssm.wiring.ams import MOST_PAYLOAD_OF_AMS, ams_receiver, ams_sender
from ssm.wiring.brokers import unheard
from ssm.wiring.transports import TRANSPORTS, describe, describe_encryption, open_transport
from tests.pki import Pki

AMS = """
[{role}]
protocol: AMS
[broker]
host: ams.example.org, [2001:db8::7]:8080
port: 61613
authn_port: 9443
connect_timeout_seconds: 3
receipt_timeout_seconds: 40
{trust}
[certificates]
certificate: /c.pem
key: /k.pem
capath: /ca
[messaging]
ams_project: accounting
destination: gLite-APEL
path: /spool
max_message_size: 10 MB
{more}
"""


def written(tmp_path: Path, role: str, *, trust: str = "", more: str = "") -> Sources:
    file = tmp_path / f"{role}.cfg"
    file.write_text(AMS.format(role=role, trust=trust, more=more))
    return Sources(file)


def test_every_protocol_that_may_be_named_can_be_opened_and_the_other_way_round() -> None:
    assert TRANSPORTS.keys() == PROTOCOLS.keys()


def test_no_workflow_mentions_a_protocol_by_name() -> None:
    folders = [Path(ssm.__file__).parent / name for name in ("messenger", "programs", "ports")]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert len(files) > 20
    named = re.compile(r"stomp|ssm[ _]?1|\bams\b", re.IGNORECASE)
    assert [file for file in files if named.search(file.read_text(encoding="utf-8"))] == []


def test_what_is_assumed_can_be_opened() -> None:
    assert DEFAULT_PROTOCOL in TRANSPORTS


def test_a_sender_for_ams_gets_what_its_file_says(tmp_path: Path) -> None:
    settings, _ = read_sender(written(tmp_path, "sender", more="token: s3cr3t"))
    transport = open_transport(settings)
    assert isinstance(transport, AmsTransport)
    opened = transport.settings
    assert opened.hosts == (("ams.example.org", 443), ("2001:db8::7", 8080))
    assert (opened.project, opened.destination, opened.token) == ("accounting", "gLite-APEL", "s3cr3t")
    assert (opened.authn_port, opened.max_octets) == (9443, 10_000_000)
    assert opened.tls == TlsSettings(Path("/c.pem"), Path("/k.pem"), None)
    assert opened.pace == Pace(connect_seconds=3.0, answer_seconds=40.0)
    assert "s3cr3t" not in repr(settings) + repr(opened) + repr(transport.endpoints)


def test_a_receiver_for_ams_gets_what_its_file_says(tmp_path: Path) -> None:
    more = "prefetch: 99\nack_deadline_seconds: 30"
    settings, _ = read_receiver(written(tmp_path, "receiver", trust="ams_trust: capath", more=more))
    transport = ams_receiver(settings, unheard)
    assert isinstance(transport, AmsTransport)
    opened = transport.settings
    assert (opened.prefetch, opened.ack_deadline_seconds, opened.token) == (99, 30.0, None)
    assert opened.tls.ca_directory == Path("/ca")
    assert opened.tls.verify_broker


def test_nothing_turns_the_verification_of_ams_off(tmp_path: Path) -> None:
    settings, found = read_sender(written(tmp_path, "sender", trust="verify_broker: false\nuse_ssl: false"))
    transport = ams_sender(settings, unheard)
    assert isinstance(transport, AmsTransport)
    assert transport.settings.tls.verify_broker
    said = "\n".join(found.warnings)
    for name in ("port", "use_ssl", "verify_broker"):
        assert f"[broker] {name} has no effect: " in said


@pytest.mark.parametrize("trust", ["system", "capath"])
def test_where_messages_go_is_said_for_people(tmp_path: Path, trust: str) -> None:
    settings, _ = read_sender(written(tmp_path, "sender", trust=f"ams_trust: {trust}"))
    assert describe(settings) == f"ams.example.org:443, 2001:db8::7:8080, AMS over TLS, verified against {trust}"


ENCRYPTION = """
[sender]
protocol: {protocol}
[broker]
host: b.example.org:61613
[certificates]
certificate: {site.certificate_path}
key: {site.key_path}
capath: {ca}
{server_cert}
[messaging]
destination: /queue/x
consumer_dn: /CN=consumer
path: /spool
"""


def test_whom_messages_are_encrypted_to_is_said_for_people(tmp_path: Path) -> None:
    pki = Pki(tmp_path / "pki")
    site, server = pki.issue("ce.example.org"), pki.issue("accounting.example.org")
    stranger = Pki(tmp_path / "other", name="Another CA").issue("stranger.example.org")

    def said(protocol: str, server_cert: str = "") -> str:
        file = tmp_path / "sender.cfg"
        text = ENCRYPTION.format(protocol=protocol, site=site, ca=pki.ca_directory, server_cert=server_cert)
        file.write_text(text)
        return describe_encryption(read_sender(Sources(file))[0])

    assert said("SSM1") == "not needed: the certificate of /CN=consumer comes over the wire"
    assert said("STOMP") == "none, messages are signed but not encrypted"
    assert said("STOMP", f"server_cert: {server.certificate_path}").startswith(f"{server.dn}, until 2")
    unverified = f"server_cert: {stranger.certificate_path}\nverify_server_cert: false"
    assert said("STOMP", unverified).endswith("(not verified: verify_server_cert is off)")
    with pytest.raises(CredentialError, match="does not hold"):
        said("STOMP", f"server_cert: {stranger.certificate_path}")


def test_the_largest_payload_for_ams_is_within_its_megabyte_however_it_is_sealed(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    site, server = pki.issue("ce.example.org"), pki.issue("accounting.example.org")
    signer = Signer.from_pem(site.certificate_pem, site.key_pem)
    encryption = Encryption(Recipient.from_pem(server.certificate_pem), Cipher.AES_256_CBC)
    for line in (b"Month: 7\n", b"<urf:Site>EXAMPLE-T2</urf:Site>" * 50 + b"\n"):
        payload = line * (MOST_PAYLOAD_OF_AMS // len(line))
        for how in (None, encryption):
            assert len(base64.b64encode(seal(payload, signer, how))) < 1_000_000 - 1_000
