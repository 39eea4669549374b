# SPDX-License-Identifier: Apache-2.0
"""A payload that may or may not be a message of records: what is wrong with it, and its pieces.

What is no message of ours is not judged: there are other things than usage records to be sent.
"""

from collections.abc import Sequence

from ssm.errors import FormatError
from ssm.records.check import check_message
from ssm.records.fault import Fault, Level
from ssm.records.formats import format_of
from ssm.records.message import begun
from ssm.records.split import Size, split

OTHER_CONTENT = frozenset(
    {"unknown-header", "empty-message", "not-json", "not-well-formed", "truncated-xml", "too-long"}
)
"""What is said of other content than ours, when nothing of it could be read."""
OURS = b"APEL-"
OURS_IN_JSON = b'"APEL'
BLOCK = 256 * 1024
MOST_FAULTS = 1000


def faults_of(payload: bytes, now: int) -> Sequence[Fault]:
    """The errors and warnings, worst first and a bounded number; none for other content."""
    if is_plainly_other(payload):
        return []
    found: list[Fault] = []
    for fault in check_message(blocks(payload), now):
        if fault.level > Level.NOTE:
            found.append(fault)
        if len(found) >= MOST_FAULTS:
            break
    if is_other(found) and not is_plainly_ours(payload):
        return []
    return sorted(found, key=lambda fault: -fault.level)


def is_plainly_other(payload: bytes) -> bool:
    """Whether its first octets are those of no format of ours: so most of what is not ours costs nothing."""
    beginning = begun(payload[:BLOCK])
    return bool(beginning) and not beginning.startswith((b"{", b"<")) and OURS not in beginning


def is_plainly_ours(payload: bytes) -> bool:
    """Whether its first octets say that it is a message of records, however broken the rest may be."""
    beginning = payload[:BLOCK]
    try:
        form = format_of(beginning)
    except FormatError:
        return False
    if form.roots:
        return True
    text = begun(beginning)
    return text.startswith(OURS) or (text.startswith(b"{") and OURS_IN_JSON in text)


def is_other(found: Sequence[Fault]) -> bool:
    """Whether there is but one thing to say, whatever the size: that nothing of it could be read."""
    said = [fault for fault in found if fault.code != "large-message"]
    return len(said) == 1 and said[0].level is Level.ERROR and said[0].code in OTHER_CONTENT


def cut(payload: bytes, most_octets: int) -> list[bytes] | None:
    """The pieces; None where it is no message of ours, has no record, or a record alone is too large."""
    try:
        return list(split(blocks(payload), Size(most_octets))) or None
    except FormatError:
        return None


def blocks(payload: bytes) -> list[bytes]:
    """In portions, of which readers keep no more than they must."""
    return [payload[start : start + BLOCK] for start in range(0, len(payload), BLOCK)]


def sentence(fault: Fault) -> str:
    """One fault with its line, for a log."""
    return f"line {fault.line}: {fault}" if fault.line is not None else str(fault)
