# SPDX-License-Identifier: Apache-2.0
"""One delivery, two questions, one verdict: in the words and classes that others look for."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ssm.envelope.opened import OpenedMessage
from ssm.errors import (
    CannotJudgeError,
    DecryptionError,
    MalformedEnvelopeError,
    NotForUsError,
    RejectError,
    SignatureError,
    UntrustedCertificateError,
)
from ssm.messenger.events import Event
from ssm.messenger.judge import MOST_ENDS, Judge, digest_of, event_of, is_ping
from ssm.names import DistinguishedName
from ssm.ports.filing import Box, Verdict
from ssm.ports.transport import Delivery

DN = DistinguishedName.parse("/C=UK/O=eScience/CN=host.example.org")
SEALED = b"sealed\r\n\0\xff"
DELIVERY = Delivery(SEALED, "id", "token")


@dataclass
class Asked:
    """Both questions, with set answers; remembers what it was asked."""

    answer: Callable[[], OpenedMessage] = lambda: OpenedMessage(b"payload", DN, encrypted=True, signing_time=None)
    permitted: bool = True
    opened: list[bytes] = field(default_factory=list)
    looked_up: list[DistinguishedName] = field(default_factory=list)

    def open(self, message: bytes) -> OpenedMessage:
        self.opened.append(message)
        return self.answer()

    def permits(self, signer: DistinguishedName) -> bool:
        self.looked_up.append(signer)
        return self.permitted

    def refresh(self) -> None:
        return

    def judge(self, delivery: Delivery = DELIVERY, *, ends: int = 0) -> Verdict:
        return Judge(self.open, self)(delivery, digest_of(delivery), ends=ends)


def failing(error: Exception) -> Asked:
    def answer() -> OpenedMessage:
        raise error

    return Asked(answer)


def test_what_is_proved_and_permitted_goes_to_incoming_with_its_payload_and_signer() -> None:
    asked = Asked()
    verdict = asked.judge()
    assert verdict == Verdict(digest_of(DELIVERY), Box.INCOMING, b"payload", str(DN), "id")
    assert (asked.opened, asked.looked_up) == ([SEALED], [DN])
    assert event_of(verdict) is Event.ACCEPTED


@pytest.mark.parametrize(
    ("error", "reason", "sentence"),
    [
        (MalformedEnvelopeError("no parts"), "malformed", "Failed to verify message: no parts"),
        (SignatureError("it does not prove it"), "signature", "Failed to verify message: it does not prove it"),
        (UntrustedCertificateError("revoked"), "untrusted", "Failed to verify message: revoked"),
        (NotForUsError("somebody else's"), "not-for-us", "Failed to decrypt message: somebody else's"),
        (
            DecryptionError(),
            "decryption",
            "Failed to decrypt message: it could not be decrypted into a message with a good signature",
        ),
    ],
)
def test_what_can_never_pass_is_rejected_untouched_and_names_no_signer(
    error: RejectError, reason: str, sentence: str
) -> None:
    asked = failing(error)
    verdict = asked.judge()
    assert verdict == Verdict(digest_of(DELIVERY), Box.REJECTED, SEALED, None, "id", sentence, reason)
    assert asked.looked_up == []
    assert event_of(verdict) is Event.REJECTED


def test_a_signer_who_is_not_listed_is_named_and_the_payload_is_not_kept() -> None:
    sentence = f"Signer not in valid DNs list: {DN}"
    verdict = Asked(permitted=False).judge()
    assert verdict == Verdict(digest_of(DELIVERY), Box.REJECTED, SEALED, str(DN), "id", sentence, "unauthorised")


@pytest.mark.parametrize(("hint", "end"), [("run fetch-crl", " (run fetch-crl)"), ("", "")])
def test_a_fault_of_ours_defers_untouched_and_says_what_to_do(hint: str, end: str) -> None:
    verdict = failing(CannotJudgeError("a CRL is missing", hint=hint)).judge()
    sentence = f"Cannot judge now: a CRL is missing{end}"
    assert verdict == Verdict(digest_of(DELIVERY), Box.DEFERRED, SEALED, None, "id", sentence, "deferred")
    assert event_of(verdict) is Event.DEFERRED


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\n\t"])
def test_an_empty_message_is_rejected_without_being_opened(body: bytes) -> None:
    asked = Asked()
    verdict = asked.judge(Delivery(body, None, "t"))
    assert (verdict.box, verdict.reason, verdict.error) == (
        Box.REJECTED,
        "empty",
        "Empty text passed to _handle_msg.",
    )
    assert asked.opened == []


def test_a_message_that_was_cut_is_rejected_with_its_whole_size_and_never_opened() -> None:
    asked = Asked()
    verdict = asked.judge(Delivery(SEALED, "id", "t", full_size=123456789))
    assert (verdict.box, verdict.reason, verdict.body) == (Box.REJECTED, "too-large", SEALED)
    assert verdict.error == "Message of 123456789 octets exceeds max_message_size; only its beginning is kept"
    assert asked.opened == []


def test_a_message_that_ended_the_program_too_often_is_set_aside_without_being_opened() -> None:
    asked = Asked()
    assert asked.judge(ends=MOST_ENDS - 1).box is Box.INCOMING
    verdict = asked.judge(ends=MOST_ENDS)
    assert (verdict.box, verdict.reason, verdict.body) == (Box.REJECTED, "set-aside", SEALED)
    assert verdict.error == "Set aside: judging this message ended the program 3 times"
    assert event_of(verdict) is Event.SET_ASIDE
    assert asked.opened == [SEALED]


def test_a_bug_is_no_verdict() -> None:
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError()).judge()


def test_a_message_is_known_by_its_octets_and_by_nothing_else() -> None:
    same = Delivery(SEALED, "another id", "another token", redelivered=True)
    assert digest_of(same) == digest_of(DELIVERY)
    assert digest_of(Delivery(SEALED + b"\n", "id", "token")) != digest_of(DELIVERY)


@pytest.mark.parametrize(
    ("message_id", "body", "expected"),
    [("ping", b"", True), ("ping", b"\n", True), ("ping", b"x", False), ("pong", b"", False), (None, b"", False)],
)
def test_only_an_empty_message_of_that_id_is_a_ping(message_id: str | None, body: bytes, *, expected: bool) -> None:
    assert is_ping(Delivery(body, message_id, "t")) is expected
