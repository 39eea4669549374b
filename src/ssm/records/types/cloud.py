# SPDX-License-Identifier: Apache-2.0
"""One virtual machine up to now: APEL text v0.1 to v0.4. Durations are cumulative since its start."""

from typing import Annotated

from ssm.records.field import Field, Need, Record, RecordType, Spelling
from ssm.records.kinds import DECIMAL, SECONDS, TEXT, TIME, WHOLE


class CloudRecord(Record, frozen=True):
    """A virtual machine."""

    record_create_time: Annotated[
        int | None, Field("RecordCreateTime", TIME, "When the record was made.", unit="epoch s", since="v0.2")
    ] = None
    vm_uuid: Annotated[
        str | None,
        Field(
            "VMUUID", TEXT, "Id of the machine.", need=Need.REQUIRED, most=255,
            earlier=(Spelling("RecordId", TEXT, until="v0.1"),),
        ),
    ] = None  # fmt: skip
    site: Annotated[str | None, Field("SiteName", TEXT, "GOCDB name of the site.", need=Need.REQUIRED, most=255)] = None
    zone_name: Annotated[str | None, Field("ZoneName", TEXT, "Zone within the cloud.", until="v0.1")] = None
    cloud_compute_service: Annotated[
        str | None, Field("CloudComputeService", TEXT, "Name of the cloud within the site.", since="v0.4", most=255)
    ] = None
    machine_name: Annotated[
        str | None, Field("MachineName", TEXT, "Name of the machine.", need=Need.EXPECTED, most=255)
    ] = None
    local_user_id: Annotated[str | None, Field("LocalUserId", TEXT, "Account in the cloud.", most=255)] = None
    local_group_id: Annotated[str | None, Field("LocalGroupId", TEXT, "Group in the cloud.", most=255)] = None
    global_user_name: Annotated[
        str | None, Field("GlobalUserName", TEXT, "DN of the user, or a federated id.", most=255)
    ] = None
    fqan: Annotated[str | None, Field("FQAN", TEXT, "VOMS attribute, or the VO's name alone.", most=255)] = None
    status: Annotated[
        str | None, Field("Status", TEXT, "started, completed, suspended, or what the cloud says.", most=255)
    ] = None
    start_time: Annotated[int | None, Field("StartTime", TIME, "When it started.", unit="epoch s")] = None
    end_time: Annotated[
        int | None, Field("EndTime", TIME, "When it was completed; not before. Some clouds say 0.", unit="epoch s")
    ] = None
    suspend_duration: Annotated[
        int | None,
        Field(
            "SuspendDuration", SECONDS, "Time suspended, all together.", unit="s",
            earlier=(Spelling("SuspendTime", SECONDS, until="v0.1"),),
        ),
    ] = None  # fmt: skip
    time_zone: Annotated[str | None, Field("TimeZone", TEXT, "Zone of the times.", until="v0.1")] = None
    wall_duration: Annotated[
        int | None, Field("WallDuration", SECONDS, "Time it really ran, since its start.", unit="s")
    ] = None
    cpu_duration: Annotated[int | None, Field("CpuDuration", SECONDS, "Processor time since its start.", unit="s")] = (
        None
    )
    cpu_count: Annotated[float | None, Field("CpuCount", DECIMAL, "Processors, possibly a part of one.")] = None
    network_type: Annotated[str | None, Field("NetworkType", TEXT, "Kind of network.", most=255)] = None
    network_inbound: Annotated[int | None, Field("NetworkInbound", WHOLE, "Received.", unit="GB")] = None
    network_outbound: Annotated[int | None, Field("NetworkOutbound", WHOLE, "Sent.", unit="GB")] = None
    public_ip_count: Annotated[
        int | None, Field("PublicIPCount", WHOLE, "Public addresses; not used by repositories.", since="v0.4")
    ] = None
    memory: Annotated[int | None, Field("Memory", WHOLE, "Memory of the machine.", unit="MB")] = None
    disk: Annotated[int | None, Field("Disk", WHOLE, "Disk of the machine.", unit="GB")] = None
    benchmark_type: Annotated[
        str | None, Field("BenchmarkType", TEXT, "By which Benchmark is measured.", since="v0.4", most=50)
    ] = None
    benchmark: Annotated[float | None, Field("Benchmark", DECIMAL, "Speed of one processor.", since="v0.4")] = None
    storage_record_id: Annotated[
        str | None, Field("StorageRecordId", TEXT, "Storage record of the machine's disk.", most=255)
    ] = None
    image_id: Annotated[str | None, Field("ImageId", TEXT, "Image it was started from.", most=255)] = None
    cloud_type: Annotated[
        str | None, Field("CloudType", TEXT, "Accounting program and cloud, as caso/5.2.1 (OpenStack).", most=255)
    ] = None


HEADER = "APEL-cloud-message"

CLOUD = RecordType(
    name="cloud",
    title="Cloud usage",
    record=CloudRecord,
    versions=("v0.1", "v0.2", "v0.3", "v0.4"),
    headers=(("v0.1", HEADER), ("v0.2", HEADER), ("v0.3", HEADER), ("v0.4", HEADER)),
    any_version="v0.4",
    ignored=frozenset({"UpdateTime", "MeasurementTime", "MeasurementMonth", "MeasurementYear"}),
    key=("site", "vm_uuid", "record_create_time", "status"),
    source="APEL messages, cloud records",
)
