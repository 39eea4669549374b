# SPDX-License-Identifier: Apache-2.0
"""SSM 1 and SSM 2 into one spool, and what is bad at each end, behind the embedded broker."""

import asyncio
import base64
import socket
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from ssm.broker.server import BrokerSettings, EmbeddedBroker
from ssm.envelope.certificate import Recipient, Signer
from ssm.envelope.seal import Encryption, seal
from ssm.errors import TimedOutError
from ssm.lookup.fixed import FixedBrokers
from ssm.messenger.answering import KEPT
from ssm.messenger.events import Event
from ssm.transport.stomp.transport import StompSettings, StompTransport
from tests.fakes.sending import Told
from tests.gateway import Gateway, Place, Site, until
from tests.old_ssm1 import OldConsumer, OldProducer, md5, packed, seal_old, send
from tests.pki import Credential, Pki

SECONDS = 60.0
GOOD = b"APEL-summary-job-message: v0.2\nSite: GOOD\n"


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path / "pki")


@pytest.fixture
def gateway(tmp_path: Path, pki: Pki) -> Gateway:
    return Gateway(tmp_path / "server", pki)


@pytest.fixture
def site(tmp_path: Path, pki: Pki, gateway: Gateway) -> Site:
    return Site(tmp_path / "site", pki, gateway.site, gateway.host.dn)


@asynccontextmanager
async def broker(folder: Path) -> AsyncIterator[Place]:
    async with EmbeddedBroker(BrokerSettings(folder / "broker")) as running:
        yield Place(running.port, "/queue/central", "/queue/accounting", "/queue/replies")


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(work, SECONDS))


def payloads(count: int) -> list[bytes]:
    return [b"Site: %d\n%%\n" % number * (number + 1) for number in range(count)]


def test_a_sender_of_ours_and_a_listener_of_ours_understand_each_other(
    tmp_path: Path, gateway: Gateway, site: Site
) -> None:
    awkward = [b"\0\xff\r\n", b" ", b"x" * 300_000, "ü\n".encode(), b"-----\n"]
    site.leave(*payloads(5), *awkward)

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            report = await site.send(place)
            assert (report.sent, report.refused) == (10, 0)

    run(work())
    assert sorted(gateway.bodies()) == sorted([*payloads(5), *awkward])
    assert {one["signer"].decode() for one in gateway.box("incoming")} == {gateway.site.dn}
    assert gateway.box("incoming")[0]["empaid"] == b"file-0000"
    assert site.left() == []


def test_three_generations_fill_one_spool(tmp_path: Path, gateway: Gateway, site: Site) -> None:
    site.leave(b"ours, SSM 1\n")
    signer = Signer.from_pem(gateway.site.certificate_pem, gateway.site.key_pem)
    encryption = Encryption(Recipient.from_pem(gateway.host.certificate_pem))

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await site.send(place)
            await asyncio.to_thread(theirs, place)
            two = StompTransport(StompSettings(FixedBrokers((("127.0.0.1", place.port),)), place.queue, None))
            producer = await two.open_producer()
            await producer.publish("ssm2", seal(b"SSM 2\n", signer, encryption))
            await producer.close()
            await until(lambda: len(gateway.bodies()) == 3)

    def theirs(place: Place) -> None:
        with place.raw() as raw:
            OldProducer(raw, place.central, "/queue/old", gateway.site).publish("f", b"theirs, SSM 1\n", gateway.host)

    run(work())
    assert sorted(gateway.bodies()) == [b"SSM 2\n", b"ours, SSM 1\n", b"theirs, SSM 1\n"]


