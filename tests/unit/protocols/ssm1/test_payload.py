# SPDX-License-Identifier: Apache-2.0
"""Compressed, in base64, and named by its MD5."""

import base64
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm.errors import MalformedEnvelopeError
from ssm.protocols.ssm1.payload import fingerprint, pack, unpack

MIB = 1 << 20


def test_the_fingerprint_is_the_one_of_the_protocol() -> None:
    assert fingerprint(b"This is a test.") == "120ea8a25e5d487bf68b5f7096440019"


@given(st.binary(min_size=1, max_size=5000))
def test_any_payload_comes_back(payload: bytes) -> None:
    assert unpack(pack(payload), len(payload)) == payload


def test_the_text_has_lines_of_76_characters_and_ends_with_one() -> None:
    *lines, last = pack(bytes(range(256)) * 4).split(b"\n")
    assert last == b""
    assert {len(line) for line in lines[:-1]} == {76}


def test_other_line_ends_do_no_harm() -> None:
    assert unpack(pack(b"x" * 500).replace(b"\n", b"\r\n"), 500) == b"x" * 500


@pytest.mark.parametrize("text", [b"not base64!", b"AAA", b"A=AA", b"=", pack(b"x")[:-3] + b"?\n"])
def test_what_is_not_base64_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedEnvelopeError, match="base64"):
        unpack(text, MIB)


@pytest.mark.parametrize(
    "compressed", [b"", b"plain", zlib.compress(b"x" * 100)[:-1], zlib.compress(b"x") + b"y", zlib.compress(b"")]
)
def test_what_is_not_exactly_one_compressed_payload_is_refused(compressed: bytes) -> None:
    with pytest.raises(MalformedEnvelopeError):
        unpack(base64.b64encode(compressed), MIB)


def test_one_octet_more_than_the_bound_is_refused() -> None:
    assert len(unpack(pack(b"x" * 1000), 1000)) == 1000
    with pytest.raises(MalformedEnvelopeError, match="more than 999 octets"):
        unpack(pack(b"x" * 1000), 999)


def test_a_bomb_is_refused_before_it_fills_the_memory() -> None:
    bomb = pack(b"\0" * (256 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(MalformedEnvelopeError, match="decompresses to more than"):
            unpack(bomb, 4 * MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MIB
