# SPDX-License-Identifier: Apache-2.0
"""Virtual machines of one month, added up: APEL text v0.2 and v0.4."""

from typing import Annotated

from ssm.records.field import Field, Need, Record, RecordType
from ssm.records.kinds import DECIMAL, SECONDS, TEXT, TIME, WHOLE


class CloudSummaryRecord(Record, frozen=True):
    """Machines of one site, month, user, state, image and size."""

    site: Annotated[str | None, Field("SiteName", TEXT, "GOCDB name of the site.", need=Need.REQUIRED, most=255)] = None
    cloud_compute_service: Annotated[
        str | None, Field("CloudComputeService", TEXT, "Name of the cloud within the site.", since="v0.4", most=255)
    ] = None
    month: Annotated[int | None, Field("Month", WHOLE, "Month of the usage.", unit="1 to 12", need=Need.REQUIRED)] = (
        None
    )
    year: Annotated[int | None, Field("Year", WHOLE, "Year of it.", need=Need.REQUIRED)] = None
    global_user_name: Annotated[
        str | None, Field("GlobalUserName", TEXT, "DN of the user, or a federated id.", most=255)
    ] = None
    vo: Annotated[str | None, Field("VO", TEXT, "VO.", most=255)] = None
    vo_group: Annotated[str | None, Field("VOGroup", TEXT, "Group within the VO.", most=255)] = None
    vo_role: Annotated[str | None, Field("VORole", TEXT, "Role within the VO.", most=255)] = None
    status: Annotated[str | None, Field("Status", TEXT, "As of the machines.", most=255)] = None
    cloud_type: Annotated[str | None, Field("CloudType", TEXT, "Accounting program and cloud.", most=255)] = None
    image_id: Annotated[str | None, Field("ImageId", TEXT, "Image they were started from.", most=255)] = None
    earliest_start_time: Annotated[
        int | None, Field("EarliestStartTime", TIME, "When the first of them started.", unit="epoch s")
    ] = None
    latest_start_time: Annotated[
        int | None, Field("LatestStartTime", TIME, "When the last of them started.", unit="epoch s")
    ] = None
    wall_duration: Annotated[int | None, Field("WallDuration", SECONDS, "Sum over the machines.", unit="s")] = None
    cpu_duration: Annotated[int | None, Field("CpuDuration", SECONDS, "Sum over the machines.", unit="s")] = None
    cpu_count: Annotated[float | None, Field("CpuCount", DECIMAL, "Processors of each machine.")] = None
    network_inbound: Annotated[int | None, Field("NetworkInbound", WHOLE, "Received, sum.", unit="GB")] = None
    network_outbound: Annotated[int | None, Field("NetworkOutbound", WHOLE, "Sent, sum.", unit="GB")] = None
    memory: Annotated[int | None, Field("Memory", WHOLE, "Sum over the machines.", unit="MB")] = None
    disk: Annotated[int | None, Field("Disk", WHOLE, "Sum over the machines.", unit="GB")] = None
    benchmark_type: Annotated[
        str | None, Field("BenchmarkType", TEXT, "By which Benchmark is measured.", since="v0.4", most=50)
    ] = None
    benchmark: Annotated[float | None, Field("Benchmark", DECIMAL, "Speed of one processor.", since="v0.4")] = None
    number_of_vms: Annotated[int | None, Field("NumberOfVMs", WHOLE, "How many machines.", need=Need.REQUIRED)] = None


CLOUD_SUMMARY = RecordType(
    name="cloud-summary",
    title="Summary of cloud usage",
    record=CloudSummaryRecord,
    versions=("v0.2", "v0.4"),
    headers=(("v0.2", "APEL-cloud-summary-message"), ("v0.4", "APEL-cloud-summary-message")),
    any_version="v0.4",
    ignored=frozenset({"UpdateTime"}),
    key=(
        *("site", "cloud_compute_service", "month", "year", "global_user_name", "vo", "vo_group", "vo_role", "status"),
        *("image_id", "cpu_count", "benchmark_type", "benchmark"),
    ),
    source="APEL messages, cloud summaries",
)
