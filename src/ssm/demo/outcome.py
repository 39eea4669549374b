# SPDX-License-Identifier: Apache-2.0
"""What happened to each message, read from the server's spool, and whether that is right."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must become of one message."""

    label: str
    message_id: str
    size: int
    payload_digest: bytes | None
    """Of the payload that must arrive; None where nothing may."""
    reason: str = ""
    """Words that the reason for the refusal must hold."""
    way: str = ""
    """By which it goes, where there are several."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    label: str
    size: int
    signer: str
    outcome: str
    reason: str
    seconds: float
    right: bool
    way: str = ""
    told: str = ""
    """What its sender heard of it, where that is asked."""


@dataclass(frozen=True, slots=True)
class Found:
    """One element of the server's spool."""

    message_id: str
    body: bytes
    signer: str
    error: str
    filed_at: float


def elements(box: Path) -> list[Found]:
    """Every element in one queue of the server."""
    return [element(folder) for folder in sorted(box.glob("[0-9a-f]*/[0-9a-f]*")) if folder.is_dir()]


def element(folder: Path) -> Found:
    """One element: a folder with a file for each field."""
    texts = {
        name: (folder / name).read_text() if (folder / name).exists() else "" for name in ("empaid", "signer", "error")
    }
    body = folder / "body"
    return Found(texts["empaid"], body.read_bytes(), texts["signer"], texts["error"], body.stat().st_mtime)


def compare(expected: Sequence[Expectation], server_spool: Path, begun_at: float) -> list[Row]:
    """A row for each expectation, and one more for anything that nobody expected."""
    accepted = elements(server_spool / "incoming")
    rejected = elements(server_spool / "reject")
    rows = [row_of(one, accepted, rejected, begun_at) for one in expected]
    awaited = Counter(one.message_id for one in expected)
    surplus = Counter(found.message_id for found in (*accepted, *rejected)) - awaited
    rows += [
        Row(message_id, 0, "", "surplus", f"{count} more than expected", 0.0, right=False)
        for message_id, count in surplus.items()
    ]
    return rows


def row_of(expected: Expectation, accepted: Sequence[Found], rejected: Sequence[Found], begun_at: float) -> Row:
    """What became of one message."""
    label, size, way = expected.label, expected.size, expected.way
    for found in accepted:
        if found.message_id == expected.message_id:
            whole = hashlib.sha256(found.body).digest() == expected.payload_digest
            outcome = "accepted" if whole else "damaged"
            seconds = found.filed_at - begun_at
            return Row(label, size, found.signer, outcome, "", seconds, right=whole, way=way)
    for found in rejected:
        if found.message_id == expected.message_id:
            right = expected.payload_digest is None and expected.reason in found.error
            seconds = found.filed_at - begun_at
            return Row(label, size, found.signer, "rejected", found.error, seconds, right=right, way=way)
    return Row(label, size, "", "lost", "neither in incoming nor in reject", 0.0, right=False, way=way)
