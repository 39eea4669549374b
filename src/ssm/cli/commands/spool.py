# SPDX-License-Identifier: Apache-2.0
"""List, show, retry or remove messages in a spool: outgoing, incoming, rejected or deferred.

  ssm spool list rejected -c /etc/apel/receiver.cfg
  ssm spool show rejected 00000000/5f0a1c41b2d3e7 -c /etc/apel/receiver.cfg
  ssm spool retry rejected 00000000/5f0a1c41b2d3e7 -c /etc/apel/receiver.cfg
  ssm spool list outgoing -c /etc/apel/sender.cfg

retry of a rejected message moves it to deferred, where a running receiver judges it again: nothing passes without
being judged; one that the loader had refused goes back to incoming. retry of an outgoing one takes a lock away, so
that the next run sends it.
A sender has outgoing, and rejected for what could never be sent. A loader has the boxes of its receiver.

Exit status: 0 done; 1 there is no such message, or somebody is at work on it; 78 configuration.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ssm.cli.console import size_text, table
from ssm.cli.sources import add_sources, sources
from ssm.errors import ConfigError
from ssm.names import printable
from ssm.settings.ini import read_receiver, read_sender, role_of
from ssm.settings.loader import read_loader

if TYPE_CHECKING:
    from ssm.spool.browse import Item, Shelf

BOXES = {"incoming": "incoming", "rejected": "reject", "deferred": "deferred"}
ACTIONS = ("list", "show", "retry", "remove")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options."""
    parser.add_argument("action", choices=ACTIONS, help="what to do")
    parser.add_argument("box", choices=("outgoing", *BOXES), help="where")
    parser.add_argument("name", nargs="*", help="which messages, by the names that list shows")
    add_sources(parser, "/etc/apel/receiver.cfg")
    parser.add_argument("--json", action="store_true", help="list: one JSON object a line")


def run(arguments: argparse.Namespace) -> int:
    """``ssm spool``."""
    if (arguments.action == "list") == bool(arguments.name):
        raise ConfigError("list takes no names, the other actions take at least one")
    shelf, root, state = open_shelf(arguments)
    names = [checked(name, shelf) for name in arguments.name]
    match arguments.action:
        case "list":
            list_items(shelf, as_json=arguments.json)
            return 0
        case "show":
            return each(names, lambda name: show(shelf, name))
        case "remove":
            return each(names, shelf.remove)
        case _ if arguments.box == "rejected":
            return each(names, lambda name: judge_again(root, state, name))
        case _:
            return each(names, shelf.unlock)


def open_shelf(arguments: argparse.Namespace) -> tuple["Shelf", Path, Path]:
    """The place that is meant, the folder of its boxes, and where the journal is."""
    from ssm.spool.browse import DirectoryShelf, QueueShelf, SimpleShelf
    from ssm.spool.state import state_folder

    role = role_of(arguments.config)
    if role != "sender":
        if arguments.box == "outgoing":
            raise ConfigError(f"{arguments.config} is a {role}'s, which has no outgoing spool", hint="name a sender's")
        settings, _ = (read_receiver if role == "receiver" else read_loader)(sources(arguments))
        root = settings.messaging.path
        return QueueShelf(root / BOXES[arguments.box]), root, state_folder(root, settings.messaging.state)
    sender, _ = read_sender(sources(arguments))
    path = sender.messaging.path
    state = state_folder(path, sender.messaging.state)
    if arguments.box != "outgoing":
        return QueueShelf(state / BOXES[arguments.box]), state, state
    return (SimpleShelf(path) if sender.messaging.path_type == "dirq" else DirectoryShelf(path)), path, state


def list_items(shelf: "Shelf", *, as_json: bool) -> None:
    """What is there."""
    if as_json:
        for item in shelf.items():
            print(json.dumps(asdict(item), ensure_ascii=False))
        return
    rows = [row(item) for item in shelf.items()]
    if rows:
        table(("name", "time (UTC)", "size", "signer", "message id", "reason"), rows)
    else:
        print("nothing there")


def row(item: "Item") -> tuple[str, ...]:
    """One line."""
    when = datetime.fromtimestamp(item.modified, UTC).strftime("%Y-%m-%d %H:%M:%S")
    name = f"{item.name} (locked)" if item.is_locked else item.name
    texts = (item.signer, item.message_id, item.error.partition("\n")[0])
    return (name, when, size_text(item.size), *(printable(text) or "-" for text in texts))


def show(shelf: "Shelf", name: str) -> bool:
    """One body, as it is."""
    body = shelf.read(name)
    if body is None:
        return False
    sys.stdout.buffer.write(body)
    return True


def judge_again(root: Path, state: Path, name: str) -> bool:
    """From rejected to deferred; what the loader had refused, to incoming."""
    from ssm.ports.filing import Box
    from ssm.spool.refused import load_again, was_refused_by_loader
    from ssm.spool.twins import is_kept_by_sender
    from ssm.wiring.messaging import open_cabinet

    if was_refused_by_loader(root, name):
        return load_again(root, name)
    with open_cabinet(root, state) as cabinet:
        if is_kept_by_sender(cabinet.queues[Box.REJECTED], name):
            hint = "mend what the reason names; remove this copy if it is in the way"
            raise ConfigError(f"the sender of {name} keeps it, and sends it again by itself", hint=hint)
        return cabinet.judge_again(name) is not None


def each(names: list[str], act: Callable[[str], bool]) -> int:
    """Do it to each; say which could not be done."""
    status = 0
    for name in names:
        if not act(name):
            print(f"{name}: there is no such message, or somebody is at work on it", file=sys.stderr)
            status = 1
    return status


def checked(name: str, shelf: "Shelf") -> str:
    """A name is that of an element, and of nothing above, beside or below one."""
    if not shelf.could_hold(name):
        raise ConfigError(f"{name} is not the name of a message", hint="take one that list shows")
    return name
