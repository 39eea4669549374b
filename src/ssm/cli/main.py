# SPDX-License-Identifier: Apache-2.0
"""The commands, and the one place where errors become exit statuses.

A command's module is imported when it is chosen, and not before.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from ssm.cli.console import complain
from ssm.errors import EX_IOERR, SsmError
from ssm.version import __version__

INTERRUPTED = 130
BROKEN_PIPE = 141


class CommandModule(Protocol):
    """What a file in ``ssm.cli.commands`` has."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare options; the description is the module's docstring."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it; the exit status."""


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table."""

    module: str
    summary: str

    def load(self) -> CommandModule:
        """The file."""
        return cast("CommandModule", import_module(f"ssm.cli.commands.{self.module}"))


COMMANDS: dict[str, Command] = {
    "send": Command("send", "send what is in the outgoing spool"),
    "receive": Command("receive", "receive, verify and file messages, until told to stop"),
    "spool": Command("spool", "list, show, retry or remove messages in a spool"),
    "config": Command("config", "show what a configuration means, and check what it names"),
    "check": Command("check", "check messages of usage records, and say everything that is wrong"),
    "show": Command("show", "show what a message of usage records amounts to"),
    "convert": Command("convert", "say the records of a message in another format or version"),
    "split": Command("split", "cut a message into several"),
    "merge": Command("merge", "join messages into one"),
    "generate": Command("generate", "make realistic records that nobody had, for trials"),
    "load": Command("load", "load accepted messages into the database"),
    "summarise": Command("summarise", "add up what has changed in the database"),
    "unload": Command("unload", "publish what is in the database to the next level"),
    "publish": Command("publish", "show what publishing would change, before it is done"),
    "sync": Command("sync", "compare what sites say with what is in the database"),
    "db": Command("db", "the database: status, upgrade, purge"),
    "report": Command("report", "monthly tables of usage, for the terminal, as CSV, JSON or a page"),
    "seal": Command("seal", "seal one message: standard input to standard output"),
    "unseal": Command("unseal", "open and verify one message: standard input to standard output"),
    "broker": Command("broker", "run the embedded broker, for trying out"),
    "ams": Command("ams", "run the embedded AMS, for trying out"),
    "demo": Command("demo", "see it work, with a throw-away PKI and things going wrong"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """``ssm``."""
    words = sys.argv[1:] if argv is None else list(argv)
    chosen = next((word for word in words if not word.startswith("-")), "")
    parser, _ = parsers(chosen)
    arguments = parser.parse_args(words)
    return ended(lambda: COMMANDS[arguments.command].load().run(arguments))


def parsers(chosen: str) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser | None]:
    """The parser of everything, in which only the chosen command has its options; and that command's own."""
    parser = argparse.ArgumentParser(
        prog="ssm",
        description="Secure STOMP Messenger: carry usage records, signed and complete, from a spool to a server.",
        epilog="`ssm COMMAND --help` says more. Start with `ssm demo`.",
    )
    parser.add_argument("--version", action="version", version=f"SSM {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    found = None
    for name, command in COMMANDS.items():
        if name != chosen:
            commands.add_parser(name, help=command.summary)
            continue
        module = command.load()
        description, _, rest = (module.__doc__ or "").partition("\n\n")
        found = commands.add_parser(
            name,
            help=command.summary,
            description=description,
            epilog=rest.strip(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(found)
    return parser, found


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command, or of everything for the empty name."""
    parser, found = parsers(name)
    return found or parser


def ended(work: Callable[[], int], error_status: int | None = None) -> int:
    """Run, and turn errors into an exit status; ``error_status`` stands for all of ours where the incumbent had one."""
    try:
        status = work()
        sys.stdout.flush()
    except SsmError as error:
        complain(error)
        return error.exit_status if error_status is None else error_status
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        # Our output cannot be written; nothing may be tried with it at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return BROKEN_PIPE
        complain(SsmError(f"{error.filename or 'output'}: {error.strerror}"))
        return EX_IOERR if error_status is None else error_status
    return status


def ssmsend(argv: Sequence[str] | None = None) -> int:
    """``ssmsend``, with the flags and exit statuses of the incumbent."""
    arguments = incumbent_parser("ssmsend").parse_args(argv)
    warn_log_config(arguments)
    from ssm.cli.commands.send import run_incumbent

    return ended(lambda: run_incumbent(Path(arguments.config)), error_status=1)


def ssmreceive(argv: Sequence[str] | None = None) -> int:
    """``ssmreceive``, with the flags and exit statuses of the incumbent."""
    arguments = incumbent_parser("ssmreceive").parse_args(argv)
    warn_log_config(arguments)
    from ssm.cli.commands.receive import run_incumbent

    return ended(lambda: run_incumbent(Path(arguments.config), arguments.dn_file), error_status=1)


def incumbent_parser(name: str) -> argparse.ArgumentParser:
    """The incumbent's flags."""
    is_sender = name == "ssmsend"
    description = (
        "Send the messages in the outgoing spool, once." if is_sender else "Receive messages, in the background."
    )
    parser = argparse.ArgumentParser(prog=name, description=description)
    default = "/etc/apel/sender.cfg" if is_sender else "/etc/apel/receiver.cfg"
    parser.add_argument("-c", "--config", default=default, help="configuration file (default: %(default)s)")
    parser.add_argument("-l", "--log_config", default=None, help="has no effect any more")
    parser.add_argument("-v", "--version", action="version", version=f"SSM {__version__}")
    if not is_sender:
        listed = "the signer list (default: valid-dns of an ssm.cfg, else /etc/apel/dns)"
        parser.add_argument("-d", "--dn_file", type=Path, help=listed)
    return parser


def warn_log_config(arguments: argparse.Namespace) -> None:
    """Said, and then passed over."""
    if arguments.log_config is not None:
        print("warning: -l/--log_config has no effect; logging is set in the configuration file", file=sys.stderr)
