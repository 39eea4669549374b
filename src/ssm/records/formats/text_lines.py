# SPDX-License-Identifier: Apache-2.0
"""The careful way through one record of a text message: line by line, with everything that is wrong in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from ssm.errors import FormatError
from ssm.records.fault import Level, Place, nearest, quoted
from ssm.records.field import Record, RecordType, WireField
from ssm.records.formats.text_characters import BREAKERS, ODD, octet_of
from ssm.records.formats.text_header import is_header, read_header
from ssm.records.formats.text_pieces import SEPARATOR
from ssm.records.gathering import Gathering
from ssm.records.types import RECORD_TYPES
from ssm.records.values import NULLS


@dataclass(slots=True)
class Careful:
    """One record being read."""

    version: str
    line: int
    """Line of the message on which the chunk begins."""
    found: Gathering

    @property
    def kind(self) -> RecordType:
        """What is read."""
        return self.found.kind

    def read(self, chunk: str) -> Record | None:
        """The record; None where there is none, and a fault unless all is blank."""
        numbered = [(self.line + offset, text) for offset, text in enumerate(chunk.split("\n"))]
        while numbered and not numbered[0][1].strip():
            numbered.pop(0)
        while numbered and not numbered[-1][1].strip():
            numbered.pop()
        if not numbered:
            return None
        readable = self.kind.readable(self.version)
        for line, text in numbered:
            if self.is_of_another_type(line, text):
                break
            self.read_line(line, text, readable)
        if not self.found.places:
            return None  # not one line of a record
        for one in self.kind.wire(self.version):
            self.found.missing(one.field, one.name, Place(numbered[0][0]))
        return self.found.record()

    def read_line(self, line: int, text: str, readable: Mapping[str, WireField]) -> None:
        """One line."""
        self.look_for_odd(line, text)
        name, colon, value = (part.strip() for part in text.partition(":"))
        place = Place(line, "", name)
        if not text.strip():
            self.found.fault(Level.ERROR, "blank-line", "a blank line must not stand inside a record", Place(line))
        elif not colon:
            said = f"{quoted(text.strip())} is no line of the form Name: value"
            self.found.fault(Level.ERROR, "no-colon", said, Place(line))
        elif is_header(name):
            said = "a second header stands inside the message; only the first line may be one"
            self.found.fault(Level.ERROR, "second-header", said, Place(line))
        elif name in readable and SEPARATOR in value:
            said = f"{quoted(value)} holds %%, which ends a record even inside a line; no value can hold it"
            self.found.refuse(readable[name].field, place, said, code="separator-in-value")
        elif name in readable:
            self.read_value(place, readable[name], value)
        elif name in self.kind.ignored:
            self.found.fault(Level.NOTE, "ignored-field", "is not kept by repositories", place)
        else:
            self.unknown(place, readable)

    def read_value(self, place: Place, one: WireField, text: str) -> None:
        """The value of a known field."""
        before = self.found.places.get(one.attribute)
        if before is not None:
            said = f"stands twice; the last is taken, {quoted(text)}, not that of line {before.line}"
            self.found.fault(Level.WARNING, "field-twice", said, place)
        if text in NULLS:
            self.found.null(one.field, quoted(text), place)
        else:
            self.found.take(one.field, text, place, lambda doubts: one.kind.read(text, doubts))

    def look_for_odd(self, line: int, text: str) -> None:
        """Characters that are none, or end a line for others."""
        for one in sorted(set(ODD.findall(text))):
            octet = octet_of(one)
            if octet is not None:
                said = f"holds the octet 0x{octet:02x}, which is not UTF-8"
                guess = f"{bytes([octet]).decode('latin-1')} in UTF-8, if the file is in Latin-1"
                self.found.fault(Level.ERROR, "not-utf8", said, Place(line), guess)
            elif one in BREAKERS:
                said = f"holds the character U+{ord(one):04X}, at which a repository ends the line"
                self.found.fault(Level.ERROR, "line-breaker", said, Place(line))
            else:
                said = f"holds the control character U+{ord(one):04X}"
                self.found.fault(Level.WARNING, "control-character", said, Place(line))

    def is_of_another_type(self, line: int, text: str) -> bool:
        """Whether records of another type begin here, which is a fault, and the end of what can be read."""
        if not is_header(text.partition(":")[0]):
            return False
        try:
            other = read_header(text, line).type
        except FormatError:
            return False
        if other is not self.kind:
            said = f"{other.title.lower()} records stand in a message of {self.kind.title.lower()} records"
            self.found.fault(Level.ERROR, "mixed-types", said, Place(line))
        return other is not self.kind

    def unknown(self, place: Place, readable: Mapping[str, WireField]) -> None:
        """A name that this type does not have in this version."""
        version, other = found_elsewhere(self.kind, place.field)
        guess = next((one.name for one in readable.values() if place.field in names_of(one)), "")
        if version:
            said = f"is a name of version {version}, not of {self.version}"
        elif other:
            said = f"is a field of {other.title.lower()} records, not of {self.kind.title.lower()} records"
        else:
            said = f"is no field of {self.kind.title.lower()} records"
            guess = nearest(place.field, readable)
        self.found.fault(Level.ERROR, "unknown-field", said, place, guess)


def names_of(one: WireField) -> set[str]:
    """Every name the field has in any version."""
    return {one.field.name, *(spelling.name for spelling in one.field.earlier)}


def found_elsewhere(kind: RecordType, name: str) -> tuple[str, RecordType | None]:
    """A version of this type that has the name, or another type of text messages that has."""
    for version in reversed(kind.versions):
        if any(one.name == name for one in kind.wire(version)):
            return version, None
    others = (other for other in RECORD_TYPES.values() if other.headers and other is not kind)
    return "", next((other for other in others if any(one.name == name for one in other.wire(other.newest))), None)
