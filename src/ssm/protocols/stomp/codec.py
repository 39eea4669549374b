# SPDX-License-Identifier: Apache-2.0
"""From a stream of octets to frames: incremental, bounded, and without looking twice at the same octets.

However the octets are cut, the same frames come out. A body beyond the bound is passed over while it streams by: its
frame comes out with the beginning of it and its full size, and the stream goes on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ssm.errors import RemoteProtocolError
from ssm.protocols.stomp.frames import UNESCAPED_COMMANDS, UNESCAPES, Frame, Version, decode_text

MAX_HEAD_OCTETS = 64 * 1024
MAX_HEADERS = 128
MAX_KEPT_LINE = 4096
KEPT_OF_OVERSIZED = 64 * 1024
MAX_LENGTH_DIGITS = 15
CLIENT_COMMANDS = (
    *("CONNECT", "STOMP", "SEND", "SUBSCRIBE", "UNSUBSCRIBE", "ACK", "NACK"),
    *("BEGIN", "COMMIT", "ABORT", "DISCONNECT"),
)
MESSAGE = b"MESSAGE"
# Of a message's headers, those that count when there are too many: a flood of others must not stop the line.
USED_OF_A_MESSAGE = frozenset(
    ("ack", "content-length", "destination", "empa-id", "message-id", "redelivered", "subscription")
)
SERVER_COMMANDS = ("CONNECTED", "MESSAGE", "RECEIPT", "ERROR")
COMMANDS = frozenset(CLIENT_COMMANDS + SERVER_COMMANDS)


@dataclass(slots=True)
class Pending:
    """A frame whose head has been read, and whose body is coming."""

    command: str
    headers: dict[str, str]
    length: int | None
    """By content-length; None when the body goes on until NUL."""
    body: bytes | bytearray = b""
    seen: int = 0
    """Octets of the body so far, kept or not."""


class Decoder:
    """Feed it octets; it yields frames. RemoteProtocolError once the stream cannot be understood any more."""

    def __init__(self, max_body_octets: int, version: Version = Version.V1_0) -> None:
        self.max_body_octets = max_body_octets
        self.kept_octets = min(KEPT_OF_OVERSIZED, max_body_octets)
        self.version = version
        self.head = bytearray()
        self.pending: Pending | None = None
        self.beats = 0
        """End-of-lines between frames, which are heart-beats."""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that these octets complete. Exhaust it before feeding more."""
        position = 0
        while position < len(data):
            if self.pending is None:
                position = self.feed_head(data, position)
            else:
                position, frame = self.feed_body(self.pending, data, position)
                if frame is not None:
                    self.pending = None
                    yield frame

    def feed_head(self, data: bytes, position: int) -> int:
        """Take octets up to the end of the head, or all there are."""
        if not self.head:
            while position < len(data) and data[position] in b"\r\n":
                self.beats += 1
                position += 1
        # The end is an empty line; it may lie across two pieces of the stream.
        searched = max(len(self.head) - 3, 0)
        take = min(len(data) - position, MAX_HEAD_OCTETS + 4 - len(self.head))
        before = len(self.head)
        self.head += data[position : position + take]
        end = end_of_head(self.head, searched)
        if end is None:
            if len(self.head) > MAX_HEAD_OCTETS:
                self.head = shortened(self.head)
            return position + take
        self.pending = self.read_head(bytes(self.head[:end]))
        self.head = bytearray()
        return position + end - before

    def read_head(self, head: bytes) -> Pending:
        """Command and headers."""
        is_message = head.startswith(MESSAGE)
        try:
            # Whatever a producer put into the headers of a message, the line must go on.
            lines = head.decode("utf-8", "replace" if is_message else "strict").split("\n")
        except UnicodeDecodeError as error:
            raise RemoteProtocolError("a frame's head is not UTF-8") from error
        command = lines[0].removesuffix("\r")
        if command not in COMMANDS:
            raise RemoteProtocolError(f"an unknown command: {command[:20]!r}")
        lines = lines[1:-2]
        if len(lines) > MAX_HEADERS:
            if not is_message:
                raise RemoteProtocolError(f"a frame has more than {MAX_HEADERS} headers")
            lines = [line for line in lines if line.partition(":")[0] in USED_OF_A_MESSAGE]
        headers = self.read_headers(command, lines)
        length = read_length(headers.get("content-length"))
        return Pending(command, headers, length)

    def read_headers(self, command: str, lines: list[str]) -> dict[str, str]:
        """Names and values, unescaped as the version has it; the first of a name counts."""
        unescape = {} if command in UNESCAPED_COMMANDS else UNESCAPES[self.version]
        headers: dict[str, str] = {}
        for line in lines:
            bare = line.removesuffix("\r") if self.version != Version.V1_1 else line
            try:
                name, value = read_header(bare, unescape)
            except ValueError as error:
                if command != "MESSAGE":
                    raise RemoteProtocolError(str(error)) from error
                continue
            headers.setdefault(name, value)
        return headers

    def feed_body(self, pending: Pending, data: bytes, position: int) -> tuple[int, Frame | None]:
        """Take octets of the body; with its end, the frame."""
        if pending.length is None:
            end = data.find(b"\0", position)
            stop = len(data) if end < 0 else end
            self.keep(pending, data, position, stop)
            return (stop, None) if end < 0 else (end + 1, self.finish(pending))
        stop = min(position + pending.length - pending.seen, len(data))
        self.keep(pending, data, position, stop)
        if pending.seen < pending.length or stop == len(data):
            return stop, None
        if data[stop] != 0:
            raise RemoteProtocolError("the body does not end where content-length says")
        return stop + 1, self.finish(pending)

    def keep(self, pending: Pending, data: bytes, start: int, stop: int) -> None:
        """Hold a piece of the body, or only count it once the body exceeds the bound."""
        is_first = pending.seen == 0
        pending.seen += stop - start
        expected = pending.seen if pending.length is None else pending.length
        if expected > self.max_body_octets:
            room = max(self.kept_octets - len(pending.body), 0)
            pending.body = pending.body[: self.kept_octets] + data[start : min(stop, start + room)]
        elif is_first:
            pending.body = data[start:stop]  # most bodies come in one piece, and are copied once
        elif stop > start:
            if isinstance(pending.body, bytes):
                pending.body = bytearray(pending.body)
            pending.body += memoryview(data)[start:stop]

    def finish(self, pending: Pending) -> Frame:
        """The frame."""
        is_cut = pending.seen > self.max_body_octets
        body, pending.body = pending.body, b""
        return Frame(pending.command, pending.headers, bytes(body), pending.seen if is_cut else None)


