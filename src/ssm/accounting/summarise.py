# SPDX-License-Identifier: Apache-2.0
"""Adding up: months of sites that have changed become super-summaries anew, each from all its records.

What a month amounts to depends on nothing but the records that are there: not on the order in which they came, nor on
how often, nor on what was added up before. So a summary is wrong at most until the next run.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from ssm.accounting.counting import GRID, Claim, cores, counted, infrastructure_class, normalised
from ssm.accounting.storage_means import storage_rows
from ssm.accounting.summary_tables import (
    CLOUD_SUMMARIES,
    CLOUD_USAGE,
    JOB_SUMMARIES,
    JOB_USAGE,
    SOURCES,
    STORAGE_SUMMARIES,
)
from ssm.ports.repository import Row
from ssm.ports.summaries import CloudGroup, JobGroup, Place, SiteMonth, SummaryRepository
from ssm.records.moments import month_start
from ssm.records.types.cloud import CLOUD
from ssm.records.types.cloud_summary import CLOUD_SUMMARY
from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY

JOB_SOURCES = (JOB.name, SUMMARY.name, NORMALISED_SUMMARY.name)
CLOUD_SOURCES = (CLOUD.name, CLOUD_SUMMARY.name)
"""Of sources that know equally much the first is preferred: it says most about each job."""
LABELS = 14
"""Columns of a group before its sums."""
TOLD_APART = 12
"""Those of them, behind the source, that are the same within a group."""
Labels: TypeAlias = "tuple[str | float | None, ...]"
Part: TypeAlias = "tuple[str, str | None, str]"
"""Source, submit host or cloud service, class of infrastructure."""


@dataclass(frozen=True, slots=True)
class Summarised:
    """A month of a site that was added up."""

    place: Place
    kinds: tuple[str, ...]
    """Types of records that had changed."""
    rows: int
    """Rows of sums that were made."""
    left_out: int
    """Jobs and machines that were said by another source, too."""


def summarise(repository: SummaryRepository) -> Iterator[Summarised]:
    """Add up what has changed, each month of a site as a transaction of its own."""
    for place in repository.marked():
        with repository.month(place) as month:
            done = summarise_month(month, place)
        if done.kinds:
            yield done


def summarise_month(month: SiteMonth, place: Place) -> Summarised:
    """Within its transaction."""
    kinds = tuple(sorted(month.kinds()))
    rows = left_out = 0
    if not set(kinds).isdisjoint(JOB_SOURCES):
        made, left_out = replace_jobs(month, place.month)
        rows += made
    if not set(kinds).isdisjoint(CLOUD_SOURCES):
        for number in (place.month, *(month.later_cloud_months() if CLOUD.name in kinds else ())):
            made, left = replace_clouds(month, number)
            rows, left_out = rows + made, left_out + left
    if STORAGE.name in kinds:
        stored = storage_rows(month.statements(), month_start(*divmod(place.month, 100)))
        month.replace(STORAGE_SUMMARIES.name, place.month, stored)
        rows += len(stored)
    return Summarised(place, kinds, rows, left_out)


def replace_jobs(month: SiteMonth, number: int) -> tuple[int, int]:
    """Super-summaries of jobs; how many rows, and how many jobs were left out."""
    jobs = grown(month) or month.job_groups()
    groups = (*sorted(jobs, key=in_label_order), *month.received_job_groups())
    claims = added((job_part(one), one.number_of_jobs) for one in groups)
    chosen = counted(claims, JOB_SOURCES)
    parts = {part_of(one) for one in chosen}
    rows = [job_row(one) for one in groups if is_something(one) and job_part(one) in parts]
    month.replace(JOB_SUMMARIES.name, number, rows)
    return len(rows), replace_sources(month, number, JOB_USAGE, claims, chosen)


def grown(month: SiteMonth) -> Sequence[JobGroup]:
    """Groups of before with what has come to them; none where nothing is known of before, or more than that happened.

    So what a late job costs does not depend on how many there are.
    """
    before = month.summed_job_groups()
    added = month.added_job_groups() if before else None
    if added is None:
        return ()
    groups = {told_apart(one): one for one in before}
    for one in added:
        known = groups.get(told_apart(one))
        groups[told_apart(one)] = one if known is None else both(known, one)
    return tuple(groups.values())


def both(one: JobGroup, other: JobGroup) -> JobGroup:
    """Two parts of a group."""
    begins = [moment for moment in (one.earliest_end_time, other.earliest_end_time) if moment is not None]
    ends = [moment for moment in (one.latest_end_time, other.latest_end_time) if moment is not None]
    return one._replace(
        earliest_end_time=min(begins, default=None),
        latest_end_time=max(ends, default=None),
        wall_duration=one.wall_duration + other.wall_duration,
        cpu_duration=one.cpu_duration + other.cpu_duration,
        number_of_jobs=one.number_of_jobs + other.number_of_jobs,
    )


def told_apart(one: JobGroup) -> Labels:
    """What is the same within a group."""
    return cast("Labels", one[1:TOLD_APART])


def in_label_order(one: JobGroup) -> list[str]:
    """The same, however it was added up, and in whichever database."""
    return ["" if value is None else str(value) for value in told_apart(one)]


def replace_clouds(month: SiteMonth, number: int) -> tuple[int, int]:
    """Super-summaries of machines; how many rows, and how many machines were left out."""
    groups = month.cloud_groups(number)
    claims = added((cloud_part(one), one.number_of_vms) for one in groups)
    chosen = counted(claims, CLOUD_SOURCES)
    parts = {part_of(one) for one in chosen}
    rows = [tuple(one) for one in groups if one.number_of_vms and cloud_part(one) in parts]
    month.replace(CLOUD_SUMMARIES.name, number, rows)
    return len(rows), replace_sources(month, number, CLOUD_USAGE, claims, chosen)


def replace_sources(month: SiteMonth, number: int, usage: str, claims: Sequence[Claim], chosen: set[Claim]) -> int:
    """Who counted; how much was left out."""
    rows: list[Row] = [
        (one.part, one.infrastructure, one.source, one.count, int(one in chosen)) for one in claims if one.count
    ]
    month.replace(SOURCES.name, number, rows, usage)
    return sum(one.count for one in claims if one not in chosen)


def added(counts: Iterable[tuple[Part, int]]) -> list[Claim]:
    """One claim for each source and part, in order."""
    totals: Counter[Part] = Counter()
    for part, count in counts:
        totals[part] += count
    return [Claim(*part, count) for part, count in sorted(totals.items(), key=in_order)]


def in_order(one: tuple[Part, int]) -> tuple[str, str, str]:
    """By what is claimed."""
    (source, part, infrastructure), _ = one
    return infrastructure, part or "", source


def part_of(one: Claim) -> Part:
    """Without how much."""
    return one.source, one.part, one.infrastructure


def job_part(one: JobGroup) -> Part:
    """What a group says something about."""
    return one.source, one.submit_host, infrastructure_class(one.infrastructure)


def cloud_part(one: CloudGroup) -> Part:
    """What a group says something about."""
    return one.source, one.cloud_compute_service, GRID


def is_something(one: JobGroup) -> bool:
    """A summary of nothing takes back what was said before, and is no row of its own."""
    return bool(one.number_of_jobs or one.wall_duration or one.cpu_duration)


def job_row(one: JobGroup) -> Row:
    """The row of a group, without site and month."""
    many = cores(one.processors)
    core_wall = one.wall_duration * many
    wall, cpu, level = one.normalised_wall_duration, one.normalised_cpu_duration, level_of(one)
    return (
        *one[:LABELS],
        *(one.wall_duration, one.cpu_duration, core_wall),
        normalised(one.wall_duration, *level) if wall is None else wall,
        normalised(one.cpu_duration, *level) if cpu is None else cpu,
        normalised(core_wall, *level) if wall is None else wall * many,
        one.number_of_jobs,
    )


def level_of(one: JobGroup) -> tuple[str | None, float | None]:
    """Type and value."""
    return one.service_level_type, one.service_level
