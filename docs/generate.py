# SPDX-License-Identifier: Apache-2.0
"""Write the reference pages from the code: options, commands, events, errors, records, checks.

python docs/generate.py          write them
python docs/generate.py --check  exit 1 when one is stale
"""

import argparse
import inspect
import logging
import sys
from pathlib import Path

from ssm import errors
from ssm.accounting.events import LoadEvent
from ssm.cli.main import COMMANDS, incumbent_parser, parser_of
from ssm.messenger.events import Event
from ssm.records.checks import CHECKS
from ssm.records.codes import CODES
from ssm.records.field import Field, RecordType
from ssm.records.formats import FORMATS
from ssm.records.types import RECORD_TYPES
from ssm.settings.ini import SECTIONS
from ssm.settings.legacy import IGNORED, RENAMED
from ssm.settings.listeners import options as options_of_a_listener
from ssm.settings.options import Declared, declared
from ssm.settings.protocols import PROTOCOLS

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Written by docs/generate.py from the code; do not edit. -->\n\n"


def options() -> str:
    """Every option of both roles."""
    lines = [
        "# Options\n",
        "INI syntax, as apel-ssm reads it. Every option can also be given as `SSM_SET_SECTION_OPTION` in the",
        "environment, or as `--set section.option=value` on the command line; later sources win. An unknown option",
        "is a fault.",
        f"`[sender] protocol` and `[receiver] protocol` must be {' or '.join(f'`{one}`' for one in PROTOCOLS)}.\n",
    ]
    lines += [
        "A receiver may have further listeners, each in a section `[receiver.NAME]` with its own `protocol` and, by",
        f"the same names, what differs of {', '.join(f'`{one}`' for one in options_of_a_listener())}.",
        "An `ssm.cfg` of SSM 1 is understood as it is.\n",
    ]
    for role, sections in SECTIONS.items():
        lines.append(f"## Of a {role}\n")
        for section, kind in sections.items():
            lines += [f"### [{section}]\n", "| option | default | what it is | values |", "|---|---|---|---|"]
            lines += [option_row(one) for one in declared(kind)]
            lines.append("")
    lines += ["## Older names\n", "| old | now |", "|---|---|"]
    lines += [f"| `[{section}] {old}` | `{new}` |" for (section, old), new in RENAMED.items()]
    lines += [
        f"| `[{section}] {old}` | no effect{': ' + why if why else ''} |" for (section, old), why in IGNORED.items()
    ]
    return "\n".join(lines) + "\n"


def option_row(one: Declared) -> str:
    """One line of a table."""
    default = "**required**" if one.is_required else shown(one)
    return f"| `{one.name}` | {default} | {one.option.meaning} | {one.option.reader.kind} |"


def shown(one: Declared) -> str:
    """A default as it would be written."""
    if one.default is None or one.default == ():
        return "none"
    if isinstance(one.default, bool):
        return str(one.default).lower()
    if one.name == "level" and isinstance(one.default, int):
        return logging.getLevelName(one.default)
    if one.name == "max_message_size" and isinstance(one.default, int):
        return f"{one.default >> 20} MiB"
    return f"{one.default:g}" if isinstance(one.default, float) else str(one.default)


def commands() -> str:
    """The help of every command."""
    pages = [("ssm", parser_of("")), *((f"ssm {name}", parser_of(name)) for name in COMMANDS)]
    incumbent = [
        ("ssmsend", incumbent_parser("ssmsend")),
        ("ssmreceive", incumbent_parser("ssmreceive")),
    ]
    blocks = [f"## `{name}`\n\n```\n{text_of(parser)}```\n" for name, parser in [*pages, *incumbent]]
    return "# Commands\n\n" + "\n".join(blocks)


def text_of(parser: argparse.ArgumentParser) -> str:
    """Help as a terminal of 100 columns shows it."""
    return parser.format_help()


def events() -> str:
    """The catalogue of log events."""
    lines = [
        "# Log events\n",
        "Each change of a message's state is one line, after it is durable. In JSON lines the name stands in `event`,",
        "and the facts in braces are members. Level ERROR means that a person must act.\n",
        "| event | level | line | meaning |",
        "|---|---|---|---|",
    ]
    for event in (*Event, *LoadEvent):
        kind = event.value
        lines.append(f"| `{kind.name}` | {logging.getLevelName(kind.level)} | {kind.text} | {kind.meaning} |")
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """The tree, and each error's exit status."""
    tree = (errors.__doc__ or "").partition("::\n\n")[2].partition("\n\nAnything")[0]
    lines = ["# Errors and exit statuses\n", "```", inspect.cleandoc(tree), "```\n"]
    lines += ["| error | short class | exit status | meaning |", "|---|---|---|---|"]
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.SsmError):
            reason = f"`{kind.reason}`" if issubclass(kind, errors.RejectError) else ""
            first = (kind.__doc__ or "").split("\n")[0]
            lines.append(f"| `{name}` | {reason} | {kind.exit_status} | {first} |")
    lines += [
        "\nOther statuses: 0 done; 1 nothing like that, or (`ssm demo`) not every outcome was right; 2 wrong usage;",
        "130 interrupted. `ssmsend` and `ssmreceive` end with 1 for every error, as they always did.",
    ]
    return "\n".join(lines) + "\n"


