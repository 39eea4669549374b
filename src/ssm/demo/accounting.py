# SPDX-License-Identifier: Apache-2.0
"""What the server makes of what arrived: rows, sums of a month, and a page about them. By the real programs, again."""

import importlib.util
import subprocess
from pathlib import Path

from ssm.demo.messages import MONTH
from ssm.demo.programs import command
from ssm.errors import StopError

NEEDED = ("sqlalchemy", "alembic", "vl_convert")
INSTALL = "pip install 'secure-stomp-messenger[report]'"
DEADLINE_SECONDS = 120.0
LOADER = """[loader]

[messaging]
path: {spool}

[logging]
logfile: {log}
level: INFO
console: false
"""


def missing() -> list[str]:
    """Libraries that are not installed, which a messenger does without."""
    return [one for one in NEEDED if importlib.util.find_spec(one) is None]


def account(folder: Path) -> tuple[str, Path]:
    """Load and add up what is in the server's incoming; the tables of the month, and where the page is."""
    config = folder / "loader.cfg"
    config.write_text(LOADER.format(spool=folder / "server", log=folder / "loader.log"), encoding="utf-8")
    page = folder / "report.html"
    run("load", config)
    run("summarise", config)
    run("report", config, "--from", str(MONTH), "--html", page)
    return run("report", config, "--from", str(MONTH), "--by", "site,vo"), page


def run(name: str, config: Path, *words: str | Path) -> str:
    """One program, to its end; what it printed. StopError where it ended badly."""
    done = subprocess.run(  # noqa: S603 - our own program, no shell
        command(name, "--config", config, *words),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StopError(f"ssm {name} ended with status {done.returncode}: {done.stderr.strip()}")
    return done.stdout
