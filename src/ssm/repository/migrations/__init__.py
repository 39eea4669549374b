# SPDX-License-Identifier: Apache-2.0
"""The history of the tables, for Alembic; it ships with the package."""
