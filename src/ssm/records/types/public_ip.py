# SPDX-License-Identifier: Apache-2.0
"""Public addresses that a user of a cloud holds at a moment: JSON, v0.2."""

from typing import Annotated

from ssm.records.field import Field, Need, Record, RecordType
from ssm.records.kinds import TEXT, TIME, WHOLE


class PublicIpRecord(Record, frozen=True):
    """A count of addresses."""

    measurement_time: Annotated[
        int | None, Field("MeasurementTime", TIME, "When they were counted.", unit="epoch s", need=Need.REQUIRED)
    ] = None
    site: Annotated[str | None, Field("SiteName", TEXT, "GOCDB name of the site.", need=Need.REQUIRED, most=255)] = None
    cloud_compute_service: Annotated[
        str | None, Field("CloudComputeService", TEXT, "Name of the cloud within the site.", most=255)
    ] = None
    cloud_type: Annotated[
        str | None, Field("CloudType", TEXT, "Accounting program and cloud.", need=Need.REQUIRED, most=255)
    ] = None
    local_user: Annotated[
        str | None, Field("LocalUser", TEXT, "Account in the cloud.", need=Need.REQUIRED, most=255)
    ] = None
    local_group: Annotated[
        str | None, Field("LocalGroup", TEXT, "Group in the cloud.", need=Need.REQUIRED, most=255)
    ] = None
    global_user_name: Annotated[
        str | None,
        Field(
            "GlobalUserName",
            TEXT,
            "DN of the user; the draft requires it, producers leave it out.",
            need=Need.EXPECTED,
            most=255,
        ),
    ] = None
    fqan: Annotated[
        str | None, Field("FQAN", TEXT, "VOMS attribute, or the VO's name alone.", need=Need.REQUIRED, most=255)
    ] = None
    ip_version: Annotated[int | None, Field("IPVersion", WHOLE, "4 or 6.", need=Need.REQUIRED)] = None
    ip_count: Annotated[int | None, Field("IPCount", WHOLE, "Addresses held.", need=Need.REQUIRED)] = None


PUBLIC_IP = RecordType(
    name="public-ip",
    title="Public IP addresses",
    record=PublicIpRecord,
    versions=("v0.2",),
    ignored=frozenset({"uuid"}),
    key=(
        "measurement_time",
        "site",
        "cloud_compute_service",
        "local_user",
        "local_group",
        "global_user_name",
        "fqan",
        "ip_version",
    ),
    source="APEL JSON messages, public IP (draft)",
)
