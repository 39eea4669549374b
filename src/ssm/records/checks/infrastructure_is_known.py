# SPDX-License-Identifier: Apache-2.0
"""The infrastructure of a job is grid or local."""

from ssm.records.checking import Context, Finding, check
from ssm.records.fault import Level, nearest, quoted
from ssm.records.types.job import JobRecord
from ssm.records.types.summary import SummaryRecord

KNOWN = ("grid", "local")


def look(record: JobRecord | SummaryRecord, _: Context) -> Finding | None:
    """Other words are kept, but no report counts them."""
    said = record.infrastructure_type
    if said is None or said in KNOWN:
        return None
    return Finding("infrastructure_type", f"{quoted(said)} is neither grid nor local", nearest(said, KNOWN))


CHECK = check("infrastructure", Level.WARNING, "InfrastructureType is grid or local.", (JobRecord, SummaryRecord), look)
