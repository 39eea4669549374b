# SPDX-License-Identifier: Apache-2.0
"""One job: who ran it, where, when, and what it took. Travels as APEL text (v0.1 to v0.4) or as EMI CAR."""

from typing import Annotated

from ssm.records.benchmarks import Benchmarks
from ssm.records.field import Field, Need, Record, RecordType, Spelling
from ssm.records.kinds import BENCHMARKS, DECIMAL, EARLIER_UNIT, SECONDS, TEXT, TIME, WHOLE

CAR = "EMI CAR 1.2"


class JobRecord(Record, frozen=True):
    """A finished job."""

    site: Annotated[
        str | None, Field("Site", TEXT, "GOCDB name of the site.", need=Need.REQUIRED, xml="Site", most=255)
    ] = None
    submit_host: Annotated[
        str | None,
        Field(
            "SubmitHost", TEXT, "CE that took the job, as host:port/queue; for a local job the batch system's host.",
            need=Need.EXPECTED, xml="SubmitHost", most=255,
        ),
    ] = None  # fmt: skip
    submit_host_type: Annotated[
        str | None, Field("SubmitHostType", TEXT, "LRMS for a local job; repositories do not keep it.", since="v0.3")
    ] = None
    machine_name: Annotated[
        str | None, Field("MachineName", TEXT, "Host of the batch system.", since="v0.2", xml="MachineName", most=255)
    ] = None
    queue: Annotated[str | None, Field("Queue", TEXT, "Batch queue.", since="v0.2", xml="Queue", most=100)] = None
    local_job_id: Annotated[
        str | None,
        Field(
            "LocalJobId", TEXT, "The batch system's id of the job.", need=Need.REQUIRED, xml="JobIdentity/LocalJobId",
            earlier=(Spelling("LocalJobID", TEXT, until="v0.1"),), most=255,
        ),
    ] = None  # fmt: skip
    local_user_id: Annotated[
        str | None,
        Field(
            "LocalUserId", TEXT, "Account on the site's machines.", xml="UserIdentity/LocalUserId",
            earlier=(Spelling("LocalUserID", TEXT, until="v0.1"),), most=255,
        ),
    ] = None  # fmt: skip
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
    fqan: Annotated[
        str | None,
        Field(
            "FQAN", TEXT, "VOMS attribute, from which VO, group and role follow.",
            xml="UserIdentity/GroupAttribute[type=FQAN]", earlier=(Spelling("UserFQAN", TEXT, until="v0.1"),), most=255,
        ),
    ] = None  # fmt: skip
    vo: Annotated[
        str | None, Field("VO", TEXT, "VO, where there is no FQAN.", since="v0.2", xml="UserIdentity/Group", most=255)
    ] = None
    vo_group: Annotated[
        str | None,
        Field(
            "VOGroup", TEXT, "Group within the VO, where there is no FQAN.", since="v0.2",
            xml="UserIdentity/GroupAttribute[type=vo-group]", most=255,
        ),
    ] = None  # fmt: skip
    vo_role: Annotated[
        str | None,
        Field(
            "VORole", TEXT, "Role within the VO, where there is no FQAN.", since="v0.2",
            xml="UserIdentity/GroupAttribute[type=vo-role]", most=255,
        ),
    ] = None  # fmt: skip
    wall_duration: Annotated[
        int | None,
        Field("WallDuration", SECONDS, "Time from start to end.", unit="s", need=Need.REQUIRED, xml="WallDuration"),
    ] = None
    cpu_duration: Annotated[
        int | None,
        Field(
            "CpuDuration", SECONDS, "Processor time of all cores together.", unit="s", need=Need.REQUIRED,
            xml="CpuDuration[usageType=all]",
        ),
    ] = None  # fmt: skip
    processors: Annotated[int | None, Field("Processors", WHOLE, "Cores.", xml="Processors", most=2**31 - 1)] = None
    node_count: Annotated[int | None, Field("NodeCount", WHOLE, "Nodes.", xml="NodeCount", most=2**31 - 1)] = None
    start_time: Annotated[
        int | None, Field("StartTime", TIME, "When it started.", unit="epoch s", need=Need.REQUIRED, xml="StartTime")
    ] = None
    end_time: Annotated[
        int | None, Field("EndTime", TIME, "When it ended.", unit="epoch s", need=Need.REQUIRED, xml="EndTime")
    ] = None
    infrastructure_description: Annotated[
        str | None,
        Field(
            "InfrastructureDescription", TEXT, "Accounting client, CE and batch system, as APEL-HTCONDORCE-HTCONDOR.",
            since="v0.3", xml="Infrastructure@description", most=100,
        ),
    ] = None  # fmt: skip
    infrastructure_type: Annotated[
        str | None,
        Field("InfrastructureType", TEXT, "grid or local.", since="v0.3", xml="Infrastructure@type", most=20),
    ] = None
    memory_real: Annotated[
        int | None, Field("MemoryReal", WHOLE, "Largest resident memory.", unit="kB", xml="Memory[type=Physical]")
    ] = None
    memory_virtual: Annotated[
        int | None, Field("MemoryVirtual", WHOLE, "Largest virtual memory.", unit="kB", xml="Memory[type=Shared]")
    ] = None
    service_level_type: Annotated[
        str | None,
        Field(
            "ServiceLevelType", TEXT, "Benchmark by which ServiceLevel is measured: Si2k, HEPSPEC or HEPscore23.",
            need=Need.EXPECTED, until="v0.3", xml="ServiceLevel@type", most=50,
            earlier=(Spelling("ScalingFactorUnit", EARLIER_UNIT, until="v0.1"),),
        ),
    ] = None  # fmt: skip
    service_level: Annotated[
        float | Benchmarks | None,
        Field(
            "ServiceLevel", BENCHMARKS, "Speed of one core; from v0.4 on by several benchmarks.",
            need=Need.EXPECTED, xml="ServiceLevel",
            earlier=(Spelling("ScalingFactor", DECIMAL, until="v0.1"), Spelling("ServiceLevel", DECIMAL, until="v0.3")),
        ),
    ] = None  # fmt: skip
    record_id: Annotated[
        str | None,
        Field("RecordId", TEXT, "Unique id of the record.", xml="RecordIdentity@recordId", in_text=False, source=CAR),
    ] = None
    create_time: Annotated[
        int | None,
        Field(
            "CreateTime", TIME, "When the record was made.", unit="epoch s", xml="RecordIdentity@createTime",
            in_text=False, source=CAR,
        ),
    ] = None  # fmt: skip
    global_job_id: Annotated[
        str | None,
        Field(
            "GlobalJobId", TEXT, "Id of the job in the grid.", xml="JobIdentity/GlobalJobId", in_text=False, source=CAR
        ),
    ] = None
    local_group: Annotated[
        str | None,
        Field(
            "LocalGroup",
            TEXT,
            "Group on the site's machines.",
            xml="UserIdentity/LocalGroup",
            in_text=False,
            source=CAR,
        ),
    ] = None
    job_name: Annotated[
        str | None, Field("JobName", TEXT, "What the user called it.", xml="JobName", in_text=False, source=CAR)
    ] = None
    status: Annotated[
        str | None, Field("Status", TEXT, "How it ended, such as completed.", xml="Status", in_text=False, source=CAR)
    ] = None
    exit_status: Annotated[
        int | None, Field("ExitStatus", WHOLE, "Exit status of the job.", xml="ExitStatus", in_text=False, source=CAR)
    ] = None
    middleware: Annotated[
        str | None,
        Field("Middleware", TEXT, "Name of the middleware.", xml="Middleware@name", in_text=False, source=CAR),
    ] = None
    middleware_version: Annotated[
        str | None,
        Field("MiddlewareVersion", TEXT, "Its version.", xml="Middleware@version", in_text=False, source=CAR),
    ] = None


HEADER = "APEL-individual-job-message"

JOB = RecordType(
    name="job",
    title="Individual job",
    record=JobRecord,
    versions=("v0.1", "v0.2", "v0.3", "v0.4"),
    headers=(("v0.1", HEADER), ("v0.2", HEADER), ("v0.3", HEADER), ("v0.4", HEADER)),
    any_version="v0.3",
    ignored=frozenset({"UpdateTime"}),
    key=("site", "local_job_id", "end_time"),
    source="APEL messages, individual job records",
)
