# SPDX-License-Identifier: Apache-2.0
"""Slash-form names: what each attribute and string type becomes, and which names have none."""

import pytest

from ssm.envelope.subject import SHORT_NAMES, slash_form
from tests.unit.envelope.craft import oid, seq, set_of, tlv

CN, ORG, UID = "2.5.4.3", "2.5.4.10", "0.9.2342.19200300.100.1.1"
UTF8, PRINTABLE, T61, IA5, BMP, UNIVERSAL = 0x0C, 0x13, 0x14, 0x16, 0x1E, 0x1C


def rdn(kind: str, value: bytes, tag: int = UTF8) -> bytes:
    return set_of(seq(oid(kind), tlv(tag, value)))


@pytest.mark.parametrize(
    ("components", "text"),
    [
        ([rdn("2.5.4.6", b"UK", PRINTABLE), rdn(ORG, b"eScience"), rdn(CN, b"a.b")], "/C=UK/O=eScience/CN=a.b"),
        ([rdn("0.9.2342.19200300.100.1.25", b"org", IA5), rdn(CN, b"x y")], "/DC=org/CN=x y"),
        ([rdn(CN, b"host/a.example.org")], "/CN=host/a.example.org"),
        ([rdn(CN, b"a=b, c+d")], "/CN=a=b, c+d"),
        ([rdn(CN, "é".encode())], "/CN=é"),
        ([rdn(CN, b"\xe9", T61)], "/CN=é"),
        ([rdn(CN, "é€".encode("utf-16-be"), BMP)], "/CN=é€"),
        ([rdn(CN, "😀".encode("utf-32-be"), UNIVERSAL)], "/CN=😀"),
        ([rdn("1.2.840.113549.1.9.1", b"a@b", IA5)], "/emailAddress=a@b"),
        ([rdn(UID, b"u"), rdn("0.9.2342.19200300.100.1.44", b"v")], "/UID=u/uid=v"),
        ([rdn(ORG, b"a/"), rdn(CN, b"b")], "/O=a//CN=b"),
        ([rdn(CN, b"a/b.c/1.2.3")], "/CN=a/b.c/1.2.3"),
    ],
)
def test_names_have_a_slash_form(components: list[bytes], text: str) -> None:
    assert str(slash_form(seq(*components))) == text


def test_order_is_kept() -> None:
    one, two = rdn(ORG, b"a"), rdn(CN, b"b")
    assert str(slash_form(seq(one, two))) != str(slash_form(seq(two, one)))


@pytest.mark.parametrize("identifier", SHORT_NAMES)
def test_every_known_type_comes_back(identifier: str) -> None:
    assert str(slash_form(seq(rdn(identifier, b"x")))) == f"/{SHORT_NAMES[identifier]}=x"


@pytest.mark.parametrize(
    "name",
    [
        seq(),
        b"",
        set_of(),
        seq(seq()),
        seq(set_of()),
        seq(set_of(seq(oid(CN), tlv(UTF8, b"a")), seq(oid(UID), tlv(UTF8, b"b")))),
        seq(set_of(seq(oid(CN)))),
        seq(set_of(seq(oid(CN), tlv(UTF8, b"a"), tlv(UTF8, b"b")))),
        seq(rdn("1.2.3.4", b"x")),
        seq(rdn(CN, b"")),
        seq(rdn(CN, b"x", 0x04)),
        seq(rdn(CN, b"\xff")),
        seq(rdn(CN, b"\xc0\xaf")),
        seq(rdn(CN, b"\xe9", PRINTABLE)),
        seq(rdn(CN, b"\xe9", IA5)),
        seq(rdn(CN, b"\xd8\x00", BMP)),
        seq(rdn(CN, b"a", BMP)),
        seq(rdn(CN, b"\0\x11\0\0", UNIVERSAL)),
        seq(rdn(CN, b"a\0b")),
        seq(rdn(CN, b"a\nb")),
        seq(rdn(CN, b"a\x7f")),
        seq(rdn(CN, b"\x85", T61)),
        seq(rdn(ORG, b"Test/CN=alice")),
        seq(rdn(ORG, b"Test/CN=alice"), rdn(CN, b"x")),
        seq(rdn(ORG, b"a/1.2.3=x")),
        seq(rdn(ORG, b"a/x-y.z=x")),
        seq(rdn(ORG, b"a/CN=")),
        seq(set_of(seq(oid(CN), tlv(0x2C, tlv(UTF8, b"a"))))),
        seq(rdn(CN, b"a")) + b"\0",
    ],
)
def test_names_that_could_be_taken_for_another_have_none(name: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every kind of ValueError means: no name
        slash_form(name)
