# SPDX-License-Identifier: Apache-2.0
"""Tables of sums, as columns: super-summaries of jobs, clouds and storage; who counted; what was published.

Rows of a month of a site are made together and replaced together, so a number tells them apart. Columns have the
names of the records that they come from; ``core_`` is time multiplied by cores, ``normalised_`` by the benchmark.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ssm.accounting.layouts import (
    INFRASTRUCTURE,
    INFRASTRUCTURE_LENGTH,
    KEY,
    LAYOUTS,
    MONTH,
    SITE,
    TEXT_LENGTH,
    Column,
    Form,
)
from ssm.records.types.cloud_summary import CLOUD_SUMMARY
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY

NUMBER, SOURCE = "number", "source"
JOB_USAGE, CLOUD_USAGE = "job", "cloud"
KIND_LENGTH = 50
TARGET_LENGTH = 64


@dataclass(frozen=True, slots=True)
class SummaryTable:
    """One table."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    """The key first."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(one.name for one in self.columns)


def text(name: str, meaning: str, length: int = TEXT_LENGTH, *, null: bool = True) -> Column:
    """A text."""
    return Column(name, Form.TEXT, length, null, meaning)


def whole(name: str, meaning: str) -> Column:
    """A sum: it is always said."""
    return Column(name, Form.WHOLE, 0, is_nullable=False, meaning=meaning)


def known(name: str, meaning: str) -> Column:
    """A time or a size that may not be known."""
    return Column(name, Form.WHOLE, 0, meaning=meaning)


def small(name: str, meaning: str) -> Column:
    """A small number that is always said."""
    return Column(name, Form.SMALL, 0, is_nullable=False, meaning=meaning)


PLACE = (text(SITE, "Site; empty where a storage record says none.", null=False), small(MONTH, "YYYYMM, UTC."))
NUMBERED = (*PLACE, small(NUMBER, "Within the month of the site."))
BY_SOURCE = text(SOURCE, "Type of the records that were added up.", KIND_LENGTH, null=False)


def like(kind: str, *names: str) -> tuple[Column, ...]:
    """Columns as a table of records has them, but for the need to be said."""
    by_name = {one.name: one for one in LAYOUTS[kind].columns}
    return tuple(Column(one, by_name[one].form, by_name[one].length, meaning=by_name[one].meaning) for one in names)


WHOSE = ("global_user_name", "vo", "vo_group", "vo_role")
JOB_SUMMARIES = SummaryTable(
    "super_summaries",
    (SITE, MONTH, NUMBER),
    (
        *NUMBERED,
        BY_SOURCE,
        *like(SUMMARY.name, *WHOSE, "submit_host"),
        text(INFRASTRUCTURE, "grid, local or another, in lower case.", INFRASTRUCTURE_LENGTH, null=False),
        *like(SUMMARY.name, "infrastructure_description", "service_level_type", "service_level"),
        *like(SUMMARY.name, "node_count", "processors", "earliest_end_time", "latest_end_time"),
        whole("wall_duration", "s."),
        whole("cpu_duration", "s."),
        whole("core_wall_duration", "Wall duration x cores, s."),
        whole("normalised_wall_duration", "Wall duration x benchmark, HEPSPEC s."),
        whole("normalised_cpu_duration", "CPU duration x benchmark, HEPSPEC s."),
        whole("normalised_core_wall_duration", "Wall duration x cores x benchmark, HEPSPEC s."),
        whole("number_of_jobs", "How many."),
    ),
)
CLOUD_SUMMARIES = SummaryTable(
    "cloud_super_summaries",
    (SITE, MONTH, NUMBER),
    (
        *NUMBERED,
        BY_SOURCE,
        *like(CLOUD_SUMMARY.name, "cloud_compute_service", *WHOSE, "status", "cloud_type", "image_id"),
        *like(CLOUD_SUMMARY.name, "cpu_count", "benchmark_type", "benchmark"),
        *like(CLOUD_SUMMARY.name, "earliest_start_time", "latest_start_time"),
        whole("wall_duration", "In the month, s."),
        whole("cpu_duration", "In the month, s."),
        *like(CLOUD_SUMMARY.name, "network_inbound", "network_outbound", "memory", "disk"),
        whole("number_of_vms", "How many."),
    ),
)
STORED = ("storage_system", "storage_share", "storage_media", "storage_class", "directory_path")
OWNERS = ("group", "sub_group", "role", "user_identity", "local_user", "local_group")
STORAGE_SUMMARIES = SummaryTable(
    "storage_super_summaries",
    (SITE, MONTH, NUMBER),
    (
        *NUMBERED,
        *like(STORAGE.name, *STORED, *OWNERS),
        known("earliest_start_time", "Begin of the time that is known of."),
        known("latest_end_time", "End of it."),
        whole("measured_seconds", "How much of the month is known of."),
        known("resource_capacity_used", "Mean over that time, B; none where another row has it already."),
        known("logical_capacity_used", "Mean over that time, B; none where another row has it already."),
        known("resource_capacity_allocated", "Mean over that time, B; none where another row has it already."),
        known("file_count", "Mean over that time; none where another row has it already."),
        whole("number_of_records", "How many were added up."),
    ),
)
SOURCES = SummaryTable(
    "sources",
    (SITE, MONTH, "usage", NUMBER),
    (
        *PLACE,
        text("usage", "job or cloud.", KIND_LENGTH, null=False),
        small(NUMBER, "Within the month of the site."),
        text("part", "Submit host, or cloud service."),
        text(INFRASTRUCTURE, "local, or grid for everything else.", INFRASTRUCTURE_LENGTH, null=False),
        BY_SOURCE,
        whole("count", "Jobs or machines that the source knows of."),
        small("is_counted", "1: they are in the sums; 0: another source says the same usage."),
    ),
)
PUBLISHED = SummaryTable(
    "published",
    (SITE, MONTH, "target", "kind", KEY),
    (
        *PLACE,
        text("target", "Where to, by a name of ours.", TARGET_LENGTH, null=False),
        text("kind", "Type of the records.", KIND_LENGTH, null=False),
        Column(KEY, Form.DIGEST, is_nullable=False, meaning="Digest of what the receiver tells records by."),
        text("submit_host", "As published."),
        known("count", "Jobs or machines; none while it is not certain that the record went out."),
        Column("record", Form.LONG_TEXT, meaning="What tells it from others, as JSON, to be able to send a zero."),
        whole("changed", "When, seconds since 1970."),
    ),
)
SUMMARY_TABLES: Mapping[str, SummaryTable] = MappingProxyType(
    {one.name: one for one in (JOB_SUMMARIES, CLOUD_SUMMARIES, STORAGE_SUMMARIES, SOURCES, PUBLISHED)}
)
