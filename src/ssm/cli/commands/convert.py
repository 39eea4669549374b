# SPDX-License-Identifier: Apache-2.0
"""Say the records of a message in another format or version.

  ssm convert --to apel-text car.xml > message
  ssm convert --to apel-text --version v0.4 old-message > message
  ssm convert --to car message > car.xml

Where something would be lost it is said on standard error, and nothing is written unless --lossy is given.
A message with errors is not converted: see ssm check.

Exit status: 0 done; 65 it would lose something, has errors, or has no such form; 66 the file cannot be read, or the
output is there already; 78 the output cannot be written.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from ssm.cli.console import say
from ssm.cli.files import new_file
from ssm.cli.messages import blocks_of, now
from ssm.errors import RecordError
from ssm.names import printable
from ssm.records.convert import Losses, Target, converted
from ssm.records.formats import FORMATS, recognise

IN_MEMORY = 8 * 1024 * 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("file", metavar="FILE", help="a message, or - for standard input")
    parser.add_argument("--to", required=True, choices=tuple(FORMATS), metavar="FORMAT", help=", ".join(FORMATS))
    parser.add_argument(
        "--version", metavar="VERSION", help="of the records, as v0.4 (default: the meaning of today's)"
    )
    parser.add_argument("--lossy", action="store_true", help="write also where something is lost")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there (default: standard output)")


def run(arguments: argparse.Namespace) -> int:
    """``ssm convert``."""
    losses = Losses()
    # Whether anything is lost is known at the end only, and nothing is written before.
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as made:
        for portion in convert(arguments, losses):
            made.write(portion)
        for sentence in losses.sentences():
            say(f"lost: {printable(sentence)}")
        if losses.counts and not arguments.lossy:
            raise RecordError("Conversion", "would lose what is said above", hint="give --lossy if that is meant")
        made.seek(0)
        with ExitStack() as stack:
            output = stack.enter_context(new_file(arguments.output)) if arguments.output else sys.stdout.buffer
            shutil.copyfileobj(made, output)
    return 0


def convert(arguments: argparse.Namespace, losses: Losses) -> Iterator[bytes]:
    """The new message."""
    with blocks_of(arguments.file) as blocks:
        form, again = recognise(blocks)
        message = form.read(again)
        target = Target.choose(message, arguments.to, arguments.version)
        yield from target.format.write(target.type, target.version, converted(message, target, now(), losses))
