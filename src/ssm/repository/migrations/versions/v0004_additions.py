# SPDX-License-Identifier: Apache-2.0
"""What a message has added to a month of a site can be found by the message, and told from what it has changed.

The new columns are empty, which costs no time however many rows there are; the index is made of all jobs.
"""

from alembic import op

from ssm.repository.migrations.columns import add, small

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    """An index in the place of another, which is the beginning of it."""
    add("dirty", small("records"))
    add("job_records", small("said_again"))
    op.create_index("job_records_by_message", "job_records", ["month", "site", "message"], if_not_exists=True)
    op.drop_index("job_records_by_month", "job_records", if_exists=True)
