# SPDX-License-Identifier: Apache-2.0
"""What the documentation asks for is there, even where repositories do without."""

from operator import attrgetter

from ssm.records.checking import Answer, Check, Context, Finding, check
from ssm.records.fault import Level
from ssm.records.field import Need, Record, RecordType
from ssm.records.types import RECORD_TYPES

ELSEWHERE = ("service_level", "service_level_type")
"""Have a check of their own."""


def of_type(kind: RecordType) -> Check | None:
    """The check for one type, if it has such fields."""
    names = [one.attribute for one in kind.fields() if one.need is Need.EXPECTED and one.attribute not in ELSEWHERE]
    if not names:
        return None
    get = attrgetter(*names, names[0])  # always a tuple

    def look(record: Record, _: Context) -> Answer:
        values: tuple[object, ...] = get(record)
        if None not in values:
            return None
        said = "has no value; the documentation asks for one, though repositories do without"
        return [Finding(name, said) for name, value in zip(names, values, strict=False) if value is None]

    return check("expected-field", Level.WARNING, MEANING, (kind.record,), look)


MEANING = "Fields are there that the documentation asks for."
CHECKS = tuple(found for kind in RECORD_TYPES.values() if (found := of_type(kind)) is not None)
