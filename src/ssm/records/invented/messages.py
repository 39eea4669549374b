# SPDX-License-Identifier: Apache-2.0
"""Invented records as messages: of one site and month each, in any format that their type has."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from types import MappingProxyType

from ssm.records.convert import Losses, Target, converted
from ssm.records.field import Record, RecordType
from ssm.records.formats import FORMATS, text_reader
from ssm.records.invented import others, sums
from ssm.records.invented.jobs import jobs, shares
from ssm.records.invented.months import Month
from ssm.records.invented.world import Site, Wish, dice, world_of
from ssm.records.message import Batch, Message, made
from ssm.records.types.accelerator import ACCELERATOR
from ssm.records.types.cloud import CLOUD
from ssm.records.types.job import JOB
from ssm.records.types.public_ip import PUBLIC_IP
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY
from ssm.records.types.sync import SYNC


@dataclass(frozen=True, slots=True)
class Invention:
    """How records of one type are made."""

    type: RecordType
    names_version: str
    """In whose form they are made."""
    make: Callable[[int, Site, Month, int], Iterator[Record]]
    """With seed, site, month, and how many; of sums: of how many jobs."""


INVENTIONS: Mapping[str, Invention] = MappingProxyType(
    {
        one.type.name: one
        for one in (
            Invention(JOB, "v0.3", jobs),
            Invention(SUMMARY, "v0.2", sums.summaries),
            Invention(SYNC, "v0.1", sums.sync_records),
            Invention(CLOUD, "v0.4", others.machines),
            Invention(STORAGE, "1.2", others.storage),
            Invention(PUBLIC_IP, "v0.2", others.addresses),
            Invention(ACCELERATOR, ACCELERATOR.newest, others.accelerators),
        )
    }
)
"""By the name of the type. To add one: a line here."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made."""

    wish: Wish
    invention: Invention
    target: Target
    months: tuple[Month, ...]
    count: int
    """Records in all; of sums: jobs that they sum up."""
    most_records: int = 1000
    """In a message."""
    now: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """One message."""

    site: str
    month: Month
    number: int
    """Among those of the same site and month."""
    records: tuple[Record, ...]


def order_target(invention: Invention, name: str | None, version: str | None) -> Target:
    """The form in which they are written; RecordError where there is none such."""
    form = name or next(one.name for one in FORMATS.values() if invention.type in one.types)
    return Target.choose(as_message(invention, ()), form, version)


def messages(order: Order) -> Iterator[tuple[Piece, bytes]]:
    """Every message, month by month."""
    for piece in pieces(order):
        yield piece, b"".join(written(order, piece.records))


def pieces(order: Order) -> Iterator[Piece]:
    """Every message's records."""
    sites = world_of(order.wish)
    places = [(month, site) for month in order.months for site in sites]
    weights = [site.weight * ups_and_downs(order.wish.seed, site, month) for month, site in places]
    for (month, site), count in zip(places, shares(weights, order.count), strict=True):
        records = order.invention.make(order.wish.seed, site, month, count)
        number = 0
        while portion := tuple(islice(records, order.most_records)):
            number += 1
            yield Piece(site.name, month, number, portion)


def one_message(order: Order) -> Iterator[bytes]:
    """All of it in one message, in portions."""
    return written(order, chain.from_iterable(piece.records for piece in pieces(order)))


def written(order: Order, records: Iterable[Record]) -> Iterator[bytes]:
    """A message in portions: directly where the records have the form already."""
    target = order.target
    if target.format.name != text_reader.FORMAT or target.names_version != order.invention.names_version:
        # What has no place there is lost: it never was.
        records = converted(as_message(order.invention, records), target, order.now, Losses())
    return target.format.write(target.type, target.version, records)


def as_message(invention: Invention, records: Iterable[Record]) -> Message:
    """As if it had been read."""

    def batches() -> Iterator[Batch]:
        yield made(records)

    version = invention.names_version
    return Message(text_reader.FORMAT, invention.type, version, version, batches())


def ups_and_downs(seed: int, site: Site, month: Month) -> float:
    """A site's month compared with another: maintenance, holidays, beams."""
    return dice(seed, "month", site.name, month.number).uniform(0.7, 1.1)