def records() -> str:
    """Every field of every type of record, in every version."""
    lines = [
        "# Records\n",
        "What usage records say, as the code declares it. *required*: a repository refuses a record without it;",
        "*expected*: the documentation asks for it, and repositories do without. Versions are those of the type; where",
        "a field had another name or form in earlier ones, that stands beside it. In XML, a field stands in the",
        "element (and attribute) named last.\n",
        "| type | what it is | travels as |",
        "|---|---|---|",
    ]
    for kind in RECORD_TYPES.values():
        forms = ", ".join(one.title for one in FORMATS.values() if kind in one.types)
        lines.append(f"| [`{kind.name}`](#{anchor(kind.title)}) | {kind.title} | {forms} |")
    for kind in RECORD_TYPES.values():
        lines += ["", *record_page(kind)]
    return "\n".join(lines) + "\n"


def anchor(title: str) -> str:
    """As Markdown makes one of a heading."""
    return title.lower().replace(" ", "-")


def record_page(kind: RecordType) -> list[str]:
    """One type."""
    lines = [f"## {kind.title}\n", (inspect.getdoc(sys.modules[kind.record.__module__]) or "").split("\n")[0] + "\n"]
    if kind.headers:
        lines += ["Text headers: " + ", ".join(f"`{word}: {version}`" for version, word in kind.headers) + ".\n"]
    if kind.ignored:
        lines += ["Accepted, and not kept: " + ", ".join(f"`{name}`" for name in sorted(kind.ignored)) + ".\n"]
    key = ", ".join(f"`{one.name}`" for one in kind.fields() if one.attribute in kind.key)
    lines += [f"Told from each other by: {key}. Source: {kind.source}.\n"]
    lines += ["| field | versions | kind | unit | needed | XML | meaning |", "|---|---|---|---|---|---|---|"]
    lines += [field_row(kind, one) for one in kind.fields()]
    return lines


def field_row(kind: RecordType, one: Field) -> str:
    """One field."""
    name = f"`{one.name}`" + "".join(
        f"<br>`{old.name}` up to {old.until}" for old in one.earlier if old.name != one.name
    )
    forms = one.kind.name + "".join(
        f"; {old.kind.name} up to {old.until}" for old in one.earlier if old.kind is not one.kind
    )
    versions = f"{one.since or kind.versions[0]} to {one.until or kind.newest}" if one.in_text else "XML only"
    xml = f"`{one.xml}`" if one.xml else ""
    source = f" ({one.source})" if one.source else ""
    return f"| {name} | {versions} | {forms} | {one.unit} | {one.need.value} | {xml} | {one.meaning}{source} |"


def checks() -> str:
    """Every check, and every other fault that `ssm check` tells."""
    lines = [
        "# Checks\n",
        "What `ssm check` looks at, and the sender before it signs (`[messaging] check`). An *error* is what a",
        "repository refuses, or must; a *warning* is suspicious; a *note* is worth knowing. Codes are stable, for",
        "programs.\n",
        "## Of each record\n",
        "| code | level | what must hold | of |",
        "|---|---|---|---|",
    ]
    names = {kind.record: kind.name for kind in RECORD_TYPES.values()}
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in CHECKS:
        row = found.setdefault((one.code, one.level.name.lower(), one.meaning), [])
        row += [names[record] for record in one.types]
    lines += [f"| `{code}` | {level} | {meaning} | {', '.join(of)} |" for (code, level, meaning), of in found.items()]
    lines += ["\n## Of the form of a message\n", "| code | what is wrong |", "|---|---|"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in sorted(CODES.items())]
    return "\n".join(lines) + "\n"


PAGES = {
    "options.md": options,
    "commands.md": commands,
    "events.md": events,
    "errors.md": errors_page,
    "records.md": records,
    "checks.md": checks,
}


def main() -> int:
    """Write, or compare."""
    check = "--check" in sys.argv
    stale = []
    for name, make in PAGES.items():
        path = REFERENCE / name
        text = NOTE + make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    print(f"stale: {', '.join(stale)}" if stale else "all pages are up to date")
    return int(check and bool(stale))


if __name__ == "__main__":
    raise SystemExit(main())
