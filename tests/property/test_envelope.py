# SPDX-License-Identifier: Apache-2.0
"""Whatever goes in comes out: any octets, signed or encrypted, and on a wire that changes line ends."""

import functools
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ssm.envelope import ber
from ssm.envelope.accepted import OF_SSM_1
from ssm.envelope.certificate import DecryptionKey, Recipient, Signer
from ssm.envelope.enveloped_data import Cipher
from ssm.envelope.mime import decode_base64, encode_base64
from ssm.envelope.seal import Encryption, seal
from ssm.envelope.transfer import TransferForm, transfer_form
from ssm.envelope.unseal import unseal
from ssm.names import DistinguishedName
from tests.pki import Pki

TEXTS = st.text(st.sampled_from("ab =\n\r\t\x0b\x0c\x1c\x85\u2028é.-_"), min_size=1).map(str.encode)
PAYLOADS = st.binary(min_size=1) | TEXTS | st.text(min_size=1).map(lambda text: text.encode("utf-8", "replace"))


class Everybody:
    """Believes everybody."""

    def judge(self, certificate_der: bytes) -> None:
        assert certificate_der


@functools.cache
def ends() -> tuple[Signer, Recipient, DecryptionKey]:
    """A signer with a quick key, and a receiver."""
    with tempfile.TemporaryDirectory() as folder:
        pki = Pki(Path(folder) / "pki")
        one, two = pki.issue(key="p256"), pki.issue()
        key = DecryptionKey.from_pem(two.certificate_pem, two.key_pem)
        assert key is not None
        return Signer.from_pem(one.certificate_pem, one.key_pem), Recipient.from_pem(two.certificate_pem), key


@given(PAYLOADS)
def test_any_payload_survives_signing(payload: bytes) -> None:
    signer, _, _ = ends()
    message = seal(payload, signer)
    opened = unseal(message, Everybody())
    assert opened.payload == payload
    assert not opened.encrypted
    assert unseal(message.replace(b"\n", b"\r\n"), Everybody()).payload == payload


@settings(max_examples=50)
@given(PAYLOADS, st.sampled_from(Cipher), st.booleans())
def test_any_payload_survives_encryption(payload: bytes, cipher: Cipher, oaep: bool) -> None:  # noqa: FBT001 - drawn
    signer, recipient, key = ends()
    sealed = seal(payload, signer, Encryption(recipient, cipher, oaep))
    opened = unseal(sealed, Everybody(), key, accepted=OF_SSM_1)
    assert opened.payload == payload
    assert opened.encrypted


@given(PAYLOADS)
def test_the_plain_form_is_for_printable_ascii_alone(payload: bytes) -> None:
    if transfer_form(payload) is TransferForm.PLAIN:
        assert payload.isascii()
        assert b"\r" not in payload
        assert b"\0" not in payload
        text = payload.decode("ascii")
        assert text.rstrip() in {text, text.removesuffix("\n")}
        assert "\n".join(text.splitlines()) in {text, text.removesuffix("\n")}


@given(st.binary(), st.integers(1, 30).map(lambda quarter: quarter * 4))
def test_base64_comes_back(octets: bytes, width: int) -> None:
    assert decode_base64(encode_base64(octets, width)) == octets


NAMES = st.lists(
    st.tuples(st.sampled_from(["C", "O", "CN", "DC", "1.2.3"]), st.text("ab/=1.CN ", min_size=1)), min_size=1
)


@given(NAMES)
def test_no_two_lists_of_components_have_one_slash_form(pairs: list[tuple[str, str]]) -> None:
    text = "".join(f"/{kind}={value}" for kind, value in pairs)
    try:
        name = DistinguishedName.from_components(pairs)
    except ValueError:
        return
    assert str(name) == text
    again = [part.partition("=") for part in split_as_people_do(text)]
    assert [(kind, value) for kind, _, value in again] == pairs


def split_as_people_do(text: str) -> list[str]:
    """Before each slash with a type and an equals sign behind it."""
    parts: list[str] = []
    for piece in text.split("/")[1:]:
        kind, equals, _ = piece.partition("=")
        is_word = kind[:1].isalpha() and kind.replace(".", "").replace("-", "").isalnum()
        is_number = "." in kind and all(arc.isdigit() for arc in kind.split("."))
        if equals and (is_word or is_number):
            parts.append(piece)
        else:
            parts[-1] += "/" + piece
    return parts


TREES = st.recursive(
    st.binary(max_size=20).map(lambda octets: ber.tlv(4, octets)),
    lambda inside: st.lists(inside, max_size=4).map(lambda items: ber.tlv(0x30, *items)),
    max_leaves=20,
)


@given(TREES)
def test_der_is_its_own_der(data: bytes) -> None:
    assert ber.to_der(ber.read_one(data)) == data


@given(st.binary(max_size=60))
def test_any_octets_are_ber_or_a_ber_error(data: bytes) -> None:
    try:
        waiting = [ber.read_one(data)]
        while waiting:
            value = waiting.pop()
            assert 0 <= value.start < value.content <= value.stop <= value.end <= len(data)
            if value.tag & ber.CONSTRUCTED:
                waiting += value.children()
    except ber.BerError:
        pass


@given(st.lists(st.integers(0, 1 << 40), max_size=8), st.sampled_from([(0, 39), (1, 39), (2, 1 << 40)]))
def test_object_identifiers_come_back(arcs: list[int], head: tuple[int, int]) -> None:
    text = ".".join(map(str, (*head, *arcs)))
    data = ber.oid(text)
    if len(data) <= 34:
        assert ber.read_one(data).oid() == text
