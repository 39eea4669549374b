# SPDX-License-Identifier: Apache-2.0
"""LDAP servers that lie, dawdle, babble or send us elsewhere: each look-up ends in time, in bounds, with its reason."""

import contextlib
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from ssm.errors import ConfigError, ConnectFailedError
from ssm.lookup.directory import MAX_OCTETS, Inquiry
from ssm.protocols.bdii import Answer, Question

SECONDS = 1.0
BIND, ENTRY, DONE, REFERENCE = 0x61, 0x64, 0x65, 0x73
SUCCESS, REFERRAL, BUSY, NO_ANONYMOUS, TOO_MANY = 0, 10, 51, 48, 4
LONG_FORM = 0x80
Answering = Callable[[socket.socket, int, bytes], None]


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < LONG_FORM:
        return bytes((tag, len(content))) + content
    return bytes((tag, 0x84)) + len(content).to_bytes(4, "big") + content


def message(request: bytes, *operations: bytes) -> bytes:
    """Operations as answers to a request, under its number."""
    start = 2 if request[1] < LONG_FORM else 2 + request[1] - LONG_FORM
    number = request[start : start + 2 + request[start + 1]]
    return b"".join(tlv(0x30, number, operation) for operation in operations)


def result(tag: int, code: int, text: bytes = b"", *more: bytes) -> bytes:
    return tlv(tag, tlv(0x0A, bytes((code,))), tlv(0x04), tlv(0x04, text), *more)


def entry(dn: bytes, **attributes: bytes) -> bytes:
    parts = [tlv(0x30, tlv(0x04, name.encode()), tlv(0x31, tlv(0x04, value))) for name, value in attributes.items()]
    return tlv(ENTRY, tlv(0x04, dn), tlv(0x30, *parts))


def service(name: bytes, endpoint: bytes) -> bytes:
    return entry(b"o=grid", GlueServiceUniqueID=name, GlueServiceEndpoint=endpoint)


def member(name: bytes) -> bytes:
    return entry(b"o=grid", GlueServiceDataValue=b"PROD", GlueChunkKey=b"GlueServiceUniqueID=" + name)


@dataclass
class Hostile:
    """One connection after the other; what is sent after each request is the test's to say."""

    answers: Answering
    """Called with the connection, the number of the request on it, from 1 on, and the request."""
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.listener.getsockname()[1]

    def serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                with connection, contextlib.suppress(OSError):
                    self.talk(connection)

    def talk(self, connection: socket.socket) -> None:
        number = 0
        while request := connection.recv(65536):
            number += 1
            self.requests.append(request)
            self.answers(connection, number, request)


@contextmanager
def hostile(answers: Answering) -> Iterator[Hostile]:
    server = Hostile(answers)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join(10)
        assert not thread.is_alive()


def told(*after_bind: Sequence[bytes]) -> Answering:
    """Lets us in, then answers the first question, the second and so on with these operations."""

    def answers(connection: socket.socket, number: int, request: bytes) -> None:
        operations = [result(BIND, SUCCESS)] if number == 1 else after_bind[number - 2]
        connection.sendall(message(request, *operations))

    return answers


def ask(server: Hostile, *more: tuple[str, int], seconds: float = SECONDS) -> Answer:
    return Inquiry((server.address, *more), Question("PROD", use_tls=False), seconds).ask()[0]


def refused(answers: Answering, seconds: float = SECONDS) -> str:
    """Why there is no broker; found out in time."""
    with hostile(answers) as server:
        begun = time.monotonic()
        with pytest.raises(ConnectFailedError) as caught:
            ask(server, seconds=seconds)
        assert time.monotonic() - begun < seconds + 2
        assert server.connections == 1
    assert re.search(r"[^\x20-\x7e]", str(caught.value)) is None
    return str(caught.value)


def silent(connection: socket.socket, number: int, request: bytes) -> None:
    """Takes the request, and that is all."""


