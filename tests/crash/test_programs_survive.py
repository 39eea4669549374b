# SPDX-License-Identifier: Apache-2.0
"""SIGKILL in mid-stream, over TLS: nothing is lost, and nothing stands twice in incoming."""

from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import NewServer
from tests.crash.harness import FILED, SENT, Deployment, moments, payloads
from tests.pki import Pki
from tests.servers.broker import SERVERS, RealBroker, new_queue
from tests.servers.process import wait_until

COUNT = 250
KILLS = 5
pytestmark = pytest.mark.slow


@pytest.fixture(params=SERVERS)
def tls_broker(request: pytest.FixtureRequest, server_pki: Pki) -> RealBroker:
    server = request.getfixturevalue(request.param)
    return RealBroker(server, server_pki, server_pki.issue("client.example.org"), use_tls=True, queue=new_queue())


def assert_each_arrived_once(deployment: Deployment, sent: list[bytes]) -> None:
    arrived = deployment.incoming()
    assert deployment.rejected() == []
    assert deployment.waiting() == []
    expected = Counter(sent)
    assert sorted((expected - arrived).elements()) == [], "lost"
    assert sorted((arrived - expected).elements()) == [], "twice, or not what was sent"
    with deployment.broker.raw() as client:
        assert client.is_empty(deployment.broker.queue)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_sender_loses_nothing(tls_broker: RealBroker, tmp_path: Path, seed: int) -> None:
    deployment = Deployment.build(tmp_path, tls_broker)
    sent = payloads(COUNT)
    deployment.leave(sent)
    with deployment.receiving():
        struck = [deployment.start("send").kill_after(SENT, count) for count in moments(seed, KILLS, COUNT // KILLS)]
        assert sum(struck) >= KILLS - 1
        deployment.send_all()
        deployment.wait_for(COUNT)
    assert_each_arrived_once(deployment, sent)


@pytest.mark.parametrize("seed", [3, 4])
def test_a_killed_receiver_loses_nothing(tls_broker: RealBroker, tmp_path: Path, seed: int) -> None:
    deployment = Deployment.build(tmp_path, tls_broker)
    sent = payloads(COUNT)
    deployment.leave(sent)
    deployment.send_all()
    struck = [deployment.start("receive").kill_after(FILED, count) for count in moments(seed, KILLS, COUNT // KILLS)]
    assert all(struck)
    with deployment.receiving():
        deployment.wait_for(COUNT)
    assert_each_arrived_once(deployment, sent)


def test_a_killed_sender_of_one_message_in_many_pieces_loses_and_doubles_no_record(
    tls_broker: RealBroker, tmp_path: Path
) -> None:
    deployment = Deployment.build(tmp_path, tls_broker)
    config = deployment.config("send")
    config.write_text(config.read_text().replace("settle_seconds: 0", "settle_seconds: 0\nmax_message_size: 1000"))
    records = [f"Site: SITE\nSubmitHost: ce{number}\nNumberOfJobs: 5\nMonth: 7\nYear: 2025\n" for number in range(3000)]
    deployment.leave(["".join(["APEL-sync-message: v0.1\n", *(f"{one}%%\n" for one in records)]).encode()])
    with deployment.receiving():
        struck = [deployment.start("send").kill_after(SENT, count) for count in moments(6, 3, 30)]
        assert all(struck)
        assert len(deployment.waiting()) == 1
        deployment.send_all()
        wait_until(lambda: arrived_records(deployment).total() >= len(records), "all records", seconds=60)
    assert arrived_records(deployment) == Counter(records)
    assert deployment.waiting() == []
    assert deployment.rejected() == []


def arrived_records(deployment: Deployment) -> Counter[str]:
    """The records of all pieces, each of which must be a message of its own."""
    found: Counter[str] = Counter()
    for payload, times in deployment.incoming().items():
        header, _, text = payload.decode().partition("\n")
        assert header == "APEL-sync-message: v0.1"
        found.update({one: times for one in text.split("%%\n") if one})
    return found


@pytest.mark.parametrize("kind", SERVERS)
def test_a_killed_broker_loses_nothing(kind: str, new_server: NewServer, server_pki: Pki, tmp_path: Path) -> None:
    server, queue = new_server(kind), new_queue()
    broker = RealBroker(server, server_pki, server_pki.issue("client.example.org"), use_tls=True, queue=queue)
    with broker.raw() as client:
        client.send_all(queue, [b"makes the queue"])
    with broker.raw() as client:
        client.receive_all(queue, 1)
    wait_until(lambda: server.queue_is_on_disk(queue), "the queue on disk")
    deployment = Deployment.build(tmp_path / "site-and-server", broker)
    sent = payloads(COUNT)
    deployment.leave(sent)
    with deployment.receiving():
        sender = deployment.start("send")
        for count in moments(5, 2, COUNT // 3):
            sender.until_said(SENT, sender.lines(SENT) + count)
            assert not sender.has_ended(), sender.tail()
            server.kill()
            server.restart()
        sender.finish()
        deployment.wait_for(COUNT)
    assert_each_arrived_once(deployment, sent)
