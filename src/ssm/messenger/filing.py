# SPDX-License-Identifier: Apache-2.0
"""From verdicts to the cabinet: in order, once each, and forgetting in its place what senders have seen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ssm.messenger.judge import is_ping
from ssm.ports.filing import FilingCabinet, Verdict
from ssm.ports.transport import Delivery


@dataclass(frozen=True, slots=True)
class Judged:
    """One delivery with its verdict; its octets are let go, for the verdict holds what is needed of them."""

    delivery: Delivery
    verdict: Verdict
    is_ping: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """One judged delivery, filed."""

    judged: Judged
    name: str | None
    """Its element; None when it had been filed before."""


def judged(delivery: Delivery, verdict: Verdict) -> Judged:
    """Put together; the delivery takes the answer with it."""
    return Judged(replace(delivery, body=b"", answer=verdict.answer), verdict, is_ping(delivery))


def parts_of(batch: Sequence[Judged]) -> Iterator[Sequence[Judged]]:
    """The batch, cut where something must be forgotten that stands in front of it."""
    part: list[Judged] = []
    for one in batch:
        seen = one.delivery.seen
        if seen is not None and any((other.verdict.twin or b"").startswith(seen) for other in part):
            yield part
            part = []
        part.append(one)
    if part:
        yield part


def file_part(cabinet: FilingCabinet, part: Sequence[Judged]) -> Sequence[Outcome]:
    """Forget what has been seen, then file what is new; blocking."""
    cabinet.forget_twins([one.delivery.seen for one in part if one.delivery.seen is not None])
    known = set(cabinet.known([one.verdict.digest for one in part]))
    new: list[Verdict] = []
    for one in part:
        if not one.is_ping and not one.verdict.is_left and one.verdict.digest not in known:
            known.add(one.verdict.digest)
            new.append(one.verdict)
    names = {filed.verdict.digest: filed.name for filed in cabinet.file(new)}
    return [Outcome(one, names.pop(one.verdict.digest, None)) for one in part]
