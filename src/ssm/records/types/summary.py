# SPDX-License-Identifier: Apache-2.0
"""Jobs of one month, added up, by user and place: APEL text (v0.2, v0.4) or EMI AUR."""

from typing import Annotated

from ssm.records.benchmarks import Benchmarks
from ssm.records.field import Field, Need, Record, RecordType, Spelling
from ssm.records.kinds import BENCHMARKS, DECIMAL, SECONDS, TEXT, TIME, WHOLE


class SummaryRecord(Record, frozen=True):
    """Jobs of one site, month, user, CE, benchmark and size."""

    site: Annotated[
        str | None, Field("Site", TEXT, "GOCDB name of the site.", need=Need.REQUIRED, xml="Site", most=255)
    ] = None
    month: Annotated[
        int | None,
        Field("Month", WHOLE, "Month of the jobs' end, UTC.", unit="1 to 12", need=Need.REQUIRED, xml="Month"),
    ] = None
    year: Annotated[int | None, Field("Year", WHOLE, "Year of it.", need=Need.REQUIRED, xml="Year")] = None
    global_user_name: Annotated[
        str | None,
        Field(
            "GlobalUserName",
            TEXT,
            "DN of the user, or another global name.",
            xml="UserIdentity/GlobalUserName",
            most=255,
        ),
    ] = None
    vo: Annotated[str | None, Field("VO", TEXT, "VO.", xml="UserIdentity/Group", most=255)] = None
    vo_group: Annotated[
        str | None,
        Field("VOGroup", TEXT, "Group within the VO.", xml="UserIdentity/GroupAttribute[type=vo-group]", most=255),
    ] = None
    vo_role: Annotated[
        str | None,
        Field("VORole", TEXT, "Role within the VO.", xml="UserIdentity/GroupAttribute[type=vo-role]", most=255),
    ] = None
    submit_host: Annotated[str | None, Field("SubmitHost", TEXT, "CE.", xml="SubmitHost", most=255)] = None
    infrastructure_type: Annotated[
        str | None, Field("InfrastructureType", TEXT, "grid or local.", xml="Infrastructure@type", most=20)
    ] = None
    infrastructure_description: Annotated[
        str | None,
        Field(
            "InfrastructureDescription",
            TEXT,
            "Accounting client, CE and batch system.",
            xml="Infrastructure@description",
            most=100,
        ),
    ] = None
    service_level_type: Annotated[
        str | None,
        Field(
            "ServiceLevelType", TEXT, "Benchmark by which ServiceLevel is measured.", need=Need.EXPECTED, until="v0.2",
            xml="ServiceLevel@type", most=50,
        ),
    ] = None  # fmt: skip
    service_level: Annotated[
        float | Benchmarks | None,
        Field(
            "ServiceLevel", BENCHMARKS, "Speed of one core; in v0.4 by several benchmarks.", need=Need.EXPECTED,
            xml="ServiceLevel", earlier=(Spelling("ServiceLevel", DECIMAL, until="v0.2"),),
        ),
    ] = None  # fmt: skip
    node_count: Annotated[
        int | None, Field("NodeCount", WHOLE, "Nodes of each job.", need=Need.EXPECTED, xml="NodeCount", most=2**31 - 1)
    ] = None
    processors: Annotated[
        int | None,
        Field("Processors", WHOLE, "Cores of each job.", need=Need.EXPECTED, xml="Processors", most=2**31 - 1),
    ] = None
    earliest_end_time: Annotated[
        int | None,
        Field("EarliestEndTime", TIME, "When the first of them ended.", unit="epoch s", xml="EarliestEndTime"),
    ] = None
    latest_end_time: Annotated[
        int | None, Field("LatestEndTime", TIME, "When the last of them ended.", unit="epoch s", xml="LatestEndTime")
    ] = None
    wall_duration: Annotated[
        int | None,
        Field("WallDuration", SECONDS, "Sum over the jobs.", unit="s", need=Need.REQUIRED, xml="WallDuration"),
    ] = None
    cpu_duration: Annotated[
        int | None, Field("CpuDuration", SECONDS, "Sum over the jobs.", unit="s", need=Need.REQUIRED, xml="CpuDuration")
    ] = None
    number_of_jobs: Annotated[
        int | None, Field("NumberOfJobs", WHOLE, "How many.", need=Need.REQUIRED, xml="NumberOfJobs")
    ] = None


SUMMARY = RecordType(
    name="summary",
    title="Summary of jobs",
    record=SummaryRecord,
    versions=("v0.2", "v0.4"),
    headers=(("v0.2", "APEL-summary-job-message"), ("v0.4", "APEL-summary-job-message")),
    ignored=frozenset({"UpdateTime"}),
    key=(
        *(
            "site",
            "month",
            "year",
            "global_user_name",
            "vo",
            "vo_group",
            "vo_role",
            "submit_host",
            "infrastructure_type",
        ),
        *("service_level_type", "service_level", "node_count", "processors"),
    ),
    source="APEL messages, summaries",
)
