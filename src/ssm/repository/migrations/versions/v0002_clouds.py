# SPDX-License-Identifier: Apache-2.0
"""Clouds, storage, addresses and accelerators.

Frozen: a table that changes gets a migration of its own. On databases whose DDL is not transactional an upgrade that
was cut off is begun again, so everything is made only where it is not there yet.
"""

import sqlalchemy as sa
from alembic import op

from ssm.repository.migrations.columns import digest, long_text, make, number, small, text, whole

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    """Make the tables."""
    cloud_records()
    cloud_summary_records()
    storage_records()
    public_ip_records()
    accelerator_records()


def cloud_records() -> None:
    """Cloud usage."""
    make(
        "cloud_records",
        text("site", 255, null=False),
        small("month", null=False),
        text("vm_uuid", 255, null=False),
        whole("record_create_time"),
        text("zone_name", 255),
        text("cloud_compute_service", 255),
        text("machine_name", 255),
        text("local_user_id", 255),
        text("local_group_id", 255),
        text("global_user_name", 255),
        text("fqan", 255),
        text("status", 255),
        whole("start_time"),
        whole("end_time"),
        whole("suspend_duration"),
        text("time_zone", 255),
        whole("wall_duration"),
        whole("cpu_duration"),
        number("cpu_count"),
        text("network_type", 255),
        whole("network_inbound"),
        whole("network_outbound"),
        whole("public_ip_count"),
        whole("memory"),
        whole("disk"),
        text("benchmark_type", 50),
        number("benchmark"),
        text("storage_record_id", 255),
        text("image_id", 255),
        text("cloud_type", 255),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "vm_uuid"),
        divided_by="month",
    )
    op.create_index("cloud_records_by_month", "cloud_records", ["month", "site"], if_not_exists=True)


def cloud_summary_records() -> None:
    """Summary of cloud usage."""
    make(
        "cloud_summary_records",
        text("site", 255, null=False),
        small("month", null=False),
        digest("key_digest", 16, null=False),
        text("cloud_compute_service", 255),
        text("global_user_name", 255),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        text("status", 255),
        text("cloud_type", 255),
        text("image_id", 255),
        whole("earliest_start_time"),
        whole("latest_start_time"),
        whole("wall_duration"),
        whole("cpu_duration"),
        number("cpu_count"),
        whole("network_inbound"),
        whole("network_outbound"),
        whole("memory"),
        whole("disk"),
        text("benchmark_type", 50),
        number("benchmark"),
        whole("number_of_vms"),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "key_digest"),
    )
    op.create_index("cloud_summary_records_by_month", "cloud_summary_records", ["month", "site"], if_not_exists=True)


def storage_records() -> None:
    """Storage usage."""
    make(
        "storage_records",
        text("site", 255, null=False),
        small("month", null=False),
        text("record_id", 255, null=False),
        whole("create_time"),
        text("storage_system", 255),
        text("storage_share", 255),
        text("storage_media", 255),
        text("storage_class", 255),
        small("file_count"),
        text("directory_path", 255),
        text("local_user", 255),
        text("local_group", 255),
        text("user_identity", 255),
        text("group", 255),
        text("sub_group", 255),
        text("role", 255),
        long_text("group_attributes"),
        whole("start_time"),
        whole("end_time"),
        whole("resource_capacity_used"),
        whole("logical_capacity_used"),
        whole("resource_capacity_allocated"),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "record_id"),
        divided_by="month",
    )
    op.create_index("storage_records_by_month", "storage_records", ["month", "site"], if_not_exists=True)


def public_ip_records() -> None:
    """Public IP addresses."""
    make(
        "public_ip_records",
        text("site", 255, null=False),
        small("month", null=False),
        digest("key_digest", 16, null=False),
        whole("measurement_time"),
        text("cloud_compute_service", 255),
        text("cloud_type", 255),
        text("local_user", 255),
        text("local_group", 255),
        text("global_user_name", 255),
        text("fqan", 255),
        whole("ip_version"),
        whole("ip_count"),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "key_digest"),
        divided_by="month",
    )
    op.create_index("public_ip_records_by_month", "public_ip_records", ["month", "site"], if_not_exists=True)


def accelerator_records() -> None:
    """Accelerators."""
    make(
        "accelerator_records",
        text("site", 255, null=False),
        small("month", null=False),
        digest("key_digest", 16, null=False),
        text("associated_record_type", 255),
        text("associated_record", 255),
        text("global_user_name", 255),
        text("fqan", 255),
        number("count"),
        whole("cores"),
        whole("active_duration"),
        whole("available_duration"),
        text("benchmark_type", 255),
        number("benchmark"),
        text("type", 255),
        text("model", 255),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "key_digest"),
    )
    op.create_index("accelerator_records_by_month", "accelerator_records", ["month", "site"], if_not_exists=True)
