# SPDX-License-Identifier: Apache-2.0
"""Summaries that a receiver could not tell apart become one: it would keep only the last of them.

Receivers tell them apart by the key of their type, with texts in any case and levels to three places, as deployed
databases compare them (APEL messages, summaries, primary keys). A name that is withheld makes many users one.
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import msgspec

from ssm.ports.publications import Publication
from ssm.records.field import Record, RecordType
from ssm.records.types.cloud_summary import CLOUD_SUMMARY
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.summary import SUMMARY
from ssm.records.types.sync import SYNC

SUMS: Mapping[str, tuple[str, ...]] = {
    SUMMARY.name: ("wall_duration", "cpu_duration", "number_of_jobs"),
    NORMALISED_SUMMARY.name: (
        *("wall_duration", "cpu_duration", "normalised_wall_duration", "normalised_cpu_duration", "number_of_jobs"),
    ),
    SYNC.name: ("number_of_jobs",),
    CLOUD_SUMMARY.name: (
        *("wall_duration", "cpu_duration", "network_inbound", "network_outbound", "memory", "disk", "number_of_vms"),
    ),
}
ZEROS = ("wall_duration", "cpu_duration", "normalised_wall_duration", "normalised_cpu_duration")
COUNTS = ("number_of_jobs", "number_of_vms")
DIGEST_OCTETS = 16
PLACES = 3


def merged(kind: RecordType, records: Iterable[Record]) -> list[Record]:
    """Each key once, in the order of their first records."""
    found: dict[tuple[object, ...], Record] = {}
    for one in records:
        record = with_places(one)
        key = key_of(kind, record)
        found[key] = both(kind, found[key], record) if key in found else record
    return list(found.values())


def with_places(record: Record) -> Record:
    """Levels as precisely as a receiver keeps them."""
    level: object = getattr(record, "service_level", None)
    if not isinstance(level, float):
        return record
    return msgspec.structs.replace(record, service_level=round(level, PLACES) or level)


def key_of(kind: RecordType, record: Record) -> tuple[object, ...]:
    """As a receiver sees it."""
    return tuple(comparable(getattr(record, name)) for name in kind.key)


def comparable(value: object) -> object:
    """Texts in one case; nothing said and an empty text are the same."""
    return (value or "").casefold() if isinstance(value, str) or value is None else value


def both(kind: RecordType, one: Record, other: Record) -> Record:
    """The sum; what they do not agree upon is not said."""
    changes: dict[str, object] = {}
    for name in kind.record.__struct_fields__:
        mine, yours = getattr(one, name), getattr(other, name)
        if name in SUMS[kind.name]:
            changes[name] = yours if mine is None else mine + (yours or 0)
        elif name.startswith("earliest"):
            changes[name] = None if mine is None or yours is None else min(mine, yours)
        elif name.startswith("latest"):
            changes[name] = None if mine is None or yours is None else max(mine, yours)
        elif mine != yours and name not in kind.key:
            changes[name] = None
    return msgspec.structs.replace(one, **changes)


def publication_of(kind: RecordType, record: Record) -> Publication:
    """What is remembered of a record that goes out."""
    said = {name: value for name in kind.key if (value := getattr(record, name)) is not None}
    count: object = next((getattr(record, name) for name in COUNTS if hasattr(record, name)), None)
    host: object = getattr(record, "submit_host", None)
    year, month = int(str(said["year"])), int(str(said["month"]))
    return Publication(
        kind.name,
        site=str(said["site"]),
        month=year * 100 + month,
        digest=blake2b(repr(key_of(kind, record)).encode(), digest_size=DIGEST_OCTETS).digest(),
        submit_host=None if host is None else str(host),
        count=int(str(count)),
        record=json.dumps(said),
    )


def taken_back(kind: RecordType, publication: Publication) -> Record:
    """The record that says of what was published that there is nothing: receivers do not remove by themselves."""
    said: dict[str, object] = json.loads(publication.record)
    sums = {name: 0 for name in (*ZEROS, *COUNTS) if name in kind.record.__struct_fields__}
    return kind.record(**(said | sums))
