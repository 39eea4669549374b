# SPDX-License-Identifier: Apache-2.0
"""What is stored for whom over some time: EMI StAR, the only form it travels in."""

from typing import Annotated

from ssm.records.field import Field, Need, Record, RecordType
from ssm.records.kinds import PAIRS, TEXT, TIME, WHOLE
from ssm.records.values import Pairs


class StorageRecord(Record, frozen=True):
    """Space that somebody used, as a statement about a period."""

    record_id: Annotated[
        str | None,
        Field("RecordId", TEXT, "Unique id; a later record with the same one replaces it.", need=Need.REQUIRED,
              xml="RecordIdentity@recordId", most=255),
    ] = None  # fmt: skip
    create_time: Annotated[
        int | None,
        Field("CreateTime", TIME, "When the record was made.", unit="epoch s", need=Need.REQUIRED,
              xml="RecordIdentity@createTime"),
    ] = None  # fmt: skip
    storage_system: Annotated[
        str | None,
        Field(
            "StorageSystem", TEXT, "The system, by its host name.", need=Need.REQUIRED, xml="StorageSystem", most=255
        ),
    ] = None
    site: Annotated[
        str | None, Field("Site", TEXT, "GOCDB name of the site.", need=Need.EXPECTED, xml="Site", most=255)
    ] = None
    storage_share: Annotated[
        str | None,
        Field("StorageShare", TEXT, "Part of the system: pool or space token.", xml="StorageShare", most=255),
    ] = None
    storage_media: Annotated[
        str | None, Field("StorageMedia", TEXT, "disk, tape, or another word.", xml="StorageMedia", most=255)
    ] = None
    storage_class: Annotated[
        str | None, Field("StorageClass", TEXT, "Such as replicated, pinned or precious.", xml="StorageClass", most=255)
    ] = None
    file_count: Annotated[int | None, Field("FileCount", WHOLE, "Files.", xml="FileCount", most=2**31 - 1)] = None
    directory_path: Annotated[
        str | None, Field("DirectoryPath", TEXT, "Directory that is accounted for.", xml="DirectoryPath", most=255)
    ] = None
    local_user: Annotated[
        str | None, Field("LocalUser", TEXT, "Account on the system.", xml="SubjectIdentity/LocalUser", most=255)
    ] = None
    local_group: Annotated[
        str | None, Field("LocalGroup", TEXT, "Group on the system.", xml="SubjectIdentity/LocalGroup", most=255)
    ] = None
    user_identity: Annotated[
        str | None, Field("UserIdentity", TEXT, "DN of the user.", xml="SubjectIdentity/UserIdentity", most=255)
    ] = None
    group: Annotated[str | None, Field("Group", TEXT, "VO.", xml="SubjectIdentity/Group", most=255)] = None
    sub_group: Annotated[
        str | None,
        Field("SubGroup", TEXT, "Group within the VO, without the VO; repositories keep the first.",
              xml="SubjectIdentity/GroupAttribute[attributeType=subgroup]", most=255),
    ] = None  # fmt: skip
    role: Annotated[
        str | None,
        Field("Role", TEXT, "Role within the VO, without Role=.",
              xml="SubjectIdentity/GroupAttribute[attributeType=role]", most=255),
    ] = None  # fmt: skip
    group_attributes: Annotated[
        Pairs | None,
        Field("GroupAttributes", PAIRS, "Further attributes of the group, as pairs of type and value.",
              xml="SubjectIdentity/GroupAttribute"),
    ] = None  # fmt: skip
    start_time: Annotated[
        int | None,
        Field("StartTime", TIME, "Begin of the period.", unit="epoch s", need=Need.REQUIRED, xml="StartTime"),
    ] = None
    end_time: Annotated[
        int | None,
        Field(
            "EndTime",
            TIME,
            "End of it, normally when it was measured.",
            unit="epoch s",
            need=Need.REQUIRED,
            xml="EndTime",
        ),
    ] = None
    resource_capacity_used: Annotated[
        int | None,
        Field("ResourceCapacityUsed", WHOLE, "Space taken, with copies and overhead.", unit="B", need=Need.REQUIRED,
              xml="ResourceCapacityUsed"),
    ] = None  # fmt: skip
    logical_capacity_used: Annotated[
        int | None, Field("LogicalCapacityUsed", WHOLE, "Sum of the files' sizes.", unit="B", xml="LogicalCapacityUsed")
    ] = None
    resource_capacity_allocated: Annotated[
        int | None,
        Field("ResourceCapacityAllocated", WHOLE, "Space set aside.", unit="B", xml="ResourceCapacityAllocated"),
    ] = None


STORAGE = RecordType(
    name="storage",
    title="Storage usage",
    record=StorageRecord,
    versions=("1.2",),
    key=("record_id",),
    source="EMI StAR 1.2 (OGF GFD.201)",
)
