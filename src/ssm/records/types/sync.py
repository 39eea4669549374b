# SPDX-License-Identifier: Apache-2.0
"""How many jobs a site counts itself, to be compared with what a repository has: APEL text v0.1."""

from typing import Annotated

from ssm.records.field import Field, Need, Record, RecordType
from ssm.records.kinds import TEXT, WHOLE


class SyncRecord(Record, frozen=True):
    """Jobs of one site, CE and month."""

    site: Annotated[str | None, Field("Site", TEXT, "GOCDB name of the site.", need=Need.REQUIRED, most=255)] = None
    submit_host: Annotated[str | None, Field("SubmitHost", TEXT, "CE.", need=Need.EXPECTED, most=255)] = None
    number_of_jobs: Annotated[int | None, Field("NumberOfJobs", WHOLE, "How many.", need=Need.REQUIRED)] = None
    month: Annotated[
        int | None, Field("Month", WHOLE, "Month of the jobs' end, UTC.", unit="1 to 12", need=Need.REQUIRED)
    ] = None
    year: Annotated[int | None, Field("Year", WHOLE, "Year of it.", need=Need.REQUIRED)] = None


SYNC = RecordType(
    name="sync",
    title="Synchronisation",
    record=SyncRecord,
    versions=("v0.1",),
    headers=(("v0.1", "APEL-sync-message"),),
    any_version="v0.1",
    ignored=frozenset({"UpdateTime"}),
    key=("site", "submit_host", "month", "year"),
    source="APEL messages, synchronisation",
)