def shortened(head: bytearray) -> bytearray:
    """A message's head that has become too long, without what nobody needs; the end of it is still to come."""
    if not head.startswith(MESSAGE):
        raise RemoteProtocolError(f"a frame's headers exceed {MAX_HEAD_OCTETS} octets")
    whole, _, rest = bytes(head).rpartition(b"\n")
    command, *lines = whole.split(b"\n")
    kept: dict[str, bytes] = {}
    for line in lines:
        name = line.partition(b":")[0].decode("utf-8", "replace")
        if name in USED_OF_A_MESSAGE:
            kept.setdefault(name, line[:MAX_KEPT_LINE])
    return bytearray(b"\n".join((command, *kept.values(), rest[:MAX_KEPT_LINE])))


def end_of_head(head: bytearray, searched: int) -> int | None:
    """Where the body begins: after an empty line, ended by LF or CRLF."""
    plain = head.find(b"\n\n", searched)
    carriage = head.find(b"\n\r\n", searched)
    if plain < 0 and carriage < 0:
        return None
    if carriage < 0 or 0 <= plain < carriage:
        return plain + 2
    return carriage + 3


def read_header(line: str, unescape: Mapping[str, str]) -> tuple[str, str]:
    """Name and value of one line; ValueError when it is not one."""
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError("a header line without a colon")
    return decode_text(name, unescape), decode_text(value, unescape)


def read_length(text: str | None) -> int | None:
    """A content-length; RemoteProtocolError when it is not one."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_LENGTH_DIGITS):
        raise RemoteProtocolError("content-length is not a number")
    return int(text)
