# SPDX-License-Identifier: Apache-2.0
"""Seal one message: the payload from standard input, the sealed message to standard output.

  ssm seal --certificate host.pem --key host.key < records > message
  ssm seal --certificate host.pem --key host.key --recipient server.pem < records > message

Exit status: 0 sealed; 65 the payload is empty; 78 credentials.
"""

import argparse
import sys
from pathlib import Path

from ssm.settings.sections import CIPHERS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("--certificate", type=Path, required=True, metavar="PEM", help="who signs")
    parser.add_argument("--key", type=Path, required=True, metavar="PEM", help="the key of that certificate")
    parser.add_argument("--recipient", type=Path, metavar="PEM", help="encrypt to this certificate")
    parser.add_argument("--cipher", choices=CIPHERS, default=CIPHERS[0], help="to encrypt with (default: %(default)s)")
    parser.add_argument(
        "--oaep", action="store_true", help="wrap the key with OAEP, which deployed receivers do not read"
    )


def run(arguments: argparse.Namespace) -> int:
    """``ssm seal``."""
    from ssm.wiring.messaging import open_encryption, open_sealer, open_signer

    signer = open_signer(arguments.certificate, arguments.key)
    encryption = open_encryption(signer, arguments.recipient, cipher=arguments.cipher, oaep=arguments.oaep)
    sys.stdout.buffer.write(open_sealer(signer, encryption)(sys.stdin.buffer.read()))
    sys.stdout.buffer.flush()
    return 0
