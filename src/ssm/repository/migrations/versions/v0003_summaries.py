# SPDX-License-Identifier: Apache-2.0
"""Super-summaries of jobs, clouds and storage; which source counted; what was published.

Frozen: a table that changes gets a migration of its own. On databases whose DDL is not transactional an upgrade that
was cut off is begun again, so everything is made only where it is not there yet.
"""

import sqlalchemy as sa
from alembic import op

from ssm.repository.migrations.columns import digest, long_text, make, number, small, text, whole

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Make the tables."""
    super_summaries()
    cloud_super_summaries()
    storage_super_summaries()
    sources()
    published()


def numbered(name: str, *items: sa.Column[str] | sa.Column[int] | sa.Column[float]) -> None:
    """A table whose rows are numbered within a month of a site."""
    make(
        name,
        text("site", 255, null=False),
        small("month", null=False),
        small("number", null=False),
        *items,
        sa.PrimaryKeyConstraint("site", "month", "number"),
    )
    op.create_index(f"{name}_by_month", name, ["month", "site"], if_not_exists=True)


def super_summaries() -> None:
    """Of jobs."""
    numbered(
        "super_summaries",
        text("source", 50, null=False),
        text("global_user_name", 255),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        text("submit_host", 255),
        text("infrastructure", 50, null=False),
        text("infrastructure_description", 100),
        text("service_level_type", 50),
        number("service_level"),
        small("node_count"),
        small("processors"),
        whole("earliest_end_time"),
        whole("latest_end_time"),
        whole("wall_duration", null=False),
        whole("cpu_duration", null=False),
        whole("core_wall_duration", null=False),
        whole("normalised_wall_duration", null=False),
        whole("normalised_cpu_duration", null=False),
        whole("normalised_core_wall_duration", null=False),
        whole("number_of_jobs", null=False),
    )


def cloud_super_summaries() -> None:
    """Of machines."""
    numbered(
        "cloud_super_summaries",
        text("source", 50, null=False),
        text("cloud_compute_service", 255),
        text("global_user_name", 255),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        text("status", 255),
        text("cloud_type", 255),
        text("image_id", 255),
        number("cpu_count"),
        text("benchmark_type", 50),
        number("benchmark"),
        whole("earliest_start_time"),
        whole("latest_start_time"),
        whole("wall_duration", null=False),
        whole("cpu_duration", null=False),
        whole("network_inbound"),
        whole("network_outbound"),
        whole("memory"),
        whole("disk"),
        whole("number_of_vms", null=False),
    )


def storage_super_summaries() -> None:
    """Of space."""
    numbered(
        "storage_super_summaries",
        text("storage_system", 255),
        text("storage_share", 255),
        text("storage_media", 255),
        text("storage_class", 255),
        text("directory_path", 255),
        text("group", 255),
        text("sub_group", 255),
        text("role", 255),
        text("user_identity", 255),
        text("local_user", 255),
        text("local_group", 255),
        whole("earliest_start_time"),
        whole("latest_end_time"),
        whole("measured_seconds", null=False),
        whole("resource_capacity_used"),
        whole("logical_capacity_used"),
        whole("resource_capacity_allocated"),
        whole("file_count"),
        whole("number_of_records", null=False),
    )


def sources() -> None:
    """Which of several sources of one usage counted."""
    make(
        "sources",
        text("site", 255, null=False),
        small("month", null=False),
        text("usage", 50, null=False),
        small("number", null=False),
        text("part", 255),
        text("infrastructure", 50, null=False),
        text("source", 50, null=False),
        whole("count", null=False),
        small("is_counted", null=False),
        sa.PrimaryKeyConstraint("site", "month", "usage", "number"),
    )
    op.create_index("sources_by_month", "sources", ["month", "site"], if_not_exists=True)


def published() -> None:
    """What went out, and where to."""
    make(
        "published",
        text("site", 255, null=False),
        small("month", null=False),
        text("target", 64, null=False),
        text("kind", 50, null=False),
        digest("key_digest", 16, null=False),
        text("submit_host", 255),
        whole("count"),
        long_text("record"),
        whole("changed", null=False),
        sa.PrimaryKeyConstraint("site", "month", "target", "kind", "key_digest"),
    )
    op.create_index("published_by_month", "published", ["month", "site"], if_not_exists=True)
