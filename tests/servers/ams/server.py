# SPDX-License-Identifier: Apache-2.0
"""HTTPS around the service: two ports, faults on demand, and a record of what was asked."""

import contextlib
import json
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from tests.pki import Credential, Pki
from tests.servers.ams.api import Received, answer, answer_authn
from tests.servers.ams.state import AmsError, AmsState, Json

MOST_REQUEST_OCTETS = 300_000_000
# The authentication service's way to write a DN: last part first, values of a kind together.
DN_ORDER = {
    "emailAddress": "emailAddress",
    "commonName": "CN",
    "organizationalUnitName": "OU",
    "organizationName": "O",
    "postalCode": "postalCode",
    "streetAddress": "street",
    "localityName": "L",
    "stateOrProvinceName": "ST",
    "countryName": "C",
    "domainComponent": "DC",
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one call."""

    status: int | None = None
    """Answer this instead."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    """With this, instead of what the service would say."""
    is_carried_out: bool = False
    """The call has its effect all the same."""
    is_silent: bool = False
    """No answer, for as long as the server runs."""
    is_dropped: bool = False
    """The connection ends instead of an answer."""
    is_cut: bool = False
    """The connection ends in the middle of the answer."""
    change: Callable[[Json], Json] | None = None
    """Of what the service says."""


class AmsServer:
    """For a with-block: listening on loopback, answering in threads."""

    def __init__(self, pki: Pki, *, state: AmsState | None = None, server: Credential | None = None) -> None:
        self.state = state or AmsState()
        self.faults: list[tuple[str, Fault]] = []
        self.asked: list[Received] = []
        self.keep_record = True
        self.counts: Counter[str] = Counter()
        self.connections = 0
        self.ending = threading.Event()
        credential = server or pki.issue("ams.example.org")
        self.api = Listener(self, tls_of(credential, pki), answer)
        self.authn = Listener(self, tls_of(credential, pki), answer_authn)
        self.threads = [threading.Thread(target=one.serve_forever, args=(0.02,)) for one in (self.api, self.authn)]

    @property
    def port(self) -> int:
        return self.api.port

    @property
    def authn_port(self) -> int:
        return self.authn.port

    def fail(self, call: str, fault: Fault, times: int = 1) -> None:
        """So many of the next calls of this name."""
        with self.state.lock:
            self.faults.extend([(call, fault)] * times)

    def fault_for(self, call: str) -> Fault | None:
        """The next one, which then has had its turn."""
        with self.state.lock:
            for index, (name, fault) in enumerate(self.faults):
                if name == call:
                    del self.faults[index]
                    return fault
        return None

    def note(self, received: Received) -> None:
        """Remember what was asked."""
        with self.state.lock:
            self.counts[received.call] += 1
            if self.keep_record:
                self.asked.append(received)

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        for one, thread in zip((self.api, self.authn), self.threads, strict=True):
            one.shutdown()
            thread.join()
            one.end_connections()
            one.server_close()


class Listener(ThreadingHTTPServer):
    """One port."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, server: AmsServer, context: ssl.SSLContext, says: Callable[[AmsState, Received], Json]) -> None:
        self.ams = server
        self.context = context
        self.says = says
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def finish_request(self, request: object, client_address: object) -> None:
        """Shake hands in the connection's own thread, so that nobody holds up others."""
        assert isinstance(request, socket.socket)
        with contextlib.suppress(OSError, ValueError), self.context.wrap_socket(request, server_side=True) as secure:
            self.ams.connections += 1
            self.open.add(secure)
            try:
                Handler(secure, ("127.0.0.1", 0), self)
            finally:
                self.open.discard(secure)

    def end_connections(self) -> None:
        """Whoever is still connected is not any more."""
        for one in list(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60.0
    server: Listener

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def do_PUT(self) -> None:
        self.serve()

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - the base class's name
        """Silence."""

    def serve(self) -> None:
        """One request."""
        length = int(self.headers.get("content-length", "0"))
        if length > MOST_REQUEST_OCTETS:
            self.close_connection = True
            return
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, body, self.dn())
        ams = self.server.ams
        ams.note(received)
        fault = ams.fault_for(received.call) or Fault()
        replaces = fault.status is not None or fault.body is not None or fault.is_silent or fault.is_dropped
        if not replaces or fault.is_carried_out:
            status, said = self.carry_out(received)
        else:
            status, said = 200, {}
        if fault.is_silent:
            ams.ending.wait(60)
        if fault.is_silent or fault.is_dropped:
            self.close_connection = True
            return
        self.reply(status, said, fault)

    def carry_out(self, received: Received) -> tuple[int, Json]:
        """What the service says."""
        try:
            return 200, self.server.says(self.server.ams.state, received)
        except AmsError as error:
            return error.code, error.body()

    def reply(self, status: int, said: Json, fault: Fault) -> None:
        """The answer, or what is left of it."""
        if fault.status is not None:
            status = fault.status
            said = AmsError(status, "INTERNAL_SERVER_ERROR", "Backend Error").body()
        if fault.change is not None:
            said = fault.change(said)
        body = json.dumps(said, indent=3).encode() if fault.body is None else fault.body
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **fault.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault.is_cut else body)
        self.wfile.flush()
        if fault.is_cut:
            self.close_connection = True

    def dn(self) -> str | None:
        """Of the client's certificate, as the authentication service writes it."""
        assert isinstance(self.connection, ssl.SSLSocket)
        certificate = self.connection.getpeercert()
        if not certificate:
            return None
        values: dict[str, list[str]] = {}
        for part in certificate.get("subject", ()):
            for pair in part:
                assert isinstance(pair, tuple)
                values.setdefault(pair[0], []).append(pair[1])
        return ",".join(
            "+".join(f"{short}={value}" for value in values[kind]) for kind, short in DN_ORDER.items() if kind in values
        )


def tls_of(credential: Credential, pki: Pki) -> ssl.SSLContext:
    """Clients may show a certificate; if they do, it must hold."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credential.certificate_path, credential.key_path)
    context.load_verify_locations(capath=str(pki.ca_directory))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
