# SPDX-License-Identifier: Apache-2.0
import ssl
from pathlib import Path

import pytest

from tests.conftest import NewServer
from tests.pki import Pki
from tests.servers.broker import SERVERS, RealBroker, new_queue
from tests.servers.ports import free_ports
from tests.servers.process import is_running, wait_until
from tests.servers.raw_stomp import RawStomp, unescaped

BODIES = [f"message {number}\n".encode() * 20 for number in range(50)]


def test_a_broker_hands_out_what_it_was_given(real_broker: RealBroker) -> None:
    with real_broker.raw() as sender:
        sender.send_all(real_broker.queue, [*BODIES, b"\x00\xff\n\n"])
    with real_broker.raw() as receiver:
        frames = receiver.receive_all(real_broker.queue, len(BODIES) + 1)
    assert [frame.body for frame in frames] == [*BODIES, b"\x00\xff\n\n"]


def test_what_is_acknowledged_does_not_come_again(real_broker: RealBroker) -> None:
    with real_broker.raw() as sender:
        sender.send_all(real_broker.queue, BODIES[:3])
    with real_broker.raw() as receiver:
        receiver.receive_all(real_broker.queue, 3)
    with real_broker.raw() as receiver:
        assert receiver.is_empty(real_broker.queue)


def test_what_is_not_acknowledged_comes_again(real_broker: RealBroker) -> None:
    with real_broker.raw() as sender:
        sender.send_all(real_broker.queue, BODIES[:1])
    with real_broker.raw() as receiver:
        receiver.subscribe(real_broker.queue)
        receiver.expect("MESSAGE")
    with real_broker.raw() as receiver:
        [frame] = receiver.receive_all(real_broker.queue, 1)
    assert frame.headers["redelivered"] == "true"


def test_nobody_comes_in_over_tls_without_a_certificate(real_broker: RealBroker) -> None:
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.load_verify_locations(capath=str(real_broker.pki.ca_directory))
    with pytest.raises((ssl.SSLError, EOFError, ConnectionError)):
        RawStomp(real_broker.server.tls_port, tls=bare, login=real_broker.login)


def test_no_shell_stands_between_us_and_a_broker(real_broker: RealBroker) -> None:
    """One that did would end with us, and leave the server behind."""
    program = Path(f"/proc/{real_broker.server.pid}/comm").read_text().strip()
    assert program == {"activemq": "java", "rabbitmq": "beam.smp"}[real_broker.kind]


@pytest.mark.parametrize("kind", SERVERS)
def test_a_killed_broker_comes_back_with_its_messages_and_leaves_no_process(
    kind: str, new_server: NewServer, server_pki: Pki
) -> None:
    server, queue = new_server(kind), new_queue()
    with RawStomp(server.plain_port, login=server.login) as sender:
        sender.send_all(queue, BODIES)
    wait_until(lambda: server.queue_is_on_disk(queue), "the queue on disk")
    pid = server.pid
    server.kill()
    assert not is_running(pid)
    server.restart()
    with RawStomp(server.plain_port, login=server.login) as receiver:
        frames = receiver.receive_all(queue, len(BODIES))
    assert sorted(frame.body for frame in frames) == sorted(BODIES)
    pid = server.pid
    server.stop()
    assert not is_running(pid)


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20


def test_header_escapes_are_undone() -> None:
    assert unescaped(r"a\cb\\c\n") == "a:b\\c\n"
