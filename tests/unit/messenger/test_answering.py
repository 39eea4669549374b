# SPDX-License-Identifier: Apache-2.0
"""Verdicts for senders that wait for an answer."""

import hashlib

import pytest

from ssm.envelope.opened import OpenedMessage
from ssm.errors import CannotJudgeError, SignatureError
from ssm.messenger.answering import KEPT, AnsweringJudge, twin_of
from ssm.messenger.judge import digest_of
from ssm.names import DistinguishedName
from ssm.ports.filing import Box, Verdict
from ssm.ports.transport import Delivery
from ssm.protocols.ssm1.payload import fingerprint

SITE = DistinguishedName.parse("/O=Test/CN=site")
OTHER = DistinguishedName.parse("/O=Test/CN=other")
HASH = fingerprint(b"payload")


class List:
    """Permits one."""

    def permits(self, signer: DistinguishedName) -> bool:
        return signer == SITE

    def refresh(self) -> None:
        return


def judge(body: bytes, *, ends: int = 0) -> Verdict:
    delivery = Delivery(body, "id", "token")

    def opened(message: bytes) -> OpenedMessage:
        if message.startswith(b"later"):
            raise CannotJudgeError("the CRL is out of date")
        if message.startswith(b"false"):
            raise SignatureError("it does not hold")
        signer = OTHER if message.startswith(b"other") else SITE
        return OpenedMessage(b"payload", signer, encrypted=True, signing_time=None)

    answering = AnsweringJudge(opened, List(), fingerprint, "REJECTED")
    return answering(delivery, digest_of(delivery), ends=ends)


def test_what_is_accepted_is_answered_by_its_fingerprint() -> None:
    verdict = judge(b"sealed")
    assert (verdict.box, verdict.answer, verdict.body) == (Box.INCOMING, HASH, b"payload")
    assert verdict.digest == judge(b"sealed").digest


def test_another_sealing_is_the_same_message_and_another_signer_is_not() -> None:
    first, again = judge(b"sealed"), judge(b"sealed again")
    assert first.twin == again.twin == twin_of(HASH, str(SITE))
    assert first.digest != again.digest
    assert first.twin != twin_of(HASH, str(OTHER))


def test_the_twin_begins_with_what_it_is_forgotten_by() -> None:
    twin = twin_of(HASH, str(SITE))
    assert twin.startswith(bytes.fromhex(HASH))
    assert len(twin) == 32


def test_a_good_signer_who_is_not_listed_is_told_and_known_by_the_payload() -> None:
    first, again = judge(b"other"), judge(b"other sealing")
    assert (first.box, first.answer, first.twin) == (Box.REJECTED, "REJECTED", None)
    assert first.digest == again.digest
    assert first.body == b"other"
    assert first.error is not None
    assert first.error.endswith(KEPT)


def test_a_refusal_does_not_stand_in_the_way_of_a_later_acceptance() -> None:
    assert judge(b"other").digest != twin_of(HASH, str(OTHER))
    assert judge(b"false").digest != judge(b"sealed").digest


@pytest.mark.parametrize("body", [b"sealed", b"false", b"other"])
def test_the_octets_are_not_known_to_those_who_open_them_in_another_way(body: bytes) -> None:
    assert judge(body).digest != hashlib.sha256(body).digest()


@pytest.mark.parametrize("body", [b"false", b""])
def test_others_are_told_nothing(body: bytes) -> None:
    verdict = judge(body)
    assert (verdict.box, verdict.answer, verdict.body) == (Box.REJECTED, None, body)


def test_what_cannot_be_judged_now_is_left_with_its_sender() -> None:
    verdict = judge(b"later")
    assert verdict.is_left
    assert verdict.answer is None


def test_what_ended_the_program_is_set_aside_unanswered() -> None:
    verdict = judge(b"sealed", ends=3)
    assert (verdict.box, verdict.reason, verdict.answer) == (Box.REJECTED, "set-aside", None)
