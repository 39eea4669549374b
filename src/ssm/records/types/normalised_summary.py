# SPDX-License-Identifier: Apache-2.0
"""Jobs of one month, added up and multiplied by the speed of the cores: APEL text or EMI AUR with APEL's additions."""

from typing import Annotated

from ssm.records.benchmarks import Benchmarks
from ssm.records.field import Field, Need, Record, RecordType, Spelling
from ssm.records.kinds import BENCHMARKS, SECONDS, TEXT, TIME, WHOLE

NORMALISED = "s * benchmark"


class NormalisedSummaryRecord(Record, frozen=True):
    """Jobs of one site, month, user, CE and size, with normalised sums."""

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
    infrastructure: Annotated[
        str | None, Field("Infrastructure", TEXT, "grid, local, or another name.", xml="Infrastructure@type", most=50)
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
        Field("ServiceLevelType", TEXT, "Benchmark of the normalised sums, where it is said.", until="v0.3", most=50),
    ] = None
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
    normalised_wall_duration: Annotated[
        int | Benchmarks | None,
        Field(
            "NormalisedWallDuration", BENCHMARKS, "Sum of wall durations, each times the speed of its cores.",
            need=Need.REQUIRED, xml="NormalisedWallDuration",
            earlier=(Spelling("NormalisedWallDuration", SECONDS, until="v0.3"),),
            unit=NORMALISED,
        ),
    ] = None  # fmt: skip
    normalised_cpu_duration: Annotated[
        int | Benchmarks | None,
        Field(
            "NormalisedCpuDuration", BENCHMARKS, "Sum of processor times, each times the speed of its cores.",
            need=Need.REQUIRED, xml="NormalisedCpuDuration",
            earlier=(Spelling("NormalisedCpuDuration", SECONDS, until="v0.3"),),
            unit=NORMALISED,
        ),
    ] = None  # fmt: skip
    number_of_jobs: Annotated[
        int | None, Field("NumberOfJobs", WHOLE, "How many.", need=Need.REQUIRED, xml="NumberOfJobs")
    ] = None


NORMALISED_SUMMARY = RecordType(
    name="normalised-summary",
    title="Normalised summary of jobs",
    record=NormalisedSummaryRecord,
    versions=("v0.3", "v0.4"),
    headers=(("v0.3", "APEL-summary-job-message"), ("v0.4", "APEL-normalised-summary-message")),
    ignored=frozenset({"UpdateTime"}),
    key=(
        *("site", "month", "year", "global_user_name", "vo", "vo_group", "vo_role", "submit_host", "infrastructure"),
        *("service_level_type", "node_count", "processors"),
    ),
    source="APEL messages, normalised summaries",
)
