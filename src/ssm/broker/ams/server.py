# SPDX-License-Identifier: Apache-2.0
"""HTTPS around the service, on two ports of loopback: a thread for each client, so many clients, so large requests.

Messages are in memory and go with the program. Production means the real service.
"""

import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from ssm.broker.ams.api import Received, answer, answer_authn
from ssm.broker.ams.state import AmsError, AmsState, Json
from ssm.broker.ams.subjects import of_peer
from ssm.errors import StopError

LOOPBACK = "127.0.0.1"
MAX_CLIENTS = 64
MAX_REQUEST_OCTETS = 16 * 1024 * 1024
MAX_DIGITS = 12
PORTION = 64 * 1024
SILENCE_SECONDS = 60.0
REQUEST_SECONDS = 60.0
POLL_SECONDS = 0.02

Says = Callable[[AmsState, Received], Json]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, as it goes out."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Besides, or instead of, those that every answer has."""
    is_last: bool = False
    """The connection ends after it."""


class EmbeddedAms:
    """For a with-block: listening on loopback, answering in threads. StopError when a port is taken."""

    def __init__(
        self, tls: ssl.SSLContext, *, state: AmsState | None = None, port: int = 0, authn_port: int = 0
    ) -> None:
        self.state = state or AmsState()
        self.ending = threading.Event()
        self.connections = 0
        """How many there have been."""
        self.api = listening(self, tls, answer, port)
        try:
            self.authn = listening(self, tls, answer_authn, authn_port)
        except StopError:
            self.api.server_close()
            raise
        self.listeners = (self.api, self.authn)
        self.threads = [threading.Thread(target=one.serve_forever, args=(POLL_SECONDS,)) for one in self.listeners]

    @property
    def port(self) -> int:
        """Of the service."""
        return self.api.port

    @property
    def authn_port(self) -> int:
        """Where certificates are exchanged for tokens."""
        return self.authn.port

    def respond(self, received: Received, says: Says) -> Answer | None:
        """What is answered; None to end the connection without an answer."""
        return answer_of(*self.carry_out(received, says))

    def carry_out(self, received: Received, says: Says) -> tuple[int, Json]:
        """Status and body of what the service says."""
        try:
            return 200, says(self.state, received)
        except AmsError as error:
            return error.code, error.body()

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        for one, thread in zip(self.listeners, self.threads, strict=True):
            one.shutdown()
            thread.join()
            one.end_connections()
            one.server_close()


def answer_of(status: int, said: Json) -> Answer:
    """An answer with this body."""
    return Answer(status, json.dumps(said, indent=3).encode())


def listening(service: EmbeddedAms, tls: ssl.SSLContext, says: Says, port: int) -> "Listener":
    """One port. StopError when it is taken."""
    try:
        return Listener(service, tls, says, port)
    except OSError as error:
        raise StopError(f"cannot listen on {LOOPBACK}:{port}: {error.strerror}", hint="choose another port") from error


class Listener(ThreadingHTTPServer):
    """One port."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, service: EmbeddedAms, tls: ssl.SSLContext, says: Says, port: int) -> None:
        self.service = service
        self.tls = tls
        self.says = says
        self.open: set[socket.socket] = set()
        self.places = threading.BoundedSemaphore(MAX_CLIENTS)
        super().__init__((LOOPBACK, port), Handler)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    # The names below are those of the base class.

    def process_request(self, request: "socket.socket | tuple[bytes, socket.socket]", client_address: object) -> None:
        """A new client, if there is a place."""
        if self.places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(
        self, request: "socket.socket | tuple[bytes, socket.socket]", client_address: object
    ) -> None:
        """In its own thread; then its place is free."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def finish_request(
        self,
        request: "socket.socket | tuple[bytes, socket.socket]",
        client_address: object,  # noqa: ARG002 - the base class's signature
    ) -> None:
        """Shake hands in the client's own thread, so that nobody holds up others."""
        assert isinstance(request, socket.socket)
        request.settimeout(SILENCE_SECONDS)
        # Whoever speaks no TLS, goes in the middle, or asks for what is no address, has ended it.
        with contextlib.suppress(OSError, ValueError):
            secure = self.tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            with secure:
                self.open.add(secure)
                try:
                    if not self.service.ending.is_set():
                        secure.do_handshake()
                        self.service.connections += 1
                        Handler(secure, (LOOPBACK, 0), self)
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
    timeout = SILENCE_SECONDS
    server: Listener

    def do_GET(self) -> None:
        """A request."""
        self.serve()

    def do_POST(self) -> None:
        """A request."""
        self.serve()

    def do_PUT(self) -> None:
        """A request."""
        self.serve()

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - the base class's name
        """Silence: a request may hold a token."""

    def serve(self) -> None:
        """One request."""
        try:
            body = self.body()
        except AmsError as error:
            self.reply(Answer(error.code, json.dumps(error.body()).encode(), is_last=True))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, body, self.dn())
        said = self.server.service.respond(received, self.server.says)
        if said is None:
            self.close_connection = True
            return
        self.reply(said)

    def body(self) -> bytes:
        """The body, within bounds of size and time. AmsError when it is outside of them, or of unknown length."""
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers or not (length.isascii() and length.isdigit()):
            raise AmsError(411, "INVALID_ARGUMENT", "Length Required")
        if len(length) > MAX_DIGITS or int(length) > MAX_REQUEST_OCTETS:
            raise AmsError(413, "INVALID_ARGUMENT", "Message size is too large")
        left, until = int(length), time.monotonic() + REQUEST_SECONDS
        portions = []
        while left:
            portion = self.rfile.read1(min(left, PORTION))
            if not portion or time.monotonic() > until:
                raise AmsError(408, "TIMEOUT", "half a request")
            portions.append(portion)
            left -= len(portion)
        return b"".join(portions)

    def reply(self, said: Answer) -> None:
        """The answer."""
        usual = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(said.body))}
        self.send_response(said.status)
        for name, value in {**usual, **said.headers}.items():
            self.send_header(name, value)
        if said.is_last:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(said.body)
        self.wfile.flush()

    def dn(self) -> str | None:
        """Of the client's certificate, as the authentication service writes it."""
        assert isinstance(self.connection, ssl.SSLSocket)
        certificate = self.connection.getpeercert()
        return of_peer(certificate) if certificate else None
