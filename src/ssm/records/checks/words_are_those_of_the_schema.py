# SPDX-License-Identifier: Apache-2.0
"""Where a schema has a list of words, the word is on it."""

from ssm.records.checking import Answer, Context, Finding, check
from ssm.records.fault import Level, nearest, quoted
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.public_ip import PublicIpRecord

TYPES = ("GPU", "FPGA", "Other")
RECORD_KINDS = ("cloud", "job")
IP_VERSIONS = (4, 6)


def look(record: AcceleratorRecord, _: Context) -> Answer:
    """Of accelerators."""
    found = []
    for attribute, value, words in (
        ("type", record.type, TYPES),
        ("associated_record_type", record.associated_record_type, RECORD_KINDS),
    ):
        if value is not None and value not in words:
            said = f"{quoted(value)} must be {' or '.join(words)}"
            found.append(Finding(attribute, said, nearest(value, words)))
    return found or None


def look_at_addresses(record: PublicIpRecord, _: Context) -> Finding | None:
    """Of addresses."""
    if record.ip_version is None or record.ip_version in IP_VERSIONS:
        return None
    return Finding("ip_version", f"{record.ip_version} must be 4 or 6")


MEANING = "Words are those that the schema lists."
CHECK = check("wrong-word", Level.ERROR, MEANING, (AcceleratorRecord,), look)
OF_ADDRESSES = check("wrong-word", Level.ERROR, MEANING, (PublicIpRecord,), look_at_addresses)
