# SPDX-License-Identifier: Apache-2.0
"""Damaged and hostile messages raise documented errors and nothing else, and never pass with other content.

Mutations are drawn from a seeded generator, so that a run can be repeated; ``SSM_FUZZ_ROUNDS`` makes it longer.
"""

import os
import random
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ssm.envelope.certificate import DecryptionKey
from ssm.envelope.unseal import unseal
from ssm.errors import DecryptionError, NotForUsError, RejectError
from tests.pki import Pki
from tests.unit.envelope import craft
from tests.unit.envelope.craft import Enveloping, Signing, Witness, detached

ROUNDS = int(os.environ.get("SSM_FUZZ_ROUNDS", "400"))
INTERESTING = (
    b"\0",
    b"\xff",
    b"\x80",
    b"\x30\x80",
    b"\0\0",
    b"\x84\xff\xff\xff\xff",
    b"\x1f",
    b"\n",
    b"\r",
    b'"',
    b";",
    b"--",
)

Mutation = Callable[[random.Random, bytes], bytes]


def flip(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << chance.randrange(8),)) + data[at + 1 :]


def cut(chance: random.Random, data: bytes) -> bytes:
    at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:at] + data[to:]


def insert(chance: random.Random, data: bytes) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(INTERESTING) + data[at:]


def overwrite(chance: random.Random, data: bytes) -> bytes:
    at, piece = chance.randrange(len(data)), chance.choice(INTERESTING)
    return data[:at] + piece + data[at + len(piece) :]


def repeat(chance: random.Random, data: bytes) -> bytes:
    at, to = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return data[:to] + data[at:to] * chance.randrange(1, 3) + data[to:]


def swap(chance: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[two] = lines[two], lines[one]
    return b"\n".join(lines)


MUTATIONS: tuple[Mutation, ...] = (flip, cut, insert, overwrite, repeat, swap)


class World:
    """One good message of each kind, and the pieces that they are made of."""

    def __init__(self, pki: Pki) -> None:
        signer, owner = pki.issue("alice.example.org", key="p256"), pki.issue()
        self.signing = Signing(signer, signature_algorithm=craft.algorithm(craft.ECDSA_SHA256))
        key = DecryptionKey.from_pem(owner.certificate_pem, owner.key_pem)
        assert key is not None
        self.key = key
        self.enveloping = Enveloping(owner, detached(self.signing))

    def messages(self) -> dict[str, bytes]:
        return {
            "detached": detached(self.signing),
            "opaque": craft.pkcs7_mime(self.signing.opaque().der()),
            "encrypted": self.enveloping.message(),
            "authenticated": replace(self.enveloping, kind=craft.AUTH_ENVELOPED).message(),
        }

    def structures(self) -> dict[str, tuple[bytes, Callable[[bytes], bytes]]]:
        """DER, and what makes a message of it."""
        return {
            "detached": (self.signing.der(), lambda der: craft.multipart(craft.CONTENT, der)),
            "opaque": (self.signing.opaque().der(), craft.pkcs7_mime),
            "encrypted": (self.enveloping.der(), craft.pkcs7_mime),
            "authenticated": (replace(self.enveloping, kind=craft.AUTH_ENVELOPED).der(), craft.pkcs7_mime),
            "certificate": (self.signing.credential.der, self.with_certificate),
            "certificate by key": (self.signing.credential.der, self.with_certificate_by_key),
            "inner": (self.enveloping.plaintext, lambda text: replace(self.enveloping, plaintext=text).message()),
            "inner structure": (self.signing.der(), self.with_inner),
        }

    def with_certificate(self, der: bytes) -> bytes:
        return detached(replace(self.signing, certificates=(der,)))

    def with_certificate_by_key(self, der: bytes) -> bytes:
        identifier = craft.key_identifier(self.signing.credential)
        return detached(replace(self.signing, certificates=(der,), signer_id=identifier))

    def with_inner(self, der: bytes) -> bytes:
        return replace(self.enveloping, plaintext=craft.multipart(craft.CONTENT, der)).message()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        yield World(Pki(Path(folder) / "pki"))


def attempt(message: bytes, world: World) -> str:
    """What became of a message; anything but acceptance of the true content or a RejectError fails the test."""
    witness = Witness()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library warns of odd serial numbers; that is no answer
            opened = unseal(message, witness, world.key)
    except RejectError as error:
        return error.reason
    assert opened.payload == b"Site: TEST\n", "content that nobody signed"
    assert witness.asked
    return "accepted"


def mutated(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        data = chance.choice(MUTATIONS)(chance, data) or b"x"
    return data


@pytest.mark.parametrize("kind", ["detached", "opaque", "encrypted", "authenticated"])
def test_damaged_messages_raise_documented_errors_only(kind: str, world: World) -> None:
    message = world.messages()[kind]
    assert attempt(message, world) == "accepted"
    chance = random.Random(f"message {kind}")
    seen = {attempt(mutated(chance, message), world) for _ in range(ROUNDS)}
    assert seen - {"accepted"}, "no mutation did any harm"


KINDS = (
    "detached", "opaque", "encrypted", "authenticated", "certificate", "certificate by key", "inner", "inner structure",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_structures_raise_documented_errors_only(kind: str, world: World) -> None:
    data, message_of = world.structures()[kind]
    assert attempt(message_of(data), world) == "accepted"
    chance = random.Random(f"structure {kind}")
    seen = {attempt(message_of(mutated(chance, data)), world) for _ in range(ROUNDS)}
    assert seen - {"accepted"}, "no mutation did any harm"


@pytest.mark.parametrize("kind", ["certificate", "certificate by key"])
def test_every_single_octet_of_a_certificate_may_be_wrong(kind: str, world: World) -> None:
    data, message_of = world.structures()[kind]
    for at in range(len(data)):
        for octet in {0, 0xFF, data[at] ^ 1, data[at] ^ 0x80} - {data[at]}:
            attempt(message_of(data[:at] + bytes((octet,)) + data[at + 1 :]), world)


def test_every_truncation_is_refused(world: World) -> None:
    for kind, message in world.messages().items():
        ends = len(message.rstrip(b"\n"))
        for length in range(0, ends, 1 if kind == "detached" else 7):
            assert attempt(message[:length], world) != "accepted", (kind, length)


def test_no_failure_behind_the_recipient_has_a_class_of_its_own(world: World) -> None:
    chance = random.Random("oracle")
    for _ in range(ROUNDS):
        envelope = replace(world.enveloping, change=lambda text: mutated(chance, text))
        assert attempt(envelope.message(), world) in {DecryptionError.reason, "accepted"}


def test_random_octets_are_refused(world: World) -> None:
    chance = random.Random("noise")
    for _ in range(ROUNDS):
        noise = chance.randbytes(chance.randrange(400))
        assert attempt(noise, world) == "malformed"
        assert attempt(craft.pkcs7_mime(noise), world) in {"malformed", "signature", NotForUsError.reason}
        assert attempt(craft.multipart(craft.CONTENT, noise), world) in {"malformed", "signature"}
