# SPDX-License-Identifier: Apache-2.0
"""Cut a message into several, by size or by number of records. Records stay whole and as they are.

  ssm split --size 1MB message
  ssm split --records 1000 --output-dir pieces message

Pieces are called like the message, with -0001 and so on behind it; their names are printed.

Exit status: 0 done; 65 the message is broken, or a record alone is too large; 66 the file cannot be read.
"""

import argparse
from pathlib import Path

from ssm.cli.messages import STANDARD_INPUT, blocks_of
from ssm.errors import ConfigError, InputError
from ssm.records.split import Size, split
from ssm.settings.options import read_size


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("file", metavar="FILE", help="a message, or - for standard input")
    parser.add_argument("--size", metavar="OCTETS", help="largest piece, as 1000000 or 1MB")
    parser.add_argument("--records", type=int, metavar="N", help="most records in a piece")
    parser.add_argument("-d", "--output-dir", type=Path, metavar="DIR", help="where to (default: beside the message)")


def run(arguments: argparse.Namespace) -> int:
    """``ssm split``."""
    size = wanted(arguments)
    source = Path("message" if arguments.file == STANDARD_INPUT else arguments.file)
    folder = arguments.output_dir or source.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with blocks_of(arguments.file) as blocks:
            for number, piece in enumerate(split(blocks, size), 1):
                path = folder / f"{source.name}-{number:04}"
                with path.open("xb") as output:
                    output.write(piece)
                print(path)
    except FileExistsError as error:
        raise InputError(f"{error.filename} is there already", hint="name another folder with --output-dir") from error
    return 0


def wanted(arguments: argparse.Namespace) -> Size:
    """How large the pieces may be; ConfigError where it is not said."""
    if arguments.size is None and arguments.records is None:
        raise ConfigError("say how large a piece may be: --size, --records or both")
    if arguments.records is not None and arguments.records < 1:
        raise ConfigError("--records must be 1 or more")
    try:
        octets = None if arguments.size is None else read_size(arguments.size)
    except ValueError as error:
        raise ConfigError(f"--size {error}") from error
    return Size(octets, arguments.records)
