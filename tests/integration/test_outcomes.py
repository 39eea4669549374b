# SPDX-License-Identifier: Apache-2.0
"""Bad input at a running receiver: each has its exact outcome, and the line goes on.

The receiver is the real one, over real spools, behind the embedded broker; messages come from its own queue.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.envelope.certificate import Recipient, Signer
from ssm.envelope.seal import Encryption, seal
from ssm.lookup.fixed import FixedBrokers
from ssm.messenger.receive import ReceiveLimits, ReceiveRun
from ssm.settings.found import Sources
from ssm.settings.ini import read_receiver
from ssm.transport.stomp.transport import StompSettings, StompTransport
from ssm.wiring.messaging import open_receiver
from ssm.wiring.transports import open_listeners
from tests.fakes.sending import Told
from tests.pki import Credential, Pki
from tests.unit.envelope.craft import Signing, detached

QUEUE = "/queue/outcomes"
GOOD = b"Site: GOOD\n"
MAX_MESSAGE = 2_000_000


@dataclass
class Server:
    """One receiver, its CA, and who may send to it."""

    folder: Path
    pki: Pki = field(init=False)
    host: Credential = field(init=False)
    site: Credential = field(init=False)
    told: Told = field(default_factory=Told)

    def __post_init__(self) -> None:
        self.pki = Pki(self.folder / "pki")
        self.host = self.pki.issue("server.example.org")
        self.site = self.pki.issue("site.example.org")
        self.spool.mkdir()
        self.list_signers(self.site)

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    def list_signers(self, *signers: Credential) -> None:
        (self.folder / "dns").write_text("".join(f"{one.dn}\n" for one in signers))

    def seal(self, payload: bytes, by: Credential | None = None, *, to: Credential | None = None) -> bytes:
        signer = by or self.site
        encryption = None if to is None else Encryption(Recipient.from_pem(to.certificate_pem))
        return seal(payload, Signer.from_pem(signer.certificate_pem, signer.key_pem), encryption)

    def configure(self, port: int, max_message: int) -> Path:
        path = self.folder / "receiver.cfg"
        path.write_text(
            f"[receiver]\nprotocol: STOMP\n[broker]\nhost: 127.0.0.1\nport: {port}\nuse_ssl: false\n"
            f"[certificates]\ncertificate: {self.host.certificate_path}\nkey: {self.host.key_path}\n"
            f"capath: {self.pki.ca_directory}\n[messaging]\ndestination: {QUEUE}\npath: {self.spool}\n"
            f"max_message_size: {max_message}\ndeferred_retry_seconds: 1\n"
        )
        return path

    def receive(
        self, *messages: bytes, max_message: int = MAX_MESSAGE, meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        """Deliver these, then a good one; return when every one is filed. ``meanwhile`` runs after that, once."""
        asyncio.run(asyncio.wait_for(self.work(messages, max_message, meanwhile), 60))

    async def work(
        self,
        messages: tuple[bytes, ...],
        max_message: int,
        meanwhile: Callable[[], None] = lambda: None,
        is_done: Callable[[], bool] = lambda: True,
    ) -> None:
        async with EmbeddedBroker(BrokerSettings(self.folder / "broker")) as broker:
            producer = await StompTransport(
                StompSettings(FixedBrokers([("127.0.0.1", broker.port)]), QUEUE, None)
            ).open_producer()
            for number, message in enumerate((*messages, self.seal(GOOD))):
                await producer.publish(f"id-{number}", message)
            await producer.close()
            settings, _ = read_receiver(Sources(self.configure(broker.port, max_message)))
            with open_receiver(settings, self.folder / "dns", self.told) as ports:
                run = ReceiveRun(ports, open_listeners(settings, ports), ReceiveLimits(4, 1.0))
                task = asyncio.ensure_future(run.run())
                await until(lambda: self.count() >= len(set(messages)) + 1)  # the same again is filed once
                meanwhile()
                await until(lambda: not any(queue.waiting for queue in broker.queues.values()) and is_done())
                run.stop()
                await task

    def count(self) -> int:
        return sum(len(self.box(box)) for box in ("incoming", "reject", "deferred"))

    def box(self, name: str) -> list[dict[str, bytes]]:
        elements = sorted((self.spool / name).glob("????????/??????????????"))
        return [{part.name: part.read_bytes() for part in one.iterdir() if part.is_file()} for one in elements]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def expired(server: Server) -> bytes:
    by = server.pki.issue("site.example.org", not_before=timedelta(days=-9), not_after=timedelta(days=-1))
    return server.seal(b"x", by)


def revoked(server: Server) -> bytes:
    by = server.pki.issue("site.example.org")
    server.pki.ca.revoke(by)
    return server.seal(b"x", by)


def of_an_untrusted_ca(server: Server) -> bytes:
    other = server.pki.authority("Nobody's CA", trusted=False)
    return server.seal(b"x", server.pki.issue("site.example.org", ca=other))


def unlisted(server: Server) -> bytes:
    return server.seal(b"x", server.pki.issue("elsewhere.example.org"))


def tampered(server: Server) -> bytes:
    sealed = server.seal(b"NumberOfJobs: 1200\n")
    return sealed.replace(b": 1200", b": 9200")


def truncated(server: Server) -> bytes:
    return server.seal(b"NumberOfJobs: 1200\n")[:-400]


def not_for_us(server: Server) -> bytes:
    return server.seal(b"x", to=server.pki.issue("other.example.org"))


def damaged_envelope(server: Server) -> bytes:
    """One letter of the encrypted content is another letter of base64, so that only decryption can notice."""
    sealed = server.seal(b"x" * 100, to=server.host)
    place = next(place for place in range(len(sealed) - 200, len(sealed)) if sealed[place] not in b"\nAB")
    return sealed[:place] + b"A" + sealed[place + 1 :]


def two_signers(server: Server) -> bytes:
    return detached(Signing(server.site, signers=2))


def no_certificate_of_the_signer(server: Server) -> bytes:
    return detached(Signing(server.site, certificates=(server.host.der,)))


def odd_order(server: Server) -> bytes:
    """The signer's certificate behind others: that one counts, wherever it stands."""
    ca = server.pki.ca.certificate.public_bytes(serialization.Encoding.DER)
    return detached(Signing(server.site, certificates=(ca, server.host.der, server.site.der)))


