# SPDX-License-Identifier: Apache-2.0
"""The embedded AMS as a server: whoever talks nonsense, too much or not at all does not hold up others."""

import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssm.broker.ams import server as module
from ssm.broker.ams.place import Place
from ssm.broker.ams.server import EmbeddedAms
from ssm.errors import StopError
from ssm.wiring.messaging import ams_context
from tests.pki import Credential, Pki
from tests.servers.process import wait_until

PUBLISHER, CONSUMER = "/O=Test/CN=site.example.org", "/O=Test/CN=server.example.org"


@pytest.fixture
def service(server_pki: Pki) -> Iterator[EmbeddedAms]:
    own = server_pki.issue("ams.example.org")
    context = ams_context(own.certificate_path, own.key_path, server_pki.ca_directory)
    with EmbeddedAms(context, state=Place("p", "t", "s").state([PUBLISHER], [CONSUMER])) as made:
        yield made


def client_context(pki: Pki, credential: Credential | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(capath=str(pki.ca_directory))
    if credential is not None:
        context.load_cert_chain(credential.certificate_path, credential.key_path)
    return context


@contextmanager
def connected(pki: Pki, port: int, credential: Credential | None = None) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", port), timeout=20) as plain,
        client_context(pki, credential).wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        yield secure


def answer_to(pki: Pki, port: int, request: bytes) -> bytes:
    with connected(pki, port) as secure:
        secure.sendall(request)
        return secure.recv(65536)


def exchanged(pki: Pki, port: int, credential: Credential | None) -> bytes:
    """What somebody is told who asks for a token."""
    with connected(pki, port, credential) as secure:
        secure.sendall(b"GET /v1/service-types/ams/hosts/127.0.0.1:authx509 HTTP/1.1\r\nHost: x\r\n\r\n")
        return secure.recv(65536)


def is_well(pki: Pki, service: EmbeddedAms) -> bool:
    said = answer_to(pki, service.port, b"GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return said.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"Content-Length: 99999999999", b"413"),
        (b"Content-Length: " + b"9" * 5000, b"413"),
        (b"Content-Length: -1", b"411"),
        (b"Content-Length: \xb2", b"411"),
        (b"Transfer-Encoding: chunked", b"411"),
        (b"X: " + b"y" * 70_000, b"431"),
        (b"\r\n".join(b"X-%d: y" % number for number in range(200)), b"431"),
    ],
)
def test_a_request_out_of_bounds_is_refused_before_it_is_read(
    server_pki: Pki, service: EmbeddedAms, headers: bytes, status: bytes
) -> None:
    said = answer_to(server_pki, service.port, b"POST /v1/x HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n\r\n")
    assert said.startswith(b"HTTP/1.1 " + status)
    assert b"\r\nConnection: close\r\n" in said
    assert is_well(server_pki, service)


@pytest.mark.parametrize("target", [b"//[", b"/v1/projects/%ff/topics/x:publish", b"/" + b"a" * 60_000])
def test_an_address_that_is_none_harms_nobody(server_pki: Pki, service: EmbeddedAms, target: bytes) -> None:
    answer_to(server_pki, service.port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert is_well(server_pki, service)


def test_half_a_request_that_takes_too_long_is_given_up(
    server_pki: Pki, service: EmbeddedAms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REQUEST_SECONDS", 0.2)
    with connected(server_pki, service.port) as secure:
        secure.sendall(b"POST /v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
        secure.settimeout(0.1)
        begun = time.monotonic()
        said = b""
        while not said and time.monotonic() < begun + 20:
            secure.sendall(b"x")
            try:
                said = secure.recv(65536)
            except TimeoutError:
                continue
    assert said.startswith(b"HTTP/1.1 408 ")


def test_silent_clients_take_only_so_many_places_and_do_not_hold_up_the_end(
    server_pki: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_CLIENTS", 3)
    own = server_pki.issue("ams.example.org")
    context = ams_context(own.certificate_path, own.key_path, server_pki.ca_directory)
    begun = time.monotonic()
    with EmbeddedAms(context) as service:
        silent = [socket.create_connection(("127.0.0.1", service.port), timeout=20) for _ in range(3)]
        wait_until(lambda: len(service.api.open) == 3, "three clients")
        with socket.create_connection(("127.0.0.1", service.port), timeout=20) as surplus:
            assert surplus.recv(1) == b""
        silent.pop().close()
        wait_until(lambda: len(service.api.open) == 2, "a free place")
        wait_until(lambda: service.api.places.acquire(blocking=False), "a free place")
        service.api.places.release()
        assert is_well(server_pki, service)
    assert time.monotonic() - begun < 30
    for one in silent:
        one.close()


def test_a_certificate_of_another_ca_is_not_let_in(server_pki: Pki, service: EmbeddedAms) -> None:
    nobody = server_pki.authority("Nobody's CA", trusted=False)
    forged = server_pki.issue("site.example.org", ca=nobody)
    # With TLS 1.3 a client learns it with the first answer only.
    with pytest.raises((ssl.SSLError, ConnectionError)):
        exchanged(server_pki, service.authn_port, forged)
    assert exchanged(server_pki, service.authn_port, server_pki.issue("site.example.org")).startswith(b"HTTP/1.1 200 ")
    assert exchanged(server_pki, service.authn_port, None).startswith(b"HTTP/1.1 400 ")


def test_it_listens_on_loopback_only_and_says_when_a_port_is_taken(server_pki: Pki, service: EmbeddedAms) -> None:
    for one in service.listeners:
        assert one.server_address[0] == "127.0.0.1"
    threads = threading.active_count()
    with pytest.raises(StopError, match=f"127.0.0.1:{service.port}"):
        EmbeddedAms(service.api.tls, authn_port=service.port)
    assert threading.active_count() == threads


def test_the_command_serves_whom_it_was_told_of(server_pki: Pki, tmp_path: Path) -> None:
    own, site = server_pki.issue("ams.example.org"), server_pki.issue("site.example.org")
    command = [sys.executable, "-m", "ssm", "ams", "--port", "0", "--authn-port", "0", "--publisher", site.dn]
    command += ["--certificate", str(own.certificate_path), "--key", str(own.key_path)]
    command += ["--ca-dir", str(server_pki.ca_directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"127\.0\.0\.1:(\d+), certificates at (\d+)", process.stdout.readline())
            assert found is not None
            said = exchanged(server_pki, int(found[2]), site)
        finally:
            process.terminate()
            process.wait(30)
        assert said.startswith(b"HTTP/1.1 200 ")
        assert len(json.loads(said.partition(b"\r\n\r\n")[2])["token"]) == 40
        assert process.returncode == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_the_command_refuses_a_dn_that_is_none(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ssm", "ams", "--certificate", "c", "--key", "k", "--ca-dir", "d"]
    done = subprocess.run([*command, "--consumer", "CN=x"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78
    assert "'CN=x' is not a DN in slash form" in done.stderr
