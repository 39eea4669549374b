# SPDX-License-Identifier: Apache-2.0
"""Storing messages: their rows, the months these touch, and the messages themselves, in one transaction.

The order matters: rows in the order of their keys, then marks, then messages, so that loaders wait for each other in
one direction. A message that somebody else has stored in the meantime breaks the transaction at its end, whole.
"""

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import itemgetter

from sqlalchemy import Engine

from ssm.accounting.layouts import LAYOUTS, MESSAGE
from ssm.ports.repository import Arrival, Block, Changes, Row, Stored
from ssm.repository.session import Dialect, Session, Upserted
from ssm.repository.upserts import MONTH_AT, SITE_AT

CHUNK = 200
MESSAGES = ("id", "digest", "element", "signer", "message_id", "received", "loaded", "kind", "records")
DIRTY = ("site", "month", "kind", "message", "records")


class SqlRepository:
    """Implements ``ssm.ports.repository.Repository``; connects anew after an error."""

    def __init__(self, engine: Engine, dialect: Dialect) -> None:
        self.engine = engine
        self.dialect = dialect
        self.opened: Session | None = None

    def known(self, arrivals: Collection[Arrival]) -> Mapping[tuple[bytes, str], int]:
        """By the index of digests."""
        digests = sorted({one.digest for one in arrivals})
        found: dict[tuple[bytes, str], int] = {}
        with self.session() as session:
            for begin in range(0, len(digests), CHUNK):
                part = digests[begin : begin + CHUNK]
                marks = ", ".join(["{}"] * len(part))
                query = f"SELECT digest, element, id FROM messages WHERE digest IN ({marks})"  # noqa: S608 - marks only
                for digest, element, number in session.select(query, part):
                    assert isinstance(digest, bytes) and isinstance(number, int), "as declared"
                    found[digest, str(element)] = number
        return found

    def store(self, messages: Sequence[Stored], blocks: Sequence[Block]) -> Changes:
        """One transaction."""
        with self.session() as session:
            for block in blocks:
                layout = LAYOUTS[block.kind]
                session.prepare(layout, months_of(block) if layout.is_large else ())
            session.begin()
            try:
                changes = store_all(session, messages, blocks)
                session.commit()
            except BaseException:
                with contextlib.suppress(*self.dialect.errors()):
                    session.rollback()
                raise
            return changes

    @contextlib.contextmanager
    def session(self) -> Iterator[Session]:
        """The open connection, or a new one; a connection that failed is not used again."""
        try:
            if self.opened is None:
                self.opened = self.dialect.open_session(self.engine)
            yield self.opened
        except Exception as error:
            self.close()
            raw = getattr(error, "orig", None) or error
            if isinstance(raw, self.dialect.errors()):
                raise self.dialect.trouble(raw) from error
            raise

    def close(self) -> None:
        """Release the connection."""
        if self.opened is not None:
            with contextlib.suppress(*self.dialect.errors()):
                self.opened.close()
            self.opened = None


def store_all(session: Session, messages: Sequence[Stored], blocks: Sequence[Block]) -> Changes:
    """Within a transaction."""
    given = changed = 0
    marks: list[Row] = []
    for block in blocks:
        done = session.upsert(LAYOUTS[block.kind], block.rows)
        given += len(block.rows)
        changed += done.changed
        marks += marks_of(block, done)
    if marks:
        session.insert("dirty", DIRTY, marks)
    now = int(time.time())
    session.insert("messages", MESSAGES, [message_row(one, now) for one in messages])
    return Changes(given, changed)


def months_of(block: Block) -> set[int]:
    """In which it has rows."""
    return {int(str(month)) for month in set(map(itemgetter(MONTH_AT), block.rows))}


def marks_of(block: Block, done: Upserted) -> list[Row]:
    """Which months have changed, with each message that is in them, and how many records it has there."""
    if not done.touched:
        return []
    touched = {(one.site, one.month) for one in done.touched}
    counts = Counter(map(itemgetter(SITE_AT, MONTH_AT, LAYOUTS[block.kind].names.index(MESSAGE)), block.rows))
    return [
        (site, month, block.kind, message, count)
        for (site, month, message), count in sorted(counts.items())
        if (site, month) in touched
    ]


def message_row(one: Stored, now: int) -> Row:
    """As the table has it."""
    arrival = one.arrival
    return (
        *(arrival.id, arrival.digest, arrival.element, arrival.signer, arrival.message_id, arrival.received),
        *(now, one.kind, one.records),
    )


class OpenedWhenNeeded:
    """Implements ``ssm.ports.repository.Repository`` over one that is opened, and its version looked at, when needed.

    After an error it is opened anew: meanwhile somebody may have upgraded the tables, or restored others.
    """

    def __init__(self, open_one: Callable[[], SqlRepository]) -> None:
        self.open_one = open_one
        self.opened: SqlRepository | None = None

    def known(self, arrivals: Collection[Arrival]) -> Mapping[tuple[bytes, str], int]:
        """As of the one that is opened."""
        with self.one() as repository:
            return repository.known(arrivals)

    def store(self, messages: Sequence[Stored], blocks: Sequence[Block]) -> Changes:
        """As of the one that is opened."""
        with self.one() as repository:
            return repository.store(messages, blocks)

    @contextlib.contextmanager
    def one(self) -> Iterator[SqlRepository]:
        """The one that is opened."""
        try:
            if self.opened is None:
                self.opened = self.open_one()
            yield self.opened
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Until it is needed again."""
        if self.opened is not None:
            self.opened.close()
            self.opened = None
