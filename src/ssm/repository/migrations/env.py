# SPDX-License-Identifier: Apache-2.0
"""What Alembic runs: the migrations, over the connection that it is handed, within the transaction of that."""

from alembic import context

from ssm.repository.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # whoever hands the connection commits
)
context.run_migrations()