def test_the_worked_sequence_with_an_old_producer(tmp_path: Path, gateway: Gateway) -> None:
    def old(place: Place) -> None:
        with place.raw() as raw:
            producer = OldProducer(raw, place.central, "/queue/old", gateway.site)
            assert producer.request() == gateway.host.certificate_pem
            assert producer.publish("M1", b"M1\n", gateway.host) == md5(b"M1\n")
            assert producer.publish("M2", b"M2\n", gateway.host) == md5(b"M2\n")
            producer.reack = None  # its acknowledgement was lost
            assert producer.publish("M2", b"M2\n", gateway.host) == md5(b"M2\n")
            assert gateway.bodies() == [b"M1\n", b"M2\n"]
            producer.frame("ping", "ping")  # it has seen the acknowledgement now
            assert producer.publish("M3", b"M2\n", gateway.host) == md5(b"M2\n")
            assert gateway.bodies() == [b"M1\n", b"M2\n", b"M2\n"]

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await asyncio.to_thread(old, place)

    run(work())
    assert gateway.box("reject") == []
    assert gateway.told.of(Event.DUPLICATE) == ["M2"]


def test_what_was_acknowledged_is_known_after_a_restart_of_the_receiver(tmp_path: Path, gateway: Gateway) -> None:
    def once(place: Place) -> None:
        with place.raw() as raw:
            OldProducer(raw, place.central, "/queue/old", gateway.site).publish("f", GOOD, gateway.host)

    async def work() -> None:
        async with broker(tmp_path) as place:
            for _ in range(2):
                async with gateway.receiving(place):
                    await asyncio.to_thread(once, place)

    run(work())
    assert gateway.bodies() == [GOOD]


def test_two_signers_with_the_same_payload_are_two_messages(tmp_path: Path, gateway: Gateway) -> None:
    other = gateway.pki.issue("other.example.org")
    gateway.permit(gateway.site, other)

    def both(place: Place) -> None:
        for number, signer in enumerate((gateway.site, other)):
            with place.raw() as raw:
                OldProducer(raw, place.central, f"/queue/old.{number}", signer).publish("f", GOOD, gateway.host)

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await asyncio.to_thread(both, place)

    run(work())
    assert gateway.bodies() == [GOOD, GOOD]


# Refusals.


def test_a_sender_that_is_not_on_the_list_is_told_at_once_and_comes_through_when_it_is(
    tmp_path: Path, gateway: Gateway, site: Site
) -> None:
    site.leave(*payloads(3))
    gateway.permit()

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            begun = asyncio.get_running_loop().time()
            assert (await site.send(place)).refused == 3
            assert asyncio.get_running_loop().time() - begun < 20  # not the minute of the original
            assert len(site.left()) == 3
            gateway.permit(gateway.site)
            while site.left():  # the list is looked at once a second, and only when somebody asks
                await site.send(place)
                await asyncio.sleep(0.3)

    run(work())
    assert gateway.bodies() == payloads(3)
    assert {one["error"] for one in gateway.box("reject")} == {
        f"Signer not in valid DNs list: {gateway.site.dn}; its sender keeps it, and sends it again".encode()
    }


def test_an_old_producer_that_is_refused_over_and_over_fills_no_disk(tmp_path: Path, gateway: Gateway) -> None:
    gateway.permit()

    def old(place: Place) -> None:
        with place.raw() as raw:
            producer = OldProducer(raw, place.central, "/queue/old", gateway.site)
            assert [producer.publish("f", GOOD, gateway.host) for _ in range(3)] == ["REJECTED"] * 3

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await asyncio.to_thread(old, place)

    run(work())
    assert len(gateway.box("reject")) == 1


def test_what_cannot_be_judged_now_stays_with_its_sender(tmp_path: Path, gateway: Gateway, site: Site) -> None:
    site.leave(GOOD)
    site.more = {"answer_seconds": "1"}
    gateway.pki.ca.write_crl(next_update=timedelta(hours=-1))

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            with pytest.raises(TimedOutError, match="acknowledge"):
                await site.send(place)
            await until(lambda: bool(gateway.told.of(Event.LEFT)))
            assert gateway.box("deferred") == gateway.box("incoming") == []
            gateway.pki.ca.write_crl()
            assert (await site.send(place)).sent == 1

    run(work())
    assert gateway.bodies() == [GOOD]


# Bad input at the consumer.

