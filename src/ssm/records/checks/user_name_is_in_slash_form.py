# SPDX-License-Identifier: Apache-2.0
"""A user's DN is written with slashes, as everywhere in accounting."""

from ssm.records.checking import Check, Context, Finding, check
from ssm.records.fault import Level, quoted
from ssm.records.field import Record, RecordType
from ssm.records.fqan import slash_form
from ssm.records.types import RECORD_TYPES


def of_type(kind: RecordType, attribute: str) -> Check:
    """The check for one type."""

    def look(record: Record, _: Context) -> Finding | None:
        name: object = getattr(record, attribute)
        if not isinstance(name, str) or name[:1] == "/" or "=" not in name:
            return None
        other = slash_form(name)
        if other is None:
            return None
        said = f"{quoted(name)} is another spelling of a DN, and counts as another user"
        return Finding(attribute, said, other)

    return check("user-name", Level.NOTE, MEANING, (kind.record,), look)


MEANING = "A DN is written with slashes: /DC=org/CN=name."
ATTRIBUTES = ("global_user_name", "user_identity")
CHECKS = tuple(
    of_type(kind, one.attribute)
    for kind in RECORD_TYPES.values()
    for one in kind.fields()
    if one.attribute in ATTRIBUTES
)
