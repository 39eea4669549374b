# SPDX-License-Identifier: Apache-2.0
"""Handlers and layouts: the only place that sets them.

Lines of text are laid out as the incumbent's, JSON lines hold the same facts. Whatever comes from outside is bounded
and has its control characters written out, so that nobody can forge a line.
"""

import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ssm.accounting.events import LoadEvent
from ssm.messenger.events import Event
from ssm.names import printable
from ssm.settings.sections import Logging

LINE = "=" * 40
LOGGERS = {"sender": "ssmsend", "receiver": "ssmreceive", "loader": "ssmload"}
# Libraries that talk too much.
OTHERS = ("asyncio", "alembic", "sqlalchemy", "httpx2", "httpcore2")


@dataclass(frozen=True, slots=True)
class LogTeller:
    """Implements ``ssm.messenger.events.Teller``, and that of accounting, over one logger."""

    logger: logging.Logger

    def __call__(self, event: Event | LoadEvent, *, message_id: str | None = None, **facts: str | float | None) -> None:
        """One line."""
        kind = event.value
        if not self.logger.isEnabledFor(kind.level):
            return
        known = {"message_id": message_id} | facts
        shown = {
            name: safe(value) if isinstance(value, str) else value for name, value in known.items() if value is not None
        }
        text = kind.text.format_map(Facts(shown))
        self.logger.log(kind.level, "%s", text, extra={"event": kind.name, "facts": shown})


class Facts(dict[str, str | float]):
    """Facts for a line; a message without an id is called noid, what else is missing shows as a dash."""

    def __missing__(self, name: str) -> str:
        return "noid" if name == "message_id" else "-"


def safe(value: str | float) -> str:
    """A value as a line may hold it."""
    return printable(str(value))


class TextFormatter(logging.Formatter):
    """``time - logger - level - message``, one line each; traces follow."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s - %(name)s - %(levelname)s - %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class's name
        """The line; a trace may follow it, but nothing from outside begins a new one."""
        return printable(super().formatMessage(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's facts, and its text."""
        import json

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


def set_up(settings: Logging, role: str, *, for_long: bool = True) -> LogTeller:
    """Open the log. OSError when the file cannot be written."""
    formatter = JsonFormatter() if settings.format == "json" else TextFormatter()
    handlers: list[logging.Handler] = []
    if settings.logfile is not None:
        handlers.append(file_handler(settings.logfile, for_long=for_long))
    if settings.console or settings.logfile is None:
        handlers.append(logging.StreamHandler(sys.stderr))
    root = logging.getLogger()
    for handler in (*root.handlers,):
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(settings.level)
    for name in OTHERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    return LogTeller(logging.getLogger(LOGGERS[role]))


def file_handler(logfile: Path, *, for_long: bool) -> logging.Handler:
    """Appends to a file; what runs for long notices when the file is rotated away."""
    if not for_long:
        return logging.FileHandler(logfile, encoding="utf-8")
    # Loads sockets and more, which a run from cron does not need.
    from logging.handlers import WatchedFileHandler

    return WatchedFileHandler(logfile, encoding="utf-8")
