# SPDX-License-Identifier: Apache-2.0
"""What publishing would change at the next level, compared with what was published before: nothing is sent."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ssm.accounting.lots import Lot
from ssm.accounting.selection import Selection
from ssm.accounting.unload import PRODUCTS, WITH_SYNC, Product, gone_of, lot_of, publications_of, sites_of
from ssm.ports.publications import Publication, Publications
from ssm.records.types.job import JOB
from ssm.records.types.sync import SYNC

PERCENT = 100
PLANNED = (*PRODUCTS, JOB.name)
"""What is remembered when it goes out, by itself or by its counts; of other records nothing is."""


@dataclass(frozen=True, slots=True)
class Change:
    """Jobs of a month and a submit host, or machines of a cloud service."""

    site: str
    month: int
    submit_host: str | None
    """Or cloud service."""
    before: int
    """As published last; 0 where nothing was."""
    after: int

    @property
    def difference(self) -> int:
        """Jobs or machines that come, or go."""
        return self.after - self.before

    @property
    def percent(self) -> float | None:
        """Of what was published before; None where nothing was."""
        return PERCENT * self.difference / self.before if self.before else None


@dataclass(slots=True)
class Plan:
    """What would go out."""

    changes: list[Change] = field(default_factory=list)
    """One for each month and submit host, also where nothing changes."""
    records: dict[str, int] = field(default_factory=dict)
    """That would be sent, by type."""
    taken_back: int = 0
    """Records that would be published with zeros, as there is nothing of the kind any more."""
    uncertain: int = 0
    """Records of which it is not known whether they went out: somebody died while publishing."""


def plan(publications: Publications, target: str, kind: str, selection: Selection) -> Plan:
    """What publishing one kind would do."""
    made = Plan()
    if kind in PRODUCTS:
        for lot, before in each_site(publications, target, PRODUCTS[kind], selection):
            made.taken_back += len(gone_of(before, lot, selection))
            made.uncertain += sum(one.count is None for one in before)
            for name, records in lot.items():
                made.records[name] = made.records.get(name, 0) + len(records)
    counted = PRODUCTS[SYNC.name if kind in WITH_SYNC else kind]
    for lot, before in each_site(publications, target, counted, selection):
        gone = {one.digest for one in gone_of(before, lot, selection)}
        made.changes += changes(publications_of(lot), before, gone)
    return made


def each_site(
    publications: Publications, target: str, product: Product, selection: Selection
) -> Iterator[tuple[Lot, list[Publication]]]:
    """What there is, and what was published."""
    for site in sites_of(publications, target, product, selection):
        before = publications.published(target, product.kinds, site, selection.window)
        yield lot_of(publications, product, site, selection), list(before)


def changes(after: Iterable[Publication], before: Iterable[Publication], gone: set[bytes]) -> list[Change]:
    """By month and submit host or cloud service, in order."""
    new = {(one.month, one.digest): one for one in after}
    spoken_of = [one for one in before if (one.month, one.digest) in new or one.digest in gone]
    old_counts, new_counts = counts_of(spoken_of), counts_of(new.values())
    found = [Change(*part, old_counts[part], new_counts[part]) for part in old_counts.keys() | new_counts.keys()]
    return sorted(found, key=lambda change: (change.site, change.month, change.submit_host or ""))


def counts_of(publications: Iterable[Publication]) -> Counter[tuple[str, int, str | None]]:
    """By what a plan has a line for."""
    counts: Counter[tuple[str, int, str | None]] = Counter()
    for one in publications:
        said: dict[str, str] = json.loads(one.record)
        counts[one.site, one.month, one.submit_host or said.get("cloud_compute_service")] += one.count or 0
    return counts
