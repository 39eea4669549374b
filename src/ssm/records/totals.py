# SPDX-License-Identifier: Apache-2.0
"""What a message amounts to: records, jobs and time by site, VO and month."""

from dataclasses import dataclass, field

from ssm.records.field import Record
from ssm.records.fqan import Membership, membership
from ssm.records.message import Batch
from ssm.records.moments import month_of

MOST_ROWS = 10_000
OTHERS = ("(others)", "", "")


@dataclass(slots=True)
class Row:
    """One site, VO and month."""

    records: int = 0
    jobs: int = 0
    """Jobs or machines; a record of one counts as one."""
    wall_seconds: int = 0
    cpu_seconds: int = 0
    octets: int = 0
    """Space taken, in storage records."""

    def add(self, record: Record) -> None:
        """One more record."""
        self.records += 1
        self.jobs += first_integer(record, "number_of_jobs", "number_of_vms", otherwise=1)
        self.wall_seconds += first_integer(record, "wall_duration")
        self.cpu_seconds += first_integer(record, "cpu_duration")
        self.octets += first_integer(record, "resource_capacity_used")


@dataclass(slots=True)
class Totals:
    """By site, VO and month (``YYYY-MM``); a bounded number of rows."""

    rows: dict[tuple[str, str, str], Row] = field(default_factory=dict)
    total: Row = field(default_factory=Row)

    def see(self, batch: Batch) -> None:
        """Some more."""
        for record in batch.records:
            key = (text(record, "site"), belonging(record).vo or "", month(record))
            if key not in self.rows and len(self.rows) >= MOST_ROWS:
                key = OTHERS
            self.rows.setdefault(key, Row()).add(record)
            self.total.add(record)


def belonging(record: Record) -> Membership:
    """VO, group and role: from the FQAN if there is one, else as given."""
    fqan = text(record, "fqan")
    if fqan:
        return membership(fqan)
    vo = text(record, "vo") or text(record, "group")
    return Membership(vo or None, text(record, "vo_group") or None, text(record, "vo_role") or None)


def month(record: Record) -> str:
    """The month that a record counts in; empty where it does not say."""
    year = first_integer(record, "year", "measurement_year")
    if year:
        return f"{year}-{first_integer(record, 'month', 'measurement_month'):02}"
    moment = first_integer(record, "end_time", "record_create_time", "measurement_time", "start_time")
    return "{}-{:02}".format(*month_of(moment)) if moment > 0 else ""


def text(record: Record, attribute: str) -> str:
    """A text, empty where there is none."""
    value: object = getattr(record, attribute, None)
    return value if isinstance(value, str) else ""


def first_integer(record: Record, *attributes: str, otherwise: int = 0) -> int:
    """The first of some numbers that is said and not zero."""
    for attribute in attributes:
        value: object = getattr(record, attribute, None)
        if isinstance(value, int) and value:
            return value
        if isinstance(value, int):
            otherwise = value
    return otherwise
