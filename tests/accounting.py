# SPDX-License-Identifier: Apache-2.0
"""Messages, a spool with accepted ones, and what came of them in a database."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Executable, func, select, text

from ssm.accounting.events import LoadEvent
from ssm.repository.database import Database
from ssm.repository.schema import DIRTY, MESSAGES, RECORDS
from ssm.repository.session import Access
from ssm.spool.dirq import DirqQueue
from ssm.spool.element_names import NameMaker

SIGNER = "/C=UK/O=eScience/CN=apel.example.org"
MAY_2024 = 1_715_000_000
JOB_HEADER = "APEL-individual-job-message: v0.3\n"
T = TypeVar("T")
names = NameMaker()


def job(number: int, **said: object) -> str:
    """One job record, as a text message has it."""
    fields: dict[str, object] = {
        "Site": "EXAMPLE-T2",
        "SubmitHost": "ce1.example.org:9619/condor",
        "LocalJobId": f"{number}.0",
        "GlobalUserName": "/DC=org/DC=example/CN=Robot pilot",
        "FQAN": "/demo/Role=pilot/Capability=NULL",
        "WallDuration": 3600,
        "CpuDuration": 3000,
        "Processors": 1,
        "NodeCount": 1,
        "StartTime": MAY_2024 - 3600,
        "EndTime": MAY_2024,
        "InfrastructureType": "grid",
        "ServiceLevelType": "HEPSPEC",
        "ServiceLevel": 10.5,
    }
    return "".join(f"{name}: {value}\n" for name, value in (fields | said).items() if value is not None) + "%%\n"


def jobs(numbers: Sequence[int], **said: object) -> bytes:
    """A message of job records."""
    return (JOB_HEADER + "".join(job(number, **said) for number in numbers)).encode()


def summary(**said: object) -> bytes:
    """A message of one summary."""
    fields: dict[str, object] = {
        "Site": "EXAMPLE-T2",
        "Month": 5,
        "Year": 2024,
        "GlobalUserName": "/DC=org/DC=example/CN=Robot pilot",
        "VO": "demo",
        "SubmitHost": "ce1.example.org:9619/condor",
        "InfrastructureType": "grid",
        "ServiceLevelType": "HEPSPEC",
        "ServiceLevel": 10.5,
        "NodeCount": 1,
        "Processors": 8,
        "WallDuration": 8640000,
        "CpuDuration": 62208000,
        "NumberOfJobs": 1200,
    }
    lines = "".join(f"{name}: {value}\n" for name, value in (fields | said).items() if value is not None)
    return f"APEL-summary-job-message: v0.2\n{lines}%%\n".encode()


@dataclass
class Told:
    """Implements the teller of accounting: what was told."""

    events: list[tuple[LoadEvent, dict[str, object]]] = field(default_factory=list)

    def __call__(self, event: LoadEvent, *, message_id: str | None = None, **facts: str | float | None) -> None:
        self.events.append((event, {"message_id": message_id, **facts}))

    def of(self, event: LoadEvent) -> list[dict[str, object]]:
        return [facts for one, facts in self.events if one is event]


@dataclass
class Server:
    """A spool with an incoming box, and a configuration for loading from it."""

    folder: Path
    access: Access
    options: dict[str, str] = field(default_factory=dict)

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def log(self) -> Path:
        return self.folder / "load.log"

    def config(self, **options: object) -> Path:
        """The configuration file."""
        said = {"url": self.access.url, "password": self.access.password, "loaders": 1, **self.options, **options}
        lines = "".join(
            f"{name}: {str(value).replace('%', '%%')}\n" for name, value in said.items() if value is not None
        )
        path = self.folder / "loader.cfg"
        path.write_text(
            f"[messaging]\npath: {self.spool}\n[database]\n{lines}"
            f"[logging]\nlogfile: {self.log}\nlevel: DEBUG\nconsole: false\n"
        )
        return path

    def accept(self, body: bytes, *, signer: str = SIGNER, message_id: str | None = None, name: str = "") -> str:
        """As the receiver files an accepted message; its name."""
        queue = DirqQueue(self.spool / "incoming")
        element = name or f"00000000/{names.next_name()}"
        staged = self.spool / "incoming" / ".staging" / "test" / element.replace("/", "-")
        fields = {"body": body, "signer": signer.encode()}
        queue.stage(staged, fields if message_id is None else fields | {"empaid": message_id.encode()}, sync=False)
        assert queue.publish(staged, element)
        return element

    def waiting(self) -> list[str]:
        """What is in incoming."""
        return list(DirqQueue(self.spool / "incoming").elements())

    def locked(self) -> list[Path]:
        """Locks in incoming."""
        return list((self.spool / "incoming").glob("*/*/locked"))

    def rejected(self) -> dict[str, dict[str, bytes]]:
        """What is in reject, by name."""
        queue = DirqQueue(self.spool / "reject")
        found = {name: queue.read(name) for name in queue.elements()}
        return {name: fields for name, fields in found.items() if fields is not None}

    def errors(self) -> list[str]:
        """Why, for each that is there."""
        return [fields["error"].decode() for fields in self.rejected().values()]


@dataclass
class Contents:
    """Looks into a database."""

    access: Access

    def rows(self, kind: str, *columns: str) -> list[tuple[object, ...]]:
        """Some columns of a table of records, in order."""
        table = RECORDS[kind]
        chosen = [table.c[name] for name in columns or table.c.keys()]
        return self.run(lambda database: self.select(database, select(*chosen).order_by(*chosen)))

    def count(self, kind: str) -> int:
        """Rows of a table of records."""
        [(found,)] = self.run(lambda database: self.select(database, select(func.count()).select_from(RECORDS[kind])))
        assert isinstance(found, int)
        return found

    def messages(self) -> list[tuple[object, ...]]:
        """Who said what, in order of arrival."""
        columns = (MESSAGES.c.message_id, MESSAGES.c.signer, MESSAGES.c.kind, MESSAGES.c.records)
        return self.run(lambda database: self.select(database, select(*columns).order_by(MESSAGES.c.id)))

    def dirty(self) -> set[tuple[object, ...]]:
        """Site, month and kind."""
        columns = (DIRTY.c.site, DIRTY.c.month, DIRTY.c.kind)
        return set(self.run(lambda database: self.select(database, select(*columns))))

    def clean(self) -> None:
        """As if everything had been summarised."""
        self.execute("DELETE FROM dirty")

    def execute(self, statement: str) -> None:
        """Anything."""

        def work(database: Database) -> None:
            with database.connect() as connection:
                connection.execute(text(statement))
                connection.commit()

        self.run(work)

    def run(self, work: Callable[[Database], T]) -> T:
        """With a database that is closed again."""
        database = Database(self.access)
        try:
            return work(database)
        finally:
            database.close()

    @staticmethod
    def select(database: Database, query: Executable) -> list[tuple[object, ...]]:
        """All rows of a query."""
        with database.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]


def until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Poll until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"there is still not: {what}"
        time.sleep(0.02)
