# SPDX-License-Identifier: Apache-2.0
"""``python bench/run.py [--quick] [--output FILE]``: measure, print the table, and write it down."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[0] = str(ROOT)

from bench.main import main  # noqa: E402 - the path comes first

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], ROOT / "docs" / "reference" / "benchmarks.md"))
