# SPDX-License-Identifier: Apache-2.0
"""The database: tables derived from the declarations of records, the bulk upsert of each dialect, migrations."""
