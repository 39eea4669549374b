# SPDX-License-Identifier: Apache-2.0
"""Measure everything and write it down, as measured."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.pki import Pki
from tests.servers.activemq import ActiveMq
from tests.servers.broker import new_queue
from tests.servers.raw_stomp import RawStomp

from bench.ams import measure_ams
from bench.machine import broker_alone_per_second, description, signatures_per_second, sync_milliseconds
from bench.report import ams_part, page, with_ams
from bench.rows import HUGE, LOADS, Load, Rate, Row, check_rates, envelope_rates, measure, payload

QUICK_COUNT = 20


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    runs: int
    seconds: float
    """For each rate without a broker."""
    most_messages: int | None = None
    huge_octets: int = HUGE.octets
    ams_messages: int = 4000


FULL = Effort(runs=5, seconds=2.0)
QUICK = Effort(runs=1, seconds=0.05, most_messages=QUICK_COUNT, huge_octets=2_000_000, ams_messages=100)


def main(words: Sequence[str], output: Path) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Measure beside a private ActiveMQ.")
    parser.add_argument(
        "--quick", action="store_true", help="a few messages, to see that it works; figures mean nothing"
    )
    parser.add_argument("--ams", action="store_true", help="measure AMS only, and renew only its part of the page")
    parser.add_argument("--output", type=Path, help=f"where to write (default: {output}; nowhere with --quick)")
    arguments = parser.parse_args(words)
    effort = QUICK if arguments.quick else FULL
    target: Path | None = arguments.output or (None if arguments.quick else output)
    if arguments.ams:
        with tempfile.TemporaryDirectory(prefix="ssm-bench-") as name:
            part = ams_part(measure_ams(Path(name) / "ams", effort.runs, effort.ams_messages), effort.runs)
        print(part)
        if target is not None:
            target.write_text(with_ams(target.read_text(encoding="utf-8"), part), encoding="utf-8")
        return 0
    if not ActiveMq.is_installed():
        print("not found: activemq; install with: make servers", file=sys.stderr)
        return 1
    text = measured(effort)
    print(text)
    if target is not None:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return 0


def measured(effort: Effort) -> str:
    """The page."""
    with tempfile.TemporaryDirectory(prefix="ssm-bench-") as name:
        folder = Path(name)
        pki = Pki(folder / "pki")
        limits = machine_limits(effort, folder)
        rates = [*envelope_rates(pki, effort.seconds), *check_rates(effort.seconds)]
        with ActiveMq(folder / "activemq", pki, memory="2g") as server:
            limits.append(broker_limit(server, effort))
            rows: list[Row] = []
            for number, load in enumerate(loads(effort)):
                print(f"measuring: {load.name}", file=sys.stderr)
                rows += measure(load, server, pki, folder / f"load-{number}", effort.runs)
        print("measuring: AMS", file=sys.stderr)
        part = ams_part(measure_ams(folder / "ams", effort.runs, effort.ams_messages), effort.runs)
    text = page(description(), limits, rates, rows, runs=effort.runs, day=datetime.now(UTC).date())
    return with_ams(text, part)


def loads(effort: Effort) -> list[Load]:
    """As declared, or a few of each."""
    most = effort.most_messages
    return [
        *(load if most is None else replace(load, count=min(load.count, most)) for load in LOADS),
        replace(HUGE, octets=effort.huge_octets),
    ]


def machine_limits(effort: Effort, folder: Path) -> list[Rate]:
    """What no program could exceed here."""
    return [
        Rate("RSA-2048 signatures, one thread", signatures_per_second(1, effort.seconds)),
        Rate("RSA-2048 signatures, two threads", signatures_per_second(2, effort.seconds)),
        Rate("syncs of 4 KiB, one after the other", 1000 / sync_milliseconds(folder)),
    ]


def broker_limit(server: ActiveMq, effort: Effort) -> Rate:
    """The broker with a client that does nothing else."""
    count = effort.most_messages or 3000
    rate = broker_alone_per_second(
        lambda: RawStomp(server.plain_port, login=server.login), new_queue(), payload(3000), count
    )
    return Rate("persistent messages of 3 KiB into the broker, by a client that does nothing else", rate)
