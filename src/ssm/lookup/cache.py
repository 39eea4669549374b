# SPDX-License-Identifier: Apache-2.0
"""The last good answer on disk, for the days when no LDAP server answers.

One small JSON file beside the journal. It answers only the question it was kept for, and is believed no more than
a directory is: every address in it is read as strictly.
"""

import contextlib
import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ssm.protocols.bdii import Answer, Broker, NotABrokerError, Question, read_host, read_port

FILE = "brokers.json"
FILE_MODE = 0o640
FOLDER_MODE = 0o750
MAX_OCTETS = 512 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """What was found, and when."""

    brokers: tuple[Broker, ...]
    found: datetime


@dataclass(frozen=True, slots=True)
class BrokerCache:
    """The file for one question."""

    path: Path
    question: Question

    def key(self) -> list[str | bool | int | None]:
        """What an answer depends on."""
        return [self.question.network, self.question.use_tls, self.question.port]

    def read(self) -> Kept | None:
        """The last answer to this question; None when there is none that can be read."""
        try:
            with self.path.open("rb") as stream:
                octets = stream.read(MAX_OCTETS + 1)
            if len(octets) > MAX_OCTETS:
                return None
            return self.parse(json.loads(octets))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def parse(self, content: dict[str, object]) -> Kept | None:
        """Checked like an answer; raises ValueError, KeyError or TypeError when it is none of ours."""
        if content["question"] != self.key():
            return None
        found = datetime.fromisoformat(str(content["found"]))
        listed = content["brokers"]
        if found.tzinfo is None or not isinstance(listed, list):
            raise NotABrokerError("not written by us")
        brokers = tuple(read_broker(*one) for one in listed)
        return Kept(brokers, found) if brokers else None

    def write(self, answer: Answer, found: datetime) -> None:
        """Replace the file at once, so that nobody reads half of it; OSError when that cannot be."""
        content = {
            "question": self.key(),
            "found": found.astimezone(UTC).isoformat(timespec="seconds"),
            "brokers": [[one.host, one.port, one.rank] for one in answer.brokers],
        }
        folder = self.path.parent
        folder.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{FILE}.", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                os.fchmod(descriptor, FILE_MODE)
                stream.write(json.dumps(content).encode())
                stream.flush()
                os.fsync(descriptor)
            Path(name).replace(self.path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise


def read_broker(host: object, port: object, rank: object) -> Broker:
    """One line of the file; ValueError or TypeError."""
    if not (isinstance(host, str) and isinstance(port, int) and isinstance(rank, int)):
        raise TypeError("not written by us")
    return Broker(read_host(f"[{host}]" if ":" in host else host), read_port(str(port)), rank)
