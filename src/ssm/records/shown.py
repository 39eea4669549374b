# SPDX-License-Identifier: Apache-2.0
"""Records and faults as programs see them: JSON values with the newest wire names.

Times are seconds since 1970, durations seconds, and what is not said is null. Other programs rely on these shapes.
"""

from ssm.records.benchmarks import Benchmarks
from ssm.records.fault import Fault
from ssm.records.field import Record, RecordType
from ssm.records.formats import FORMATS
from ssm.records.fqan import membership

DERIVED = ("VO", "VOGroup", "VORole")


def shown_record(kind: RecordType, format_name: str, record: Record) -> dict[str, object]:
    """A record by wire names, with what follows from its FQAN."""
    is_xml = kind.name in FORMATS[format_name].names_versions
    shown: dict[str, object] = {}
    for one in kind.fields():
        if one.xml if is_xml else one.in_text:
            shown[one.name] = plain(getattr(record, one.attribute))
    fqan = shown.get("FQAN")
    if "FQAN" in shown:
        derived = membership(fqan) if isinstance(fqan, str) else None
        values = (derived.vo, derived.group, derived.role) if derived else (None, None, None)
        for name, value in zip(DERIVED, values, strict=True):
            shown[name] = value if derived else shown.get(name)
    return shown


def plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, Benchmarks):
        return dict(value.values)
    return [list(pair) for pair in value] if isinstance(value, tuple) else value


def shown_fault(file: str, fault: Fault) -> dict[str, object]:
    """A fault with its file."""
    return {
        "file": file,
        "line": fault.line,
        "path": fault.path or None,
        "field": fault.field or None,
        "level": fault.level.name.lower(),
        "code": fault.code,
        "message": fault.message,
        "suggestion": fault.suggestion or None,
    }
