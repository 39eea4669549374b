# SPDX-License-Identifier: Apache-2.0
"""Texts are cut, the rest stays, however the octets come."""

import json

import pytest

from ssm.protocols.ams.shortening import Shortener


def shortened(data: bytes, most: int, size: int | None = None) -> tuple[bytes, Shortener]:
    one = Shortener(most)
    size = size or len(data)
    return b"".join(one.feed(data[at : at + size]) for at in range(0, len(data), size)), one


def test_a_long_text_is_cut_and_its_length_known() -> None:
    document = json.dumps({"ackId": "s:1", "data": "QUJD" * 100 + "QQ==", "n": [1, True, None]}).encode()
    kept, one = shortened(document, 8)
    assert json.loads(kept) == {"ackId": "s:1", "data": "QUJDQUJD", "n": [1, True, None]}
    assert (one.longest, one.padding) == (404, 2)


def test_short_texts_pass_as_they_are() -> None:
    document = json.dumps({"a": 'x"y\\z\n', "b": "é\u2028"}).encode()
    kept, one = shortened(document, 100)
    assert kept == document
    assert one.longest < 100


@pytest.mark.parametrize("size", range(1, 12))
def test_escapes_are_never_cut_in_two(size: int) -> None:
    document = rb'{"a":"xx\u00e9\n\"\\tail","b":"ok"}'
    for most in range(1, 25):
        kept, _ = shortened(document, most, size)
        loaded = json.loads(kept)
        assert 'xxé\n"\\tail'.startswith(loaded["a"])
        assert "ok".startswith(loaded["b"])


@pytest.mark.parametrize("data", [b'"\\', b'"\\u12', b'"\\uZZZZZZ"', b"\\\\\\", b'"open', b"", b"\xff\x00"])
def test_what_is_no_json_passes_and_never_grows(data: bytes) -> None:
    for size in (1, 2, 100):
        kept, _ = shortened(data, 10, size)
        assert len(kept) <= len(data)
