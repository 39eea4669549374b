# SPDX-License-Identifier: Apache-2.0
"""The little of MIME that secure mail needs (RFC 2045, 2046, 8551): strict, bounded, linear.

Everything is decided by parsed headers, never by searching text: a signed body may speak of anything.
"""

import binascii
import re
from dataclasses import dataclass

from ssm.errors import MalformedEnvelopeError

MAX_HEADER_OCTETS = 32 * 1024
MAX_HEADER_LINES = 100
MAX_PARAMETERS = 20
MAX_BOUNDARY = 70
MAX_EPILOGUE = 1024

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
HEADER = re.compile(rb"(" + TOKEN + rb")[ \t]*:[ \t]*(.*)", re.DOTALL)
MEDIA_TYPE = re.compile(rb"[ \t]*(" + TOKEN + rb"/" + TOKEN + rb")[ \t]*")
PARAMETER = re.compile(rb";[ \t]*(?:(" + TOKEN + rb")[ \t]*=[ \t]*(?:(" + TOKEN + rb')|"((?:[^"\\]|\\.)*)")[ \t]*)?')
CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
WHITE = b" \t\r\n"

MULTIPART_SIGNED = "multipart/signed"
ENVELOPES = ("application/pkcs7-mime", "application/x-pkcs7-mime")
SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature")


@dataclass(frozen=True, slots=True)
class Headers:
    """One header block, and where the body begins."""

    values: dict[str, bytes]
    """By lower-case name; of those that are not Content-*, the first."""
    body: int

    def media_type(self) -> tuple[str, dict[str, str]]:
        """Type and parameters of Content-Type, lower case but for the values; ("", {}) when there is none."""
        value = self.values.get("content-type")
        return ("", {}) if value is None else parse_media_type(value)

    def transfer_encoding(self) -> str:
        """Content-Transfer-Encoding in lower case, 7bit when there is none (RFC 2045, 6.1)."""
        return self.values.get("content-transfer-encoding", b"7bit").strip().decode("latin-1").lower()


def read_headers(data: bytes, start: int = 0) -> Headers:
    """Read the block that begins at ``start`` and ends with an empty line."""
    lines: list[bytes] = []
    position = start
    while True:
        end = data.find(b"\n", position, start + MAX_HEADER_OCTETS)
        if end < 0:
            raise MalformedEnvelopeError("no blank line between message header and body, or too long a header")
        line = data[position : end - 1 if data[end - 1 : end] == b"\r" and end > position else end]
        position = end + 1
        if not line:
            return Headers(unfold(lines), position)
        lines.append(line)
        if len(lines) > MAX_HEADER_LINES:
            raise MalformedEnvelopeError("too many header lines")


def unfold(lines: list[bytes]) -> dict[str, bytes]:
    """Join folded lines, split names from values, refuse what stands twice."""
    whole: list[bytes] = []
    for line in lines:
        if CONTROL.search(line):
            raise MalformedEnvelopeError("control characters in a header")
        if line[:1] in {b" ", b"\t"} and whole:
            whole[-1] += b" " + line.strip(b" \t")
        else:
            whole.append(line)
    if not whole:
        raise MalformedEnvelopeError("no header before the body")
    values: dict[str, bytes] = {}
    for line in whole:
        match = HEADER.fullmatch(line)
        if match is None:
            raise MalformedEnvelopeError("a header line is not a name and a value")
        name = match[1].decode("ascii").lower()
        if name in values and name.startswith("content-"):
            raise MalformedEnvelopeError(f"the header {name} stands twice")
        values.setdefault(name, match[2].rstrip(b" \t"))
    return values


