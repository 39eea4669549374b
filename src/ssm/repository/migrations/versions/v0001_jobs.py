# SPDX-License-Identifier: Apache-2.0
"""Messages, dirty months, jobs and their summaries.

Frozen: a table that changes gets a migration of its own. On databases whose DDL is not transactional an upgrade that
was cut off is begun again, so everything is made only where it is not there yet.
"""

import sqlalchemy as sa
from alembic import op

from ssm.repository.migrations.columns import digest, make, number, small, text, whole

revision = "0001"
down_revision: str | None = None


def upgrade() -> None:
    """Make the tables."""
    messages()
    dirty()
    job_records()
    summary_records()
    normalised_summary_records()
    sync_records()


def messages() -> None:
    """Each message that was loaded."""
    make(
        "messages",
        whole("id", null=False),
        digest("digest", 32, null=False),
        text("element", 64, null=False),
        text("signer", 1024),
        text("message_id", 255),
        whole("received", null=False),
        whole("loaded", null=False),
        text("kind", 50, null=False),
        small("records", null=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("messages_by_digest", "messages", ["digest", "element"], unique=True, if_not_exists=True)
    op.create_index("messages_by_message_id", "messages", ["message_id"], if_not_exists=True)


def dirty() -> None:
    """Months of sites that must be summarised anew."""
    make(
        "dirty",
        text("site", 255, null=False),
        small("month", null=False),
        text("kind", 50, null=False),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "kind", "message"),
    )


def job_records() -> None:
    """Individual job."""
    make(
        "job_records",
        text("site", 255, null=False),
        small("month", null=False),
        text("local_job_id", 255, null=False),
        whole("end_time", null=False),
        text("infrastructure", 50, null=False),
        text("submit_host", 255),
        text("submit_host_type", 255),
        text("machine_name", 255),
        text("queue", 100),
        text("local_user_id", 255),
        text("global_user_name", 255),
        text("fqan", 255),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        whole("wall_duration"),
        whole("cpu_duration"),
        small("processors"),
        small("node_count"),
        whole("start_time"),
        text("infrastructure_description", 100),
        text("infrastructure_type", 20),
        whole("memory_real"),
        whole("memory_virtual"),
        text("service_level_type", 50),
        number("service_level"),
        text("record_id", 255),
        whole("create_time"),
        text("global_job_id", 255),
        text("local_group", 255),
        text("job_name", 255),
        text("status", 255),
        whole("exit_status"),
        text("middleware", 255),
        text("middleware_version", 255),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "local_job_id", "end_time", "infrastructure"),
        divided_by="month",
    )
    op.create_index("job_records_by_month", "job_records", ["month", "site"], if_not_exists=True)


def summary_records() -> None:
    """Summary of jobs."""
    make(
        "summary_records",
        text("site", 255, null=False),
        small("month", null=False),
        digest("key_digest", 16, null=False),
        text("global_user_name", 255),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        text("submit_host", 255),
        text("infrastructure_type", 20),
        text("infrastructure_description", 100),
        text("service_level_type", 50),
        number("service_level"),
        small("node_count"),
        small("processors"),
        whole("earliest_end_time"),
        whole("latest_end_time"),
        whole("wall_duration"),
        whole("cpu_duration"),
        whole("number_of_jobs"),
        text("infrastructure", 50, null=False),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "key_digest"),
    )
    op.create_index("summary_records_by_month", "summary_records", ["month", "site"], if_not_exists=True)


def normalised_summary_records() -> None:
    """Normalised summary of jobs."""
    make(
        "normalised_summary_records",
        text("site", 255, null=False),
        small("month", null=False),
        digest("key_digest", 16, null=False),
        text("global_user_name", 255),
        text("vo", 255),
        text("vo_group", 255),
        text("vo_role", 255),
        text("submit_host", 255),
        text("infrastructure", 50),
        text("infrastructure_description", 100),
        text("service_level_type", 50),
        small("node_count"),
        small("processors"),
        whole("earliest_end_time"),
        whole("latest_end_time"),
        whole("wall_duration"),
        whole("cpu_duration"),
        whole("normalised_wall_duration"),
        whole("normalised_cpu_duration"),
        whole("number_of_jobs"),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "key_digest"),
    )
    op.create_index(
        "normalised_summary_records_by_month", "normalised_summary_records", ["month", "site"], if_not_exists=True
    )


def sync_records() -> None:
    """Synchronisation."""
    make(
        "sync_records",
        text("site", 255, null=False),
        small("month", null=False),
        digest("key_digest", 16, null=False),
        text("submit_host", 255),
        whole("number_of_jobs"),
        whole("message", null=False),
        sa.PrimaryKeyConstraint("site", "month", "key_digest"),
    )
    op.create_index("sync_records_by_month", "sync_records", ["month", "site"], if_not_exists=True)
