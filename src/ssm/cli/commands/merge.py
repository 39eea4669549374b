# SPDX-License-Identifier: Apache-2.0
"""Join messages of the same type and version into one. Records stay as they are.

  ssm merge piece-* > message

Exit status: 0 done; 65 a message is broken, or has another header than the first; 66 a file cannot be read.
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from ssm.cli.messages import blocks_of
from ssm.records.split import merge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("file", nargs="+", metavar="FILE", help="messages, in the order of their records")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there (default: standard output)")


def run(arguments: argparse.Namespace) -> int:
    """``ssm merge``."""
    with ExitStack() as stack:
        output = stack.enter_context(arguments.output.open("xb")) if arguments.output else sys.stdout.buffer
        for portion in merge([stack.enter_context(blocks_of(name)) for name in arguments.file]):
            output.write(portion)
    return 0
