# SPDX-License-Identifier: Apache-2.0
"""Cut a message into several, by size or by number of records. Records stay whole and as they are.

  ssm split --size 1MB message
  ssm split --records 1000 --output-dir pieces message

Pieces are called like the message, with -0001 and so on behind it; their names are printed. Where it cannot be cut
to the end, no piece is left.

Exit status: 0 done; 65 the message is broken, or a record alone is too large; 66 the file cannot be read, or a piece
is there already; 78 a piece cannot be written.
"""

import argparse
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from ssm.cli.files import new_file
from ssm.cli.messages import STANDARD_INPUT, blocks_of
from ssm.errors import ConfigError
from ssm.records.split import Size, portions
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
    made: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, piece in groupby(pieces(arguments.file, size), key=itemgetter(0)):
            path = folder / f"{source.name}-{number:04}"
            with new_file(path) as output:
                output.writelines(octets for _, octets in piece)
            made.append(path)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise
    for path in made:
        print(path)
    return 0


def pieces(name: str, size: Size) -> Iterator[tuple[int, bytes]]:
    """Of a message, in portions; what goes wrong with them is not taken for a fault of the message."""
    with blocks_of(name) as blocks:
        yield from portions(blocks, size)


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
