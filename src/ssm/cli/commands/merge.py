# SPDX-License-Identifier: Apache-2.0
"""Join messages of the same type and version into one. Records stay as they are.

  ssm merge piece-* > message

Exit status: 0 done; 65 a message is broken, or has another header than the first; 66 a file cannot be read, or the
output is there already; 78 the output cannot be written.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from ssm.cli.files import new_file
from ssm.cli.messages import blocks_of, label
from ssm.errors import FormatError
from ssm.records.split import merge


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("file", nargs="+", metavar="FILE", help="messages, in the order of their records")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there (default: standard output)")


def run(arguments: argparse.Namespace) -> int:
    """``ssm merge``."""
    for name in arguments.file:
        # One that is not there is told before anything is written.
        with blocks_of(name):
            pass
    begun: list[str] = []
    try:
        with ExitStack() as stack:
            output = stack.enter_context(new_file(arguments.output)) if arguments.output else sys.stdout.buffer
            for portion in merge(one_by_one(arguments.file, begun)):
                output.write(portion)
    except FormatError as error:
        error.file = label(begun[-1])
        raise
    return 0


def one_by_one(names: Sequence[str], begun: list[str]) -> Iterator[Iterator[bytes]]:
    """Each message, open while it is read and no longer; ``begun`` learns the names."""
    for name in names:
        begun.append(name)
        with blocks_of(name) as blocks:
            yield blocks