def closing(connection: socket.socket, number: int, request: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def half(connection: socket.socket, number: int, request: bytes) -> None:
    connection.sendall(message(request, result(BIND, SUCCESS))[:5])


def half_and_closing(connection: socket.socket, number: int, request: bytes) -> None:
    half(connection, number, request)
    closing(connection, number, request)


def dripping(connection: socket.socket, number: int, request: bytes) -> None:
    """An octet now and then, so that no wait for one is long."""
    for octet in message(request, result(BIND, SUCCESS, b"x" * 1000)):
        connection.sendall(bytes((octet,)))
        time.sleep(0.02)  # its pace is the attack


def endless_message(connection: socket.socket, number: int, request: bytes) -> None:
    connection.sendall(b"\x30\x84\x7f\xff\xff\xff")
    for _ in range(2 * MAX_OCTETS // 65536):
        connection.sendall(b"\0" * 65536)


def endless_entries(connection: socket.socket, number: int, request: bytes) -> None:
    if number == 1:
        connection.sendall(message(request, result(BIND, SUCCESS)))
        return
    block = message(request, service(b"a", b"stomp://a:1")) * 500
    for _ in range(2 * MAX_OCTETS // len(block)):
        connection.sendall(block)


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (silent, "no answer in time"),
        (half, "no answer in time"),
        (dripping, "no answer in time"),
        (closing, "no LDAP with it"),
        (half_and_closing, "no LDAP with it"),
        (lambda connection, _, request: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no answer in time"),
        (lambda connection, _, request: connection.sendall(b"\x30\x02\x02\x01"), "is not LDAP"),
        (lambda connection, _, request: connection.sendall(b"\x30\x80" + b"\x30\x80" * 5000), "no answer in time"),
        (
            lambda connection, _, request: connection.sendall(message(request, result(BIND, NO_ANONYMOUS))),
            "without a name",
        ),
        (
            lambda connection, _, request: connection.sendall(message(b"\x30\x05\x02\x01\x7f", result(BIND, SUCCESS))),
            "no LDAP with it",
        ),
        (told([tlv(DONE, b"\xff\xff")]), "is not LDAP"),
        (told([entry(b"\xff\xfe", GlueServiceUniqueID=b"a"), tlv(DONE)]), "is not LDAP"),
        (told([result(DONE, BUSY, b"\x1b[2J\nforged")]), "error 51"),
        (told([result(DONE, SUCCESS)]), "knows no broker of network PROD"),
        (told([result(DONE, 32)]), "knows no broker of network PROD"),
    ],
    ids=lambda value: getattr(value, "__name__", None) if callable(value) else "-",
)
def test_a_server_that_gives_no_answer_is_a_reason_in_time(answers: Answering, reason: str) -> None:
    said = refused(answers)
    assert reason in said
    assert "forged" not in said


@pytest.mark.parametrize("answers", [endless_message, endless_entries])
def test_an_answer_without_end_is_left_at_the_bound(answers: Answering) -> None:
    assert "larger than 2 MiB" in refused(answers, seconds=40.0)


def test_a_referral_leads_nowhere() -> None:
    with hostile(silent) as elsewhere:
        url = f"ldap://127.0.0.1:{elsewhere.address[1]}/o=grid".encode()
        refer = tlv(0xA3, tlv(0x04, url))
        assert "error 10" in refused(told([result(DONE, REFERRAL, b"", refer)]))
        reference = tlv(REFERENCE, tlv(0x04, url))
        assert "knows no broker" in refused(told([reference, result(DONE, SUCCESS)]))
        assert elsewhere.connections == 0


def test_what_a_server_cut_at_its_limit_is_used() -> None:
    services = [service(b"a", b"stomp://mb:6163"), result(DONE, TOO_MANY)]
    members = [member(b"a"), result(DONE, SUCCESS)]
    with hostile(told(services, members)) as server:
        assert [one.host for one in ask(server).brokers] == ["mb"]


def test_hostile_ids_and_urls_are_passed_over_and_the_good_broker_is_found() -> None:
    names = (b"x)(objectClass=*", b"caf\xe9", b"good")
    urls = (b"stomp://user:secret@evil:1", b"stomp://\xff\xfe:1", b"stomp://[2001:db8::1]")
    services = [service(*one) for one in zip(names, urls, strict=True)]
    members = [member(name) for name in names]
    with hostile(told([*services, result(DONE, SUCCESS)], [*members, result(DONE, SUCCESS)])) as server:
        answer = ask(server)
        assert b"x)(objectClass=*" in server.requests[2], "as a value, which needs no escapes on the wire"
    assert [(one.host, one.port) for one in answer.brokers] == [("2001:db8::1", 6163)]
    assert [one.service for one in answer.passed_over] == ["x)(objectClass=*", "caf\\xe9"]
    assert "secret" not in str(answer.passed_over)


def test_a_silent_server_leaves_time_for_the_next_one() -> None:
    services = [service(b"a", b"stomp://mb:6163"), result(DONE, SUCCESS)]
    members = [member(b"a"), result(DONE, SUCCESS)]
    with hostile(silent) as first, hostile(told(services, members)) as second:
        assert [one.host for one in ask(first, second.address, seconds=2.0).brokers] == ["mb"]


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ldap3", None)
    with pytest.raises(ConfigError, match="ldap3") as caught:
        Inquiry((("127.0.0.1", 1),), Question("PROD", use_tls=False), SECONDS)
    assert "[bdii]" in caught.value.hint
