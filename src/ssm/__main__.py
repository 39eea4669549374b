# SPDX-License-Identifier: Apache-2.0
"""``python -m ssm`` is the command ``ssm``."""

from ssm.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
