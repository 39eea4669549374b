# SPDX-License-Identifier: Apache-2.0
"""The first line of a text message: which type, which version.

Types that a repository recognises by the type word alone take any version; the others need the exact header
(APEL messages, header and dispatch).
"""

from dataclasses import dataclass

from ssm.errors import FormatError
from ssm.records.fault import Fault, Level, nearest, quoted
from ssm.records.field import RecordType
from ssm.records.formats.text_characters import octet_of
from ssm.records.types import RECORD_TYPES

MAX_HEADER = 200
EXAMPLE = "APEL-individual-job-message: v0.3"
HEADERS: dict[tuple[str, str], RecordType] = {
    (word, version): kind for kind in RECORD_TYPES.values() for version, word in kind.headers
}
WORDS: dict[str, list[RecordType]] = {}
for (type_word, _), record_type in HEADERS.items():
    if record_type not in WORDS.setdefault(type_word, []):
        WORDS[type_word].append(record_type)


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line says."""

    type: RecordType
    version: str
    """As written."""
    names_version: str
    faults: tuple[Fault, ...] = ()


def header_of(kind: RecordType, version: str) -> str:
    """The first line of a message of this type and version."""
    return f"{dict(kind.headers)[version]}: {version}"


def is_header(word: str) -> bool:
    """Whether this is the type word of a header."""
    return word.strip() in WORDS


def read_header(text: str, line: int) -> Header:
    """The header in a line; FormatError where there is none that we know."""
    stripped = text.strip()
    word, colon, version = (part.strip() for part in stripped.partition(":"))
    if not stripped:
        raise FormatError("the message is empty", code="empty-message", line=None)
    if word not in WORDS or not colon:
        raise unknown(stripped, line)
    kind = HEADERS.get((word, version))
    faults = []
    if kind is None:
        kind = next((one for one in WORDS[word] if one.any_version), None)
        if kind is None:
            raise unknown(stripped, line)
        said = f"{word} has no version {quoted(version)}; it is read as {kind.any_version}"
        faults.append(Fault(Level.WARNING, "unknown-version", said, line))
    if not kind.any_version and stripped != f"{word}: {version}":
        said = f"the header must be exactly {word}: {version}, with one blank after the colon"
        faults.append(Fault(Level.ERROR, "header-spelling", said, line, suggestion=f"{word}: {version}"))
    elif text.rstrip("\r\n") != stripped:
        said = "the header has blanks around it, which repositories before APEL 2.2.1 refuse"
        faults.append(Fault(Level.WARNING, "header-blank", said, line, suggestion=stripped))
    names = version if version in kind.versions else kind.any_version
    return Header(kind, version, names, tuple(faults))


def unknown(text: str, line: int) -> FormatError:
    """No type of message begins like this."""
    if "\x00" in text or any(octet_of(one) for one in text):
        return FormatError("the message is not a text in UTF-8", code="unknown-header", line=line)
    word, _, version = (part.strip() for part in text.partition(":"))
    if word in WORDS:
        known = ", ".join(sorted(one for type_word, one in HEADERS if type_word == word))
        said = (
            f"has no version {quoted(version)}; there are" if version else "must be followed by a colon and a version:"
        )
        return FormatError(f"{word} {said} {known}", code="unknown-header", line=line)
    guess = nearest(text[:MAX_HEADER], [f"{one}: {version}" for one, version in HEADERS])
    said = f"{quoted(text)} is not the header of a message that we know"
    if not guess:
        said += f"; the first line must be one, as in {EXAMPLE}"
    return FormatError(said, code="unknown-header", line=line, suggestion=guess)
