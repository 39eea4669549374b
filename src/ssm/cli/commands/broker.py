# SPDX-License-Identifier: Apache-2.0
"""Run the embedded broker, for trying out and for tests. Production means ActiveMQ, Artemis or RabbitMQ.

It listens on loopback, keeps persistent messages below --folder over a restart, and speaks STOMP 1.0 to 1.2. With a
certificate it speaks TLS, and asks clients for theirs.

  ssm broker --folder /tmp/broker --port 61613
"""

import argparse
import asyncio
from pathlib import Path

from ssm.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--folder", type=Path, required=True, metavar="DIR", help="where messages are kept")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=61613, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument("--certificate", type=Path, metavar="PEM", help="speak TLS with this certificate")
    parser.add_argument("--key", type=Path, metavar="PEM", help="the key of that certificate")
    parser.add_argument("--ca-dir", type=Path, metavar="DIR", help="hashed directory of the CAs that clients may have")


def run(arguments: argparse.Namespace) -> int:
    """``ssm broker``."""
    from ssm.broker.server import BrokerSettings, EmbeddedBroker
    from ssm.programs.running import run_until_signal
    from ssm.wiring.messaging import broker_context

    given = (arguments.certificate, arguments.key, arguments.ca_dir)
    if any(given) and not all(given):
        raise ConfigError("TLS needs all three of --certificate, --key and --ca-dir")
    context = broker_context(*given) if all(given) else None
    settings = BrokerSettings(arguments.folder, arguments.host, arguments.port, context)
    stopping = asyncio.Event()

    async def work() -> None:
        async with EmbeddedBroker(settings) as broker:
            kind = "TLS" if context is not None else "plain"
            print(f"listening on {arguments.host}:{broker.port} ({kind})", flush=True)
            await stopping.wait()

    run_until_signal(work(), stopping.set)
    return 0
