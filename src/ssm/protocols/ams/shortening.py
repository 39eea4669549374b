# SPDX-License-Identifier: Apache-2.0
"""JSON on its way through, with texts that are too long cut short: a message beyond any bound still has its name.

Nothing is parsed but where a text begins and ends, so what comes out is JSON where what went in was.
"""

import re

PIECE = re.compile(rb'[^"\\]+|\\(?:u[0-9A-Fa-f]{4}|[^u])|"', re.DOTALL)
LONGEST_ESCAPE = 6


class Shortener:
    """For one answer, piece by piece."""

    def __init__(self, most: int) -> None:
        self.most = most
        """Octets of a text that are kept."""
        self.longest = 0
        """Octets of the longest text so far, cut or not."""
        self.padding = 0
        """Signs of equality at the end of the longest text: base64 has up to two."""
        self.inside = False
        self.length = 0
        self.ending = b""
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """What remains of the next piece."""
        data = self.rest + data
        kept: list[bytes] = []
        at = 0
        while at < len(data):
            end = self.piece(data, at, kept)
            if end == at:
                break
            at = end
        self.rest = data[at:]
        return b"".join(kept)

    def piece(self, data: bytes, at: int, kept: list[bytes]) -> int:
        """One piece from here; where the next begins, or the same place when more is needed."""
        match = PIECE.match(data, at)
        if match is None:
            if len(data) - at < LONGEST_ESCAPE:
                return at
            kept.append(data[at : at + 1])  # no JSON; whoever parses it will say so
            return at + 1
        piece = match[0]
        if piece == b'"':
            self.on_quote()
            kept.append(piece)
        elif self.inside:
            kept.append(self.part_of_text(piece))
        else:
            kept.append(piece)
        return match.end()

    def on_quote(self) -> None:
        """A text begins or ends."""
        if self.inside and self.length > self.longest:
            self.longest = self.length
            self.padding = len(self.ending) - len(self.ending.rstrip(b"="))
        self.inside = not self.inside
        self.length = 0
        self.ending = b""

    def part_of_text(self, piece: bytes) -> bytes:
        """As much of it as still fits; an escape is kept whole or not at all."""
        room = max(self.most - self.length, 0)
        self.length += len(piece)
        self.ending = (self.ending + piece[-2:])[-2:]
        if piece.startswith(b"\\") and len(piece) > room:
            return b""
        return piece[:room]
