# SPDX-License-Identifier: Apache-2.0
"""A very small STOMP 1.2 client over a blocking socket, which shares no line with the code under test."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\c": ":"}
WINDOW = 50
TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Login:
    """Whom a broker asks for; both None where a certificate is enough."""

    login: str | None = None
    passcode: str | None = None


@dataclass(frozen=True)
class RawFrame:
    """What came."""

    command: str
    headers: Mapping[str, str]
    body: bytes


class StompRefusedError(Exception):
    """An ERROR frame, or something else than what was due."""


class RawStomp:
    """One connection, for a with-block."""

    def __init__(
        self,
        port: int,
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        login: Login = Login(),
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self.socket = socket.create_connection((host, port), timeout_seconds)
        try:
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket, server_hostname=host)
            self.stream = self.socket.makefile("rb", buffering=1 << 16)
            headers = {"accept-version": "1.2", "host": "/", "heart-beat": "0,0"}
            if login.login is not None:
                headers |= {"login": login.login, "passcode": login.passcode or ""}
            self.write("CONNECT", headers)
            self.expect("CONNECTED")
        except BaseException:
            self.socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Just hang up: what was not acknowledged comes again."""
        self.stream.close()
        self.socket.close()

    def write(self, command: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """One frame; header values here need no escapes."""
        head = "".join(f"{name}:{value}\n" for name, value in headers.items())
        self.socket.sendall(f"{command}\n{head}\n".encode() + body + b"\0")

    def read(self) -> RawFrame:
        """The next frame; EOFError when the broker hung up."""
        line = self.stream.readline()
        while line in {b"\n", b"\r\n"}:
            line = self.stream.readline()
        if not line:
            raise EOFError("the broker closed the connection")
        command = line.strip().decode()
        headers: dict[str, str] = {}
        while (line := self.stream.readline().rstrip(b"\r\n")) != b"":
            name, _, value = line.decode().partition(":")
            headers.setdefault(unescaped(name), unescaped(value))
        return RawFrame(command, headers, self.read_body(headers.get("content-length")))

    def read_body(self, length: str | None) -> bytes:
        """By its length, or up to NUL."""
        if length is not None:
            body: bytes = self.stream.read(int(length))
            if self.stream.read(1) != b"\0":
                raise EOFError("a frame without an end")
            return body
        octets = bytearray()
        while (octet := self.stream.read(1)) not in {b"\0", b""}:
            octets += octet
        return bytes(octets)

    def expect(self, command: str) -> RawFrame:
        """The next frame, of this kind."""
        frame = self.read()
        if frame.command != command:
            raise StompRefusedError(f"{frame.command} {dict(frame.headers)} {frame.body[:300]!r}")
        return frame

    # Sending.

    def send_all(self, queue: str, bodies: Sequence[bytes], headers: Mapping[str, str] | None = None) -> None:
        """Send persistent messages; return when the broker has confirmed every one."""
        waiting: set[str] = set()
        for number, body in enumerate(bodies):
            receipt = f"r{number}"
            fixed = {"destination": queue, "persistent": "true", "receipt": receipt, "content-length": str(len(body))}
            self.write("SEND", {**(headers or {}), **fixed}, body)
            waiting.add(receipt)
            while len(waiting) >= WINDOW:
                waiting.remove(self.expect("RECEIPT").headers["receipt-id"])
        while waiting:
            waiting.remove(self.expect("RECEIPT").headers["receipt-id"])

    # Taking.

    def subscribe(self, queue: str, *, prefetch: int = 100) -> None:
        """Begin to take messages."""
        headers = {"destination": queue, "id": "7", "ack": "client-individual"}
        self.write("SUBSCRIBE", headers | {"activemq.prefetchSize": str(prefetch), "prefetch-count": str(prefetch)})

    def acknowledge(self, frame: RawFrame) -> None:
        """One message is done with."""
        self.write("ACK", {"id": frame.headers["ack"]})

    def receive_all(self, queue: str, count: int) -> list[RawFrame]:
        """Subscribe, take and acknowledge this many, and see the broker confirm that."""
        self.subscribe(queue)
        frames = []
        for _ in range(count):
            frames.append(self.expect("MESSAGE"))
            self.acknowledge(frames[-1])
        self.write("DISCONNECT", {"receipt": "bye"})
        self.expect("RECEIPT")
        return frames

    def is_empty(self, queue: str, *, seconds: float = 1.0) -> bool:
        """True when nothing comes from a queue for a while."""
        self.subscribe(queue, prefetch=1)
        self.socket.settimeout(seconds)
        try:
            self.expect("MESSAGE")
        except TimeoutError:
            return True
        return False


def unescaped(text: str) -> str:
    """Undo the escapes of STOMP 1.2."""
    pieces = []
    position = 0
    while (at := text.find("\\", position)) >= 0:
        pieces += [text[position:at], ESCAPES[text[at : at + 2]]]
        position = at + 2
    return "".join((*pieces, text[position:]))
