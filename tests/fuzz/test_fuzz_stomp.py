# SPDX-License-Identifier: Apache-2.0
"""Damaged and hostile streams end in RemoteProtocolError or in frames, within bounds, and however they are cut.

Mutations are drawn from a seeded generator, so that a run can be repeated; ``SSM_FUZZ_ROUNDS`` makes it longer.
"""

import os
import random
from collections.abc import Iterator

import pytest

from ssm.errors import RemoteProtocolError
from ssm.protocols.stomp.codec import COMMANDS, MAX_HEAD_OCTETS, MAX_HEADERS, Decoder
from ssm.protocols.stomp.frames import Frame, Version
from ssm.protocols.stomp.session import ClientSession, SessionSettings, State

ROUNDS = int(os.environ.get("SSM_FUZZ_ROUNDS", "400"))
LIMIT = 500
SEEDS = (
    b"CONNECTED\nversion:1.2\nheart-beat:10000,10000\nserver:x/1\n\n\0",
    b"MESSAGE\nsubscription:1\nmessage-id:m\\c1\nack:a\nempa-id:5f/1\ncontent-length:5\n\na\0b\nc\0\n",
    b"MESSAGE\r\nack:1\r\nx:\\\\\\n\r\n\r\nbody until nul\0\r\n",
    b"RECEIPT\nreceipt-id:ssm-1\n\n\0",
    b"ERROR\nreceipt-id:ssm-1\nmessage:no\ncontent-length:4\n\nlong\0",
    b"MESSAGE\nack:2\ncontent-length:900\n\n" + b"x" * 900 + b"\0",
)
INTERESTING = (
    *(b"\0", b"\n", b"\r", b"\r\n", b"\n\n", b"\n\r\n", b":", b"\\", b"\\t", b"\xff", b"\xc3\xa9", b" "),
    *(b"content-length:0\n", b"content-length:99999999999999\n", b"content-length:-1\n", b"heart-beat:x\n"),
    *(b"h:" + b"v" * 3000 + b"\n", b"".join(b"h%d:\n" % number for number in range(140))),
)


def mutated(chance: random.Random) -> bytes:
    """A few good frames with a few faults."""
    data = b"".join(chance.choices(SEEDS, k=chance.randint(1, 5)))
    for _ in range(chance.randint(0, 6)):
        at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        match chance.randrange(4):
            case 0:
                data = data[:at] + chance.choice(INTERESTING) + data[at:]
            case 1:
                data = data[:at] + chance.randbytes(1) + data[at + 1 :]
            case 2:
                data = data[:at] + data[min(to, at + 20) :]
            case _:
                data = data[:at] + data[at:to] + data[at:]
    return data


def pieces(chance: random.Random, data: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(data):
        size = chance.choice((1, 2, 3, 17, 400, 65536))
        yield data[position : position + size]
        position += size


def read(parts: Iterator[bytes], version: Version) -> tuple[list[Frame], str | None]:
    """The frames, and how it ended; with a look at every bound on the way."""
    decoder = Decoder(LIMIT, version)
    frames: list[Frame] = []
    try:
        for part in parts:
            frames.extend(decoder.feed(part))
            assert len(decoder.head) <= MAX_HEAD_OCTETS + 4
            if decoder.pending is not None:
                assert len(decoder.pending.body) <= LIMIT
                assert len(decoder.pending.headers) <= MAX_HEADERS
    except RemoteProtocolError as error:
        return frames, str(error)
    return frames, None


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_stream_ends_alike_however_it_is_cut(seed: int) -> None:
    chance = random.Random(seed)
    ends = set()
    for _ in range(ROUNDS):
        data, version = mutated(chance), chance.choice(list(Version))
        whole = read(iter([data]), version)
        ends.add(whole[1] is None)
        for frame in whole[0]:
            assert frame.command in COMMANDS
            assert len(frame.body) <= LIMIT
        cut = read(pieces(chance, data), version)
        assert cut[1] == whole[1]
        assert cut[0] == whole[0]
    assert ends == {True, False}, "some streams pass and some do not, or this shows nothing"


@pytest.mark.parametrize("state", [State.CONNECTING, State.CONNECTED, State.SUBSCRIBED, State.CLOSING])
def test_a_session_survives_any_stream_or_ends_in_its_own_error(state: State) -> None:
    chance = random.Random(state.name)
    texts: list[str] = []
    for _ in range(ROUNDS):
        session = ClientSession(SessionSettings(max_body_octets=LIMIT))
        session.state = state
        session.receipts = {"ssm-1": 10.0, "ssm-2": 10.0}
        try:
            for part in pieces(chance, mutated(chance)):
                list(session.receive(part, 1.0))
        except RemoteProtocolError as error:
            texts.append(str(error))
    assert texts
    assert all(0 < len(text) < 200 for text in texts)


def test_noise_is_refused_within_the_bound() -> None:
    chance = random.Random(1)
    for _ in range(20):
        frames, end = read(pieces(chance, chance.randbytes(3 * MAX_HEAD_OCTETS)), Version.V1_2)
        assert frames == []
        assert end is not None