REJECTED: dict[str, tuple[Callable[[Server], bytes], str]] = {
    "unsigned": (lambda _: b"Site: X\n\nbody\n", "Failed to verify message: the message is not signed"),
    "garbage": (lambda _: os.urandom(5000), "Failed to verify message: "),
    "empty": (lambda _: b"", "Empty text passed to _handle_msg."),
    "blank": (lambda _: b" \n\n", "Empty text passed to _handle_msg."),
    "tampered": (tampered, "possible tampering"),
    "truncated": (truncated, "Failed to verify message: "),
    "two signers": (two_signers, "the message has 2 signers, not one"),
    "signer's certificate missing": (no_certificate_of_the_signer, "0 certificates of the message fit"),
    "expired": (expired, "certificate has expired"),
    "revoked": (revoked, "certificate revoked"),
    "untrusted": (of_an_untrusted_ca, "no CA that we trust"),
    "unlisted": (unlisted, "Signer not in valid DNs list: /O=Test/CN=elsewhere.example.org"),
    "not for us": (not_for_us, "Failed to decrypt message: the message is encrypted to another certificate"),
    "damaged envelope": (damaged_envelope, "Failed to decrypt message: it could not be decrypted"),
}


@pytest.mark.parametrize("case", REJECTED)
def test_a_bad_message_is_rejected_as_it_came_with_its_reason_and_the_line_goes_on(server: Server, case: str) -> None:
    make, reason = REJECTED[case]
    message = make(server)
    server.receive(message, message)
    [rejected] = server.box("reject")
    assert rejected["body"] == message
    assert rejected["empaid"] == b"id-0"
    assert reason in rejected["error"].decode()
    assert [one["body"] for one in server.box("incoming")] == [GOOD]


def test_certificates_in_odd_order_do_not_matter_and_the_signers_own_counts(server: Server) -> None:
    server.receive(odd_order(server))
    signers = [one["signer"].decode() for one in server.box("incoming")]
    assert signers == [server.site.dn, server.site.dn]


def test_a_message_larger_than_the_bound_is_rejected_with_its_beginning(server: Server) -> None:
    server.receive(server.seal(b"x" * (MAX_MESSAGE + 1)))
    [rejected] = server.box("reject")
    assert "exceeds max_message_size" in rejected["error"].decode()
    assert len(rejected["body"]) == 64 * 1024
    assert [one["body"] for one in server.box("incoming")] == [GOOD]


def test_fifty_megabytes_pass(server: Server) -> None:
    payload = (b"Key: a value of some length\n" * 2_000_000)[:50_000_000]
    server.receive(server.seal(payload), max_message=60_000_000)
    assert sorted(len(one["body"]) for one in server.box("incoming")) == [len(GOOD), 50_000_000]


def test_a_missing_crl_defers_and_the_message_is_judged_again_when_it_comes(server: Server) -> None:
    server.pki.ca.remove_crl()

    def back() -> None:
        assert len(server.box("deferred")) == 2
        assert b"a CRL is missing" in server.box("deferred")[0]["error"]
        server.pki.ca.write_crl()

    async def both() -> None:
        await server.work((server.seal(b"first\n"),), MAX_MESSAGE, back)

    asyncio.run(asyncio.wait_for(both(), 60))

    async def again() -> None:
        await server.work((), MAX_MESSAGE, is_done=lambda: not server.box("deferred"))

    asyncio.run(asyncio.wait_for(again(), 60))
    bodies = sorted(one["body"] for one in server.box("incoming"))
    assert bodies == sorted([b"first\n", GOOD, GOOD])
    assert server.box("deferred") == []
    assert server.box("reject") == []


def test_a_message_that_ended_the_receiver_three_times_is_set_aside(server: Server) -> None:
    import hashlib

    from ssm.wiring.messaging import open_cabinet

    killer = server.seal(b"killer\n")
    with open_cabinet(server.spool, server.spool / ".ssm") as cabinet:
        for _ in range(3):
            cabinet.begin([hashlib.sha256(killer).digest()])  # and nobody lived to finish
    server.receive(killer)
    [rejected] = server.box("reject")
    assert rejected["error"] == b"Set aside: judging this message ended the program 3 times"
    assert rejected["body"] == killer
    assert [one["body"] for one in server.box("incoming")] == [GOOD]


def test_a_message_that_ended_the_receiver_twice_has_another_chance(server: Server) -> None:
    import hashlib

    from ssm.wiring.messaging import open_cabinet

    message = server.seal(b"innocent\n")
    with open_cabinet(server.spool, server.spool / ".ssm") as cabinet:
        for _ in range(2):
            cabinet.begin([hashlib.sha256(message).digest()])
    server.receive(message)
    assert sorted(one["body"] for one in server.box("incoming")) == sorted([b"innocent\n", GOOD])
    with open_cabinet(server.spool, server.spool / ".ssm") as cabinet:
        assert cabinet.suspects() == {}
