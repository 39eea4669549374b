# SPDX-License-Identifier: Apache-2.0
"""Sums as the records in which they are published: summaries, of machines too, and counts to compare."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from ssm.accounting.merging import merged
from ssm.accounting.selection import Selection
from ssm.accounting.summary_tables import CLOUD_SUMMARIES, JOB_SUMMARIES, SUMMARY_TABLES
from ssm.accounting.unshaping import HEPSPEC, record_of
from ssm.ports.repository import Row
from ssm.records.field import Record
from ssm.records.types import RECORD_TYPES
from ssm.records.types.cloud_summary import CLOUD_SUMMARY
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.summary import SUMMARY
from ssm.records.types.sync import SYNC

Lot: TypeAlias = "Mapping[str, Sequence[Record]]"
"""Records that go out together, by type."""
Sums: TypeAlias = "dict[str, object]"
SI2K = "si2k"


def taken(table: str, rows: Iterable[Row], selection: Selection) -> Iterator[Sums]:
    """The sums that may go out."""
    names = SUMMARY_TABLES[table].names
    for row in rows:
        values: Sums = dict(zip(names, row, strict=True))
        if selection.takes(values["vo"], values.get("infrastructure")):
            yield values


def summaries(rows: Iterable[Row], selection: Selection) -> Lot:
    """Summaries; what is only known normalised goes out normalised."""
    plain: list[Record] = []
    only_normalised: list[Record] = []
    for sums in taken(JOB_SUMMARIES.name, rows, selection):
        if sums["source"] == NORMALISED_SUMMARY.name:
            only_normalised.append(normalised_summary(sums, selection))
        else:
            plain.append(summary(sums, selection))
    return together({SUMMARY.name: plain, NORMALISED_SUMMARY.name: only_normalised}, selection)


def normalised_summaries(rows: Iterable[Row], selection: Selection) -> Lot:
    """All of them normalised."""
    made = [normalised_summary(sums, selection) for sums in taken(JOB_SUMMARIES.name, rows, selection)]
    return together({SUMMARY.name: [], NORMALISED_SUMMARY.name: made}, selection)


def cloud_summaries(rows: Iterable[Row], selection: Selection) -> Lot:
    """Summaries of machines."""
    made = [record_of(CLOUD_SUMMARY, sums) for sums in taken(CLOUD_SUMMARIES.name, rows, selection)]
    return together({CLOUD_SUMMARY.name: made}, selection)


def counts(rows: Iterable[Row], selection: Selection) -> Lot:
    """How many jobs there are, to compare."""
    made = [record_of(SYNC, sums) for sums in taken(JOB_SUMMARIES.name, rows, selection)]
    return together({SYNC.name: made}, selection)


def together(records: Mapping[str, Iterable[Record]], selection: Selection) -> Lot:
    """As they may be seen, and each key once."""
    return {kind: merged(RECORD_TYPES[kind], selection.dressed(some)) for kind, some in records.items()}


def summary(sums: Sums, selection: Selection) -> Record:
    """With the level by which it was multiplied; receivers refuse summaries that say no level, nodes or cores."""
    level = sums["service_level"]
    said = {
        "service_level_type": HEPSPEC if level is None else sums["service_level_type"],
        "service_level": 1.0 if level is None else level,
    }
    return record_of(SUMMARY, sums | said | common(sums, selection) | {"infrastructure_type": sums["infrastructure"]})


def normalised_summary(sums: Sums, selection: Selection) -> Record:
    """Normalised time that began as Si2k is in HEPSPEC."""
    kind = sums["service_level_type"]
    said = {"service_level_type": HEPSPEC if kind is None or str(kind).lower() == SI2K else kind}
    return record_of(NORMALISED_SUMMARY, sums | said | common(sums, selection))


def common(sums: Sums, selection: Selection) -> Sums:
    """What both say alike."""
    return {
        "node_count": sums["node_count"] or 0,
        "processors": sums["processors"] or 0,
        "infrastructure_description": sums["infrastructure_description"] if selection.with_description else None,
    }
