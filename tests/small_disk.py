# SPDX-License-Identifier: Apache-2.0
"""A disk that is soon full: a small file system of its own for a folder. Only root may mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """The folder has so much disk of its own; the test is skipped for who is not root."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True, timeout=30)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True, timeout=30)


def remount(folder: Path, how: str) -> None:
    """Larger, or read-only: as the options of mount(8) say it."""
    subprocess.run(["mount", "-o", f"remount,{how}", folder], check=True, timeout=30)
