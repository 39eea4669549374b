# SPDX-License-Identifier: Apache-2.0
"""Publishing: what is in the repository goes out again as messages, to the next level.

Summaries replace what was published before, by their keys; a key that is there no more is published once again with
zeros, for receivers remove nothing by themselves. So what may have gone out is remembered:

1. what is about to go out is written down as intended, durably;
2. the messages are placed in the outgoing spool, each synced;
3. what went out is written down with its counts, and what was taken back is forgotten.

Whoever dies in between has at worst placed messages that are placed again: they say the same, and count once.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from types import MappingProxyType
from typing import TypeAlias

from ssm.accounting import lots
from ssm.accounting.layouts import LAYOUTS
from ssm.accounting.lots import Lot
from ssm.accounting.merging import publication_of, taken_back
from ssm.accounting.selection import Selection
from ssm.accounting.summary_tables import CLOUD_SUMMARIES, JOB_SUMMARIES
from ssm.accounting.unshaping import records_of
from ssm.errors import FormatError, RecordError
from ssm.ports.publications import Publication, Publications
from ssm.ports.repository import Row
from ssm.records.convert import Losses, Target, converted
from ssm.records.field import Record
from ssm.records.formats import FORMATS
from ssm.records.message import Message, made
from ssm.records.split import Size, split
from ssm.records.types import RECORD_TYPES
from ssm.records.types.cloud_summary import CLOUD_SUMMARY
from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.summary import SUMMARY
from ssm.records.types.sync import SYNC

TEXT = "apel-text"
SHARED_VERSION = "v0.4"
"""In which all types of summaries of jobs say their benchmarks as dictionaries."""
LOT_RECORDS = 20_000
"""Summaries are held together until they are so many, and then go out."""
MEANING = {JOB.name: "v0.3", SUMMARY.name: "v0.2", NORMALISED_SUMMARY.name: "v0.3"}
"""The version whose fields mean what a row says, where that is not the newest."""
Leave: TypeAlias = Callable[[bytes], str]
"""Places a message in the outgoing spool, durably; its name there."""


@dataclass(frozen=True, slots=True)
class Product:
    """Something that can be published as sums."""

    table: str
    kinds: tuple[str, ...]
    """Types of records it becomes; of these, what was published before is taken back."""
    lot: Callable[[Iterable[Row], Selection], Lot]


JOBS = (SUMMARY.name, NORMALISED_SUMMARY.name)
PRODUCTS: Mapping[str, Product] = MappingProxyType(
    {
        SUMMARY.name: Product(JOB_SUMMARIES.name, JOBS, lots.summaries),
        NORMALISED_SUMMARY.name: Product(JOB_SUMMARIES.name, JOBS, lots.normalised_summaries),
        CLOUD_SUMMARY.name: Product(CLOUD_SUMMARIES.name, (CLOUD_SUMMARY.name,), lots.cloud_summaries),
        SYNC.name: Product(JOB_SUMMARIES.name, (SYNC.name,), lots.counts),
    }
)
INDIVIDUAL = tuple(name for name in RECORD_TYPES if LAYOUTS[name].is_large or name == "accelerator")
KINDS = (*PRODUCTS, *INDIVIDUAL)
WITH_SYNC = (SUMMARY.name, NORMALISED_SUMMARY.name, JOB.name)
"""Whoever publishes these publishes how many there are, too (APEL messages, synchronisation)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How messages are made."""

    format: str
    version: str | None = None
    """Of the records; None: the one that means what is kept."""
    records: int = 1000
    """Of a message, at most."""
    octets: int = 1_000_000
    """Of a message, at most."""


@dataclass(slots=True)
class Unloaded:
    """What went out."""

    messages: int = 0
    records: dict[str, int] = field(default_factory=dict)
    """By type."""
    taken_back: int = 0
    """Of these, records that say there is nothing any more."""
    losses: Losses = field(default_factory=Losses)
    refused: list[str] = field(default_factory=list)
    """One sentence for each record that cannot be said in this form, and did not go out."""


@dataclass(slots=True)
class Unload:
    """One run."""

    publications: Publications
    leave: Leave
    selection: Selection
    target: str
    """Where to: what was published is remembered by this name."""
    now: int
    done: Unloaded = field(default_factory=Unloaded)

    def run(self, kind: str, shape: Shape) -> Unloaded:
        """Publish one kind of records, and the counts that go with it."""
        if kind in PRODUCTS:
            self.publish(PRODUCTS[kind], {kind: shape})
        else:
            self.publish_individual(kind, shape)
        if kind in WITH_SYNC:
            self.publish(PRODUCTS[SYNC.name], {SYNC.name: replace(shape, format=TEXT, version=None)})
        return self.done

    def publish(self, product: Product, shapes: Mapping[str, Shape]) -> None:
        """Sums, with what has to be taken back."""
        forms = {kind: shapes.get(kind) or companion(shapes) for kind in product.kinds}
        for kind, shape in forms.items():
            target_of(kind, shape)  # before anything is written down as intended
        for lot, gone in self.lots(product):
            sent = publications_of(lot)
            unsaid: set[tuple[str, int, bytes]] = set()
            self.publications.intend(self.target, sent)
            for kind, records in lot.items():
                zeros = [taken_back(RECORD_TYPES[kind], one) for one in gone if one.kind == kind]
                self.done.taken_back += len(zeros)
                refused = self.place(kind, iter([*records, *zeros]), forms[kind])
                unsaid |= {(one.kind, one.month, one.digest) for one in publications_of({kind: refused})}
            went = [one for one in sent if (one.kind, one.month, one.digest) not in unsaid]
            self.publications.settle(self.target, went, gone)

    def lots(self, product: Product) -> Iterator[tuple[Lot, list[Publication]]]:
        """Records of whole sites, not too many at a time; and what there is no more of these."""
        held: dict[str, list[Record]] = {kind: [] for kind in product.kinds}
        gone: list[Publication] = []
        for site in sites_of(self.publications, self.target, product, self.selection):
            lot = lot_of(self.publications, product, site, self.selection)
            before = self.publications.published(self.target, product.kinds, site, self.selection.window)
            gone += gone_of(before, lot, self.selection)
            for kind, records in lot.items():
                held[kind] += records
            if sum(map(len, held.values())) >= LOT_RECORDS:
                yield held, gone
                held, gone = {kind: [] for kind in product.kinds}, []
        if gone or any(held.values()):
            yield held, gone

    def publish_individual(self, kind: str, shape: Shape) -> None:
        """Records one by one; receivers tell them apart by their keys."""
        table, selection = LAYOUTS[kind].name, self.selection

        def everything() -> Iterator[Record]:
            for site in self.publications.sites(table, selection.window):
                for rows in self.publications.rows(table, site, selection.window):
                    yield from selection.dressed(records_of(kind, taken_rows(kind, rows, selection)))

        self.place(kind, everything(), shape)

    def place(self, kind: str, records: Iterator[Record], shape: Shape) -> list[Record]:
        """As messages of bounded size; those that cannot be said, which do not hold up the others."""
        target = target_of(kind, shape)
        refused: list[Record] = []
        while some := list(islice(records, shape.records)):
            try:
                made = payloads(kind, some, target, shape, self.terms())
            except (RecordError, FormatError):
                bad = self.unsayable(kind, some, target, shape)
                some = [one for at, one in enumerate(some) if at not in bad]
                refused += bad.values()
                made = payloads(kind, some, target, shape, self.terms()) if some else []
            for payload in made:
                self.leave(payload)
            self.done.messages += len(made)
            self.done.records[kind] = self.done.records.get(kind, 0) + len(some)
        return refused

    def unsayable(self, kind: str, records: Sequence[Record], target: Target, shape: Shape) -> dict[int, Record]:
        """Those that cannot be said, by their places; each is told."""
        found = {}
        for at, record in enumerate(records):
            try:
                payloads(kind, [record], target, shape, Terms(self.now, Losses()))
            except (RecordError, FormatError) as error:
                found[at] = record
                self.done.refused.append(f"{kind} of {getattr(record, 'site', None)}: {error}")
        return found

    def terms(self) -> "Terms":
        """Of this run."""
        return Terms(self.now, self.done.losses)


@dataclass(frozen=True, slots=True)
class Terms:
    """What writing needs to know, and where it notes what is lost."""

    now: int
    losses: Losses


def payloads(kind: str, records: list[Record], target: Target, shape: Shape, terms: Terms) -> list[bytes]:
    """Messages; RecordError or FormatError where a record cannot be said."""
    message = message_of(kind, records)
    written = target.format.write(target.type, target.version, converted(message, target, terms.now, terms.losses))
    return list(split([b"".join(written)], Size(shape.octets)))


def message_of(kind: str, records: list[Record]) -> Message:
    """Records as if they had been read."""
    declared = RECORD_TYPES[kind]
    version = MEANING.get(kind, declared.newest)
    return Message(TEXT, declared, version, version, iter([made(records)]))


def target_of(kind: str, shape: Shape) -> Target:
    """The form; RecordError where records of the type have none."""
    return Target.choose(message_of(kind, []), shape.format, shape.version)


def companion(shapes: Mapping[str, Shape]) -> Shape:
    """Of records that go with others of another type: the same format, and the version that means the same."""
    [shape] = shapes.values()
    return shape if shape.version == SHARED_VERSION else replace(shape, version=None)


def publications_of(lot: Lot) -> list[Publication]:
    """What is remembered of it."""
    return [publication_of(RECORD_TYPES[kind], record) for kind, records in lot.items() for record in records]


def sites_of(publications: Publications, target: str, product: Product, selection: Selection) -> list[str]:
    """Those that have something, or had it once."""
    now = publications.sites(product.table, selection.window)
    before = publications.published_sites(target, product.kinds, selection.window)
    return sorted({*now, *before})


def lot_of(publications: Publications, product: Product, site: str, selection: Selection) -> Lot:
    """What may go out of one site."""
    rows = [row for some in publications.rows(product.table, site, selection.window) for row in some]
    return product.lot(rows, selection)


def gone_of(before: Iterable[Publication], lot: Lot, selection: Selection) -> list[Publication]:
    """What went out before and is there no more; not what this selection does not speak of."""
    there = {(one.kind, one.month, one.digest) for one in publications_of(lot)}
    return [one for one in before if (one.kind, one.month, one.digest) not in there and selection.takes(*whose(one))]


def whose(one: Publication) -> tuple[object, object]:
    """VO and infrastructure."""
    said: dict[str, object] = json.loads(one.record)
    return said.get("vo"), said.get("infrastructure_type", said.get("infrastructure"))


def taken_rows(kind: str, rows: Iterable[Row], selection: Selection) -> Iterator[Row]:
    """Individual records that may go out."""
    names = LAYOUTS[kind].names
    vo_at = names.index("vo") if "vo" in names else names.index("group")
    infrastructure_at = names.index("infrastructure") if "infrastructure" in names else None
    for row in rows:
        if selection.takes(row[vo_at], None if infrastructure_at is None else row[infrastructure_at]):
            yield row


def format_of(kind: str) -> str:
    """The format in which records of a type are usually sent."""
    return next(name for name, one in FORMATS.items() if RECORD_TYPES[kind] in one.types)