Bad = Callable[[Gateway], bytes]


def bomb(gateway: Gateway) -> bytes:
    return seal_old(packed(b"\0" * 50_000_000), gateway.site, gateway.host)


def wrong_base64(gateway: Gateway) -> bytes:
    return seal_old(b"this is not base64\n", gateway.site, gateway.host)


def not_compressed(gateway: Gateway) -> bytes:
    return seal_old(base64.encodebytes(GOOD), gateway.site, gateway.host)


def cut_off(gateway: Gateway) -> bytes:
    return seal_old(base64.encodebytes(zlib.compress(GOOD * 9)[:-8]), gateway.site, gateway.host)


def not_encrypted(gateway: Gateway) -> bytes:
    return seal(packed(GOOD), Signer.from_pem(gateway.site.certificate_pem, gateway.site.key_pem))


def for_somebody_else(gateway: Gateway) -> bytes:
    return seal_old(packed(GOOD), gateway.site, gateway.site)


def of_an_untrusted_ca(gateway: Gateway) -> bytes:
    nobody = gateway.pki.authority("Nobody's CA", trusted=False)
    return seal_old(packed(GOOD), gateway.pki.issue("site.example.org", ca=nobody), gateway.host)


def expired(gateway: Gateway) -> bytes:
    by = gateway.pki.issue("site.example.org", not_before=timedelta(days=-9), not_after=timedelta(days=-1))
    return seal_old(packed(GOOD), by, gateway.host)


def md5_signature(gateway: Gateway) -> bytes:
    return seal_old(packed(GOOD), gateway.site, gateway.host, digest="md5")


BAD: dict[Bad, str] = {
    bomb: "decompresses to more than 2000000 octets",
    wrong_base64: "not base64",
    not_compressed: "not compressed",
    cut_off: "cut off",
    not_encrypted: "must be encrypted",
    for_somebody_else: "another certificate",
    of_an_untrusted_ca: "no CA that we trust",
    expired: "expired",
    md5_signature: "could not be decrypted into a message with a good signature",
}


@pytest.mark.parametrize("bad", BAD, ids=lambda one: one.__name__)
def test_a_bad_message_is_rejected_with_its_reason_and_its_sender_is_told_nothing(
    tmp_path: Path, gateway: Gateway, bad: Bad
) -> None:
    def old(place: Place) -> None:
        with place.raw() as raw:
            producer = OldProducer(raw, place.central, "/queue/old", gateway.site)
            producer.frame("msg", "bad", bad(gateway))
            assert producer.publish("good", GOOD, gateway.host) == md5(GOOD)  # the first answer there is

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await asyncio.to_thread(old, place)

    run(work())
    [rejected] = gateway.box("reject")
    assert BAD[bad] in rejected["error"].decode()
    assert gateway.bodies() == [GOOD]


def test_triple_des_and_sha1_are_refused_by_the_listener_beside_it(tmp_path: Path, gateway: Gateway) -> None:
    old = seal_old(b"SSM 2, but weak\n", gateway.site, gateway.host)
    strong = Signer.from_pem(gateway.site.certificate_pem, gateway.site.key_pem)

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            two = StompTransport(StompSettings(FixedBrokers((("127.0.0.1", place.port),)), place.queue, None))
            producer = await two.open_producer()
            await producer.publish("weak", old)
            await producer.publish("strong", seal(GOOD, strong))
            await producer.close()
            await until(lambda: len(gateway.bodies()) == len(gateway.box("reject")) == 1)

    run(work())
    [rejected] = gateway.box("reject")
    assert rejected["empaid"] == b"weak"
    assert gateway.bodies() == [GOOD]


