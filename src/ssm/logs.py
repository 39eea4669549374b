# SPDX-License-Identifier: Apache-2.0
"""Handlers and layouts: the only place that sets them.

Lines of text are laid out as the incumbent's, JSON lines hold the same facts. Whatever comes from outside is bounded
and has its control characters written out, so that nobody can forge a line.
"""

import json
import logging
import logging.handlers
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from ssm.messenger.events import Event
from ssm.settings.sections import Logging

LINE = "=" * 40
MAX_VALUE = 2000
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
LOGGERS = {"sender": "ssmsend", "receiver": "ssmreceive"}
# Libraries that talk too much.
OTHERS = ("asyncio",)


@dataclass(frozen=True, slots=True)
class LogTeller:
    """Implements ``ssm.messenger.events.Teller`` over one logger."""

    logger: logging.Logger

    def __call__(self, event: Event, *, message_id: str | None = None, **facts: str | float | None) -> None:
        """One line."""
        kind = event.value
        if not self.logger.isEnabledFor(kind.level):
            return
        shown = {name: safe(value) for name, value in facts.items() if value is not None}
        shown["message_id"] = "noid" if message_id is None else safe(message_id)
        text = kind.text.format_map(Facts(shown))
        self.logger.log(kind.level, "%s", text, extra={"event": kind.name, "facts": shown})


class Facts(dict[str, str]):
    """Facts for a line; one that is missing shows as a dash."""

    def __missing__(self, name: str) -> str:
        return "-"


def safe(value: str | float) -> str:
    """A value as a line may hold it."""
    text = str(value)
    if len(text) > MAX_VALUE:
        text = text[:MAX_VALUE] + "…"
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape", "backslashreplace").decode("ascii"), text)


class TextFormatter(logging.Formatter):
    """``time - logger - level - message``, one line each; traces follow."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s")


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's facts, and its text."""
        found = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": getattr(record, "event", None),
            **getattr(record, "facts", {}),
            "text": record.getMessage(),
        }
        if record.exc_info:
            found["trace"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in found.items() if value is not None}, ensure_ascii=False)


def set_up(settings: Logging, role: str) -> LogTeller:
    """Open the log. OSError when the file cannot be written."""
    formatter = JsonFormatter() if settings.format == "json" else TextFormatter()
    handlers: list[logging.Handler] = []
    if settings.logfile is not None:
        # Watched: a rotation by others is noticed.
        handlers.append(logging.handlers.WatchedFileHandler(settings.logfile, encoding="utf-8"))
    if settings.console or settings.logfile is None:
        handlers.append(logging.StreamHandler(sys.stderr))
    root = logging.getLogger()
    for handler in (*root.handlers,):
        root.removeHandler(handler)
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(settings.level)
    for name in OTHERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    return LogTeller(logging.getLogger(LOGGERS[role]))
