# SPDX-License-Identifier: Apache-2.0
"""What a site would say of these very jobs in sum: summaries, and counts to compare."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from ssm.records.benchmarks import Benchmarks
from ssm.records.field import Record
from ssm.records.fqan import membership
from ssm.records.invented.jobs import jobs
from ssm.records.invented.months import Month
from ssm.records.invented.world import Site
from ssm.records.types.job import JobRecord
from ssm.records.types.summary import SummaryRecord
from ssm.records.types.sync import SyncRecord

KEY = attrgetter(
    *("submit_host", "global_user_name", "fqan", "infrastructure_type", "service_level_type", "service_level"),
    *("processors", "node_count"),
)


@dataclass(slots=True)
class Sum:
    """Of some jobs."""

    first: JobRecord
    count: int = 0
    wall: int = 0
    cpu: int = 0
    earliest: int = 0
    latest: int = 0

    def add(self, job: JobRecord) -> None:
        """One more; they come in the order of their ends."""
        self.count += 1
        self.wall += job.wall_duration or 0
        self.cpu += job.cpu_duration or 0
        self.earliest = self.earliest or job.end_time or 0
        self.latest = job.end_time or 0


def summaries(seed: int, site: Site, month: Month, count: int) -> Iterator[Record]:
    """The jobs, so many of them, in sum."""
    sums: dict[object, Sum] = {}
    for job in jobs(seed, site, month, count):
        sums.setdefault(KEY(job), Sum(job)).add(job)
    for one in sums.values():
        job, level = one.first, one.first.service_level
        assert not isinstance(level, Benchmarks), "jobs are made in the form of v0.3"
        member = membership(job.fqan or "")
        yield SummaryRecord(
            site=site.name,
            month=month.of_year,
            year=month.year,
            global_user_name=job.global_user_name,
            vo=member.vo,
            vo_group=member.group,
            vo_role=member.role,
            submit_host=job.submit_host,
            infrastructure_type=job.infrastructure_type,
            service_level_type=job.service_level_type,
            service_level=level,
            node_count=job.node_count,
            processors=job.processors,
            earliest_end_time=one.earliest,
            latest_end_time=one.latest,
            wall_duration=one.wall,
            cpu_duration=one.cpu,
            number_of_jobs=one.count,
        )


def sync_records(seed: int, site: Site, month: Month, count: int) -> Iterator[Record]:
    """How many there are, by submit host."""
    counts = Counter(job.submit_host for job in jobs(seed, site, month, count))
    for host, number in sorted(counts.items(), key=lambda one: str(one[0])):
        yield SyncRecord(site=site.name, submit_host=host, number_of_jobs=number, month=month.of_year, year=month.year)
