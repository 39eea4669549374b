# SPDX-License-Identifier: Apache-2.0
"""Run the embedded AMS, for trying out and for tests. Production means the ARGO Messaging Service itself.

It listens on loopback, over TLS, with one topic and one subscription in one project, and keeps messages in memory: they
go with it. Who may publish or take is told by the certificate they show, which is exchanged for a token.

  ssm ams --certificate cert.pem --key key.pem --ca-dir certificates --publisher /CN=site --consumer /CN=server
"""

import argparse
import asyncio
from pathlib import Path

from ssm.errors import ConfigError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--certificate", type=Path, required=True, metavar="PEM", help="its own certificate")
    parser.add_argument("--key", type=Path, required=True, metavar="PEM", help="the key of that certificate")
    parser.add_argument("--ca-dir", type=Path, required=True, metavar="DIR", help="hashed directory of clients' CAs")
    parser.add_argument("--port", type=int, default=8080, help="port, 0 for any free one (default: %(default)s)")
    parser.add_argument(
        "--authn-port", type=int, default=8443, help="where certificates are exchanged (default: %(default)s)"
    )
    parser.add_argument("--project", default="accounting", help="(default: %(default)s)")
    parser.add_argument("--topic", default="records", help="what a sender has as destination (default: %(default)s)")
    parser.add_argument(
        "--subscription", default="receiver", help="what a receiver has as destination (default: %(default)s)"
    )
    parser.add_argument("--publisher", action="append", default=[], metavar="DN", help="who may publish; repeatable")
    parser.add_argument("--consumer", action="append", default=[], metavar="DN", help="who may take; repeatable")


def run(arguments: argparse.Namespace) -> int:
    """``ssm ams``."""
    from ssm.broker.ams.place import Place
    from ssm.broker.ams.server import EmbeddedAms
    from ssm.programs.running import run_until_signal
    from ssm.wiring.messaging import ams_context

    place = Place(arguments.project, arguments.topic, arguments.subscription)
    try:
        state = place.state(arguments.publisher, arguments.consumer)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    context = ams_context(arguments.certificate, arguments.key, arguments.ca_dir)
    service = EmbeddedAms(context, state=state, port=arguments.port, authn_port=arguments.authn_port)
    stopping = asyncio.Event()

    async def work() -> None:
        with service:
            print(f"listening on 127.0.0.1:{service.port}, certificates at {service.authn_port} (TLS)", flush=True)
            await stopping.wait()

    run_until_signal(work(), stopping.set)
    return 0