def parse_media_type(value: bytes) -> tuple[str, dict[str, str]]:
    """Type and parameters; a parameter that stands twice is refused."""
    match = MEDIA_TYPE.match(value)
    if match is None:
        raise MalformedEnvelopeError("the content type is malformed")
    parameters: dict[str, str] = {}
    position = match.end()
    for _ in range(MAX_PARAMETERS + 1):
        if position == len(value):
            return match[1].decode("ascii").lower(), parameters
        found = PARAMETER.match(value, position)
        if found is None:
            break
        position = found.end()
        if found[1] is None:
            continue  # a semicolon with nothing behind it
        name = found[1].decode("ascii").lower()
        if name in parameters:
            raise MalformedEnvelopeError(f"the content type parameter {name} stands twice")
        text = found[2] if found[2] is not None else re.sub(rb"\\(.)", rb"\1", found[3])
        parameters[name] = text.decode("latin-1")
    raise MalformedEnvelopeError("the content type's parameters are malformed, or too many")


def boundary_of(parameters: dict[str, str]) -> bytes:
    """The boundary of a multipart; bounded, and not ending in a blank (RFC 2046, 5.1.1)."""
    text = parameters.get("boundary", "")
    if not 0 < len(text) <= MAX_BOUNDARY or not text.isascii() or text.endswith(" "):
        raise MalformedEnvelopeError("the boundary is missing or malformed")
    return text.encode("ascii")


@dataclass(frozen=True, slots=True)
class Part:
    """Where one part lies, without the line end that belongs to the boundary behind it."""

    start: int
    stop: int


def two_parts(data: bytes, start: int, boundary: bytes) -> tuple[Part, Part]:
    """The parts of a multipart that has exactly two, and a closing line, and nothing but blanks behind."""
    delimiter = b"--" + boundary
    found: list[tuple[int, int]] = []
    position = start
    while True:
        position = data.find(delimiter, position)
        if position < 0:
            raise MalformedEnvelopeError("the closing boundary is missing: the message is cut off")
        if position > start and data[position - 1] != ord("\n"):
            position += len(delimiter)
            continue
        after = position + len(delimiter)
        is_closing = data.startswith(b"--", after)
        end = line_end(data, after + 2 if is_closing else after)
        found.append((position, end))
        if is_closing:
            break
        if len(found) > 2:  # noqa: PLR2004 - two parts, as the function says
            raise MalformedEnvelopeError("the message has more than two parts")
        position = end
    epilogue = data[found[-1][1] : found[-1][1] + MAX_EPILOGUE]
    if len(found) != 3 or len(epilogue) == MAX_EPILOGUE or epilogue.strip(WHITE):  # noqa: PLR2004
        raise MalformedEnvelopeError("the message does not have exactly two parts and an end")
    return between(data, found[0][1], found[1][0]), between(data, found[1][1], found[2][0])


def line_end(data: bytes, position: int) -> int:
    """Where the next line begins; the rest of this one must be empty."""
    if data.startswith(b"\r\n", position):
        return position + 2
    if data.startswith(b"\n", position):
        return position + 1
    if position == len(data):
        return position
    raise MalformedEnvelopeError("a line begins like the boundary and goes on")


def between(data: bytes, start: int, delimiter: int) -> Part:
    """A part, whose last line end belongs to the delimiter (RFC 2046, 5.1.1)."""
    stop = delimiter - 1
    if stop > start and data[stop - 1] == ord("\r"):
        stop -= 1
    if stop < start:
        raise MalformedEnvelopeError("a part is empty")
    return Part(start, stop)


def decode_base64(text: bytes) -> bytes:
    """Strict base64: nothing but the alphabet and white space, padding where it belongs."""
    compact = text.translate(None, WHITE)
    try:
        return binascii.a2b_base64(compact, strict_mode=True)
    except binascii.Error as error:
        raise MalformedEnvelopeError("the base64 is malformed") from error


def encode_base64(octets: bytes, width: int = 64) -> bytes:
    """Base64 in lines, each ending with LF."""
    step = width // 4 * 3
    block = step * 1024  # keeps the list of lines small, whatever the size of the message
    return b"".join(wrapped(octets[begin : begin + block], width) for begin in range(0, len(octets), block))


def wrapped(octets: bytes, width: int) -> bytes:
    """One block of base64 lines."""
    text = binascii.b2a_base64(octets, newline=False)
    return b"\n".join([text[at : at + width] for at in range(0, len(text), width)]) + b"\n"