def test_a_message_that_somebody_brings_to_the_other_listener_first_is_not_lost(
    tmp_path: Path, gateway: Gateway
) -> None:
    signer = Signer.from_pem(gateway.site.certificate_pem, gateway.site.key_pem)
    strong = seal(packed(GOOD), signer, Encryption(Recipient.from_pem(gateway.host.certificate_pem)))

    def old(place: Place) -> None:
        with place.raw() as raw:
            producer = OldProducer(raw, place.central, "/queue/old", gateway.site)
            producer.frame("msg", "f", strong)
            assert producer.answer("ack").headers["ssm-msg-id"] == md5(GOOD)

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            two = StompTransport(StompSettings(FixedBrokers((("127.0.0.1", place.port),)), place.queue, None))
            producer = await two.open_producer()
            await producer.publish("stolen", strong)
            await producer.close()
            await until(lambda: len(gateway.bodies()) == 1)
            await asyncio.to_thread(old, place)

    run(work())
    assert gateway.bodies() == [packed(GOOD), GOOD]


def test_frames_that_are_no_messages_are_passed_over(
    tmp_path: Path, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    def old(place: Place) -> None:
        with place.raw() as raw:
            for headers in (
                {"ssm-msg-type": ""},
                {"ssm-msg-type": "nonsense"},
                {"ssm-msg-type": "certresp"},
                {"ssm-msg-type": "ack", "ssm-msg-id": "0" * 32},
                {"ssm-msg-type": "certreq"},
                {"ssm-msg-type": "certreq", "reply-to": place.central},
                {"ssm-msg-type": "certreq", "reply-to": "nowhere"},
                {"ssm-msg-type": "ping", "ssm-msg-id": "ping", "ssm-reack": "../../etc/passwd"},
                {"ssm-msg-type": "ping", "ssm-msg-id": "ping", "ssm-reack": "0" * 32},
            ):
                send(raw, place.central, headers, b"x" * bool(headers["ssm-msg-type"]))
            OldProducer(raw, place.central, "/queue/old", gateway.site).publish("good", GOOD, gateway.host)

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await asyncio.to_thread(old, place)

    run(work())
    assert gateway.box("reject") == []
    assert gateway.bodies() == [GOOD]
    assert "'no type' is not for a consumer" in caplog.text


def test_what_a_sender_of_ssm_2_leaves_at_the_old_destination_is_judged_as_such_and_not_lost(
    tmp_path: Path, gateway: Gateway
) -> None:
    strong = seal(GOOD, Signer.from_pem(gateway.site.certificate_pem, gateway.site.key_pem), None)
    weak = seal_old(packed(b"weak\n"), gateway.site, gateway.host)
    changed = strong.replace(GOOD.strip(), b"x" + GOOD.strip()[1:])
    sent = {"good": strong, "again": strong, "weak": weak, "changed": changed, "nothing": b"x"}

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            two = StompTransport(StompSettings(FixedBrokers((("127.0.0.1", place.port),)), place.central, None))
            producer = await two.open_producer()
            for name, sealed in sent.items():
                await producer.publish(name, sealed)
            await producer.close()
            await until(lambda: len(gateway.box("reject")) == 3)

    run(work())
    assert gateway.bodies() == [GOOD]
    assert gateway.box("incoming")[0]["empaid"] == b"good"
    rejected = {one["empaid"]: one for one in gateway.box("reject")}
    assert {name: one["body"] for name, one in rejected.items()} == {
        b"weak": weak,
        b"changed": changed,
        b"nothing": b"x",
    }
    assert not any(one["error"].endswith(KEPT.encode()) for one in rejected.values())


def test_a_flood_of_requests_for_the_certificate_does_not_end_listening(tmp_path: Path, gateway: Gateway) -> None:
    def flood(place: Place) -> None:
        with place.raw() as raw:
            for _ in range(2000):
                headers = {"ssm-msg-type": "certreq", "ssm-msg-id": "noid", "reply-to": "/queue/nobody"}
                raw.write("SEND", {"destination": place.central, **headers})
            OldProducer(raw, place.central, "/queue/old", gateway.site).publish("good", GOOD, gateway.host)

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await asyncio.to_thread(flood, place)

    run(work())
    assert gateway.bodies() == [GOOD]
    assert gateway.told.of(Event.CONNECTION_LOST) == []


def test_a_message_without_a_reply_channel_is_filed_and_answered_to_nobody(tmp_path: Path, gateway: Gateway) -> None:
    sealed = seal_old(packed(GOOD), gateway.site, gateway.host)

    def old(place: Place) -> None:
        with place.raw() as raw:
            send(raw, place.central, {"ssm-msg-type": "msg", "ssm-msg-id": "f"}, sealed)

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await asyncio.to_thread(old, place)
            await until(lambda: gateway.bodies() == [GOOD])

    run(work())


def test_a_reply_channel_that_makes_the_broker_hang_up_does_so_once(tmp_path: Path, gateway: Gateway) -> None:
    poisoned = seal_old(packed(b"poisoned\n"), gateway.site, gateway.host)

    def old(place: Place) -> None:
        with place.raw() as raw:
            headers = {"ssm-msg-type": "msg", "ssm-msg-id": "poisoned", "reply-to": "/topic/nowhere"}
            send(raw, place.central, headers, poisoned)
            send(raw, place.central, {"ssm-msg-type": "certreq", "reply-to": "/topic/nowhere"})
            producer = OldProducer(raw, place.central, "/queue/old", gateway.site)
            assert producer.publish("good", GOOD, gateway.host) == md5(GOOD)

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            await asyncio.to_thread(old, place)

    run(work())
    assert gateway.bodies() == [b"poisoned\n", GOOD]
    assert len(gateway.told.of(Event.CONNECTION_LOST)) <= 2


# Bad input at the producer.


def other_dn(pki: Pki, _: Credential) -> bytes:
    return pki.issue("mallory.example.org").certificate_pem


def expired_certificate(pki: Pki, _: Credential) -> bytes:
    begin, end = timedelta(days=-9), timedelta(days=-1)
    return pki.issue("server.example.org", not_before=begin, not_after=end).certificate_pem


def false_ca(pki: Pki, _: Credential) -> bytes:
    return pki.issue("server.example.org", ca=pki.authority("Nobody", trusted=False)).certificate_pem


def elliptic(pki: Pki, _: Credential) -> bytes:
    return pki.issue("server.example.org", key="p256").certificate_pem


def rubbish(_: Pki, right: Credential) -> bytes:
    return right.certificate_pem.replace(b"M", b"N")


FALSE: dict[Callable[[Pki, Credential], bytes], str] = {
    other_dn: "it is the one of /O=Test/CN=mallory.example.org",
    expired_certificate: "expired",
    false_ca: "no CA that we trust",
    elliptic: "EC certificate",
    rubbish: "not a certificate",
}


@pytest.mark.parametrize("false", FALSE, ids=lambda one: one.__name__)
def test_nothing_is_encrypted_to_a_false_certificate(
    tmp_path: Path, gateway: Gateway, site: Site, false: Callable[[Pki, Credential], bytes]
) -> None:
    site.leave(GOOD)
    site.more = {"answer_seconds": "1"}
    offers = [false(gateway.pki, gateway.host)]

    async def work() -> None:
        async with broker(tmp_path) as place:
            raw = await asyncio.to_thread(place.raw)
            consumer = await asyncio.to_thread(OldConsumer, raw, place.central, gateway.host, offers=offers)
            serving = asyncio.create_task(asyncio.to_thread(consumer.serve, 1))
            with pytest.raises(TimedOutError, match=FALSE[false]):
                await site.send(place)
            raw.socket.shutdown(socket.SHUT_RDWR)
            with pytest.raises(EOFError):
                await serving
            raw.close()
            assert {one.headers["ssm-msg-type"] for one in consumer.heard} == {"certreq"}

    run(work())
    assert site.left() == ["file-0000"]


def test_a_false_certificate_before_the_true_one_and_a_second_one_after_it_do_no_harm(
    tmp_path: Path, gateway: Gateway, site: Site
) -> None:
    site.leave(*payloads(2))
    true = gateway.host.certificate_pem
    offers = [other_dn(gateway.pki, gateway.host), true, false_ca(gateway.pki, gateway.host), true]
    found: list[OldConsumer] = []

    async def work() -> None:
        async with broker(tmp_path) as place:
            serving = asyncio.create_task(asyncio.to_thread(serve, place, OldConsumer, gateway.host, found, offers))
            assert (await site.send(place)).sent == 2
            await serving

    run(work())
    assert found[0].filed == payloads(2)


def serve(
    place: Place, kind: type[OldConsumer], owner: Credential, found: list[OldConsumer], offers: list[bytes]
) -> None:
    with place.raw() as raw:
        found.append(kind(raw, place.central, owner, offers=offers))
        found[0].serve(2)


def test_an_old_consumer_reads_what_we_send_and_forgets_what_we_have_seen(
    tmp_path: Path, gateway: Gateway, site: Site
) -> None:
    site.leave(*payloads(2))
    found: list[OldConsumer] = []

    async def work() -> None:
        async with broker(tmp_path) as place:
            serving = asyncio.create_task(asyncio.to_thread(serve, place, OldConsumer, gateway.host, found, []))
            assert (await site.send(place)).sent == 2
            await serving

    run(work())
    kinds = [(one.headers["ssm-msg-type"], one.headers.get("ssm-reack")) for one in found[0].heard]
    first, second = map(md5, payloads(2))
    assert kinds == [("certreq", None), ("msg", None), ("msg", first), ("ping", second)]
    assert found[0].filed == payloads(2)
    assert site.left() == []
    assert [one.headers["ssm-msg-id"] for one in found[0].heard] == ["noid", "file-0000", "file-0001", "ping"]


def test_an_acknowledgement_that_was_lost_costs_one_more_try_and_no_copy(
    tmp_path: Path, gateway: Gateway, site: Site
) -> None:
    site.leave(*payloads(2))
    site.more = {"answer_seconds": "1"}
    found: list[OldConsumer] = []

    def old(place: Place) -> None:
        with place.raw() as raw:
            found.append(OldConsumer(raw, place.central, gateway.host, silent=1))
            found[0].serve(2)

    async def work() -> None:
        async with broker(tmp_path) as place:
            serving = asyncio.create_task(asyncio.to_thread(old, place))
            assert (await site.send(place, patience_seconds=30)).sent == 2
            await serving

    run(work())
    messages = [one.body for one in found[0].heard if one.headers["ssm-msg-type"] == "msg"]
    assert messages[0] == messages[1], "the very same octets"
    assert found[0].filed == payloads(2)


def test_answers_of_others_do_not_acknowledge(tmp_path: Path, gateway: Gateway, site: Site) -> None:
    site.leave(GOOD)
    site.more = {"answer_seconds": "2"}

    class Liar(OldConsumer):
        """Acknowledges everything but what it was sent."""

        def take(self, frame: object) -> int:
            for word in ("0" * 32, "", md5(GOOD).upper(), "noid"):
                self.reply(self.heard[-1], "ack", word)
            self.reply(self.heard[-1], "", md5(GOOD))
            return 0

    def old(place: Place) -> None:
        with place.raw() as raw:
            liar = Liar(raw, place.central, gateway.host)
            with pytest.raises(EOFError):
                liar.serve(1)

    async def work() -> None:
        async with broker(tmp_path) as place:
            serving = asyncio.create_task(asyncio.to_thread(old, place))
            with pytest.raises(TimedOutError, match="acknowledge"):
                await site.send(place)
        await serving  # the broker has hung up

    run(work())
    assert site.left() == ["file-0000"]
    assert site.told.of(Event.CONFIRMED) == []


def test_a_payload_that_is_empty_is_set_aside(tmp_path: Path, gateway: Gateway, site: Site) -> None:
    site.leave(b"", GOOD)
    site.told = Told()

    async def work() -> None:
        async with broker(tmp_path) as place, gateway.receiving(place):
            report = await site.send(place)
            assert (report.sent, report.set_aside) == (1, 1)

    run(work())
