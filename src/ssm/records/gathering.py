# SPDX-License-Identifier: Apache-2.0
"""The values of one record as they are found, one by one, and everything that is wrong with them.

Every format reads through this, so that the same fault has the same words wherever it is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ssm.records.fault import Fault, Level, Place, quoted
from ssm.records.field import Field, Need, Record, RecordType
from ssm.records.moments import Doubts


@dataclass(slots=True)
class Gathering:
    """One record being read."""

    kind: RecordType
    faults: list[Fault] = field(default_factory=list)
    values: dict[str, object] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    """Of each attribute that is said, or said to be null, where."""

    def take(self, one: Field, shown: str, place: Place, read: Callable[[Doubts], object]) -> None:
        """Read one value; what was read before under the same attribute goes."""
        self.places[one.attribute] = place
        self.values.pop(one.attribute, None)
        doubts: Doubts = []
        try:
            value = read(doubts)
        except ValueError as error:
            self.fault(Level.ERROR, "wrong-value", f"{quoted(shown)} {error}", place)
            return
        self.values[one.attribute] = value
        for doubt in doubts:
            self.fault(Level.WARNING, "odd-value", f"{quoted(shown)} {doubt}", place)
        too_much = beyond(one, value)
        if too_much:
            self.fault(Level.WARNING, "too-long", too_much, place)

    def refuse(self, one: Field, place: Place, said: str, *, code: str) -> None:
        """A value that cannot stand there, whatever its kind."""
        self.places[one.attribute] = place
        self.values.pop(one.attribute, None)
        self.fault(Level.ERROR, code, said, place)

    def null(self, one: Field, shown: str, place: Place) -> None:
        """It is said that there is none."""
        self.places[one.attribute] = place
        self.values.pop(one.attribute, None)
        if one.need is Need.REQUIRED:
            self.fault(Level.ERROR, "null-field", f"must have a value; {shown} means none", place)

    def missing(self, one: Field, name: str, place: Place) -> None:
        """What no repository does without, and is not said."""
        if one.need is Need.REQUIRED and one.attribute not in self.places:
            where = Place(place.line, place.path, name)
            self.fault(Level.ERROR, "missing-field", "is missing, and must be there", where)

    def fault(self, level: Level, code: str, said: str, place: Place, suggestion: str = "") -> None:
        """One more."""
        self.faults.append(Fault(level, code, said, place.line, place.path, place.field, suggestion))

    def record(self) -> Record:
        """What could be read."""
        return self.kind.record(**self.values)


def beyond(one: Field, value: object) -> str:
    """What is wrong when a repository's column does not hold a value."""
    if not one.most:
        return ""
    if isinstance(value, str) and len(value) > one.most:
        return f"has {len(value)} characters; repositories hold {one.most}"
    if isinstance(value, int) and abs(value) > one.most:
        return f"{value} is more than repositories hold ({one.most})"
    return ""
