# SPDX-License-Identifier: Apache-2.0
"""Where a spool's journal, copies and markers are kept."""

from pathlib import Path

STATE = ".ssm"


def state_folder(path: Path, configured: Path | None) -> Path:
    """``.ssm`` in the spool, where no program looks for elements, unless configured elsewhere."""
    return configured if configured is not None else path / STATE
