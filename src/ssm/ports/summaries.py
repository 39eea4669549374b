# SPDX-License-Identifier: Apache-2.0
"""Sums in the repository: what has to be added up anew, what there is to add up, and putting the result in its place.

Promises of every implementation:

* a month of a site is one transaction over one state of the database: marks, records and sums belong together; when it
  raises, nothing has changed and the marks are still there;
* only those marks go that were there when the transaction began: what is loaded meanwhile is added up the next time;
* RepositoryUnavailableError: the same may be tried again. RepositoryError and CredentialError: not before somebody
  has done something.
"""

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ssm.ports.repository import Row


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A month of a site."""

    site: str
    month: int
    """YYYYMM."""


class JobGroup(NamedTuple):
    """Jobs that have everything in common by which summaries tell them apart."""

    source: str
    """Type of the records that say so."""
    global_user_name: str | None
    vo: str | None
    vo_group: str | None
    vo_role: str | None
    submit_host: str | None
    infrastructure: str
    infrastructure_description: str | None
    service_level_type: str | None
    service_level: float | None
    node_count: int | None
    processors: int | None
    earliest_end_time: int | None
    latest_end_time: int | None
    wall_duration: int
    cpu_duration: int
    normalised_wall_duration: int | None
    """None where it is to be reckoned from the service level."""
    normalised_cpu_duration: int | None
    number_of_jobs: int


class CloudGroup(NamedTuple):
    """Machines that have everything in common by which summaries tell them apart; their usage within the month."""

    source: str
    cloud_compute_service: str | None
    global_user_name: str | None
    vo: str | None
    vo_group: str | None
    vo_role: str | None
    status: str | None
    cloud_type: str | None
    image_id: str | None
    cpu_count: float | None
    benchmark_type: str | None
    benchmark: float | None
    earliest_start_time: int | None
    latest_start_time: int | None
    wall_duration: int
    cpu_duration: int
    network_inbound: int | None
    network_outbound: int | None
    memory: int | None
    disk: int | None
    number_of_vms: int


class Statement(NamedTuple):
    """What a storage record says of some space and time."""

    storage_system: str | None
    storage_share: str | None
    storage_media: str | None
    storage_class: str | None
    directory_path: str | None
    group: str | None
    sub_group: str | None
    role: str | None
    user_identity: str | None
    local_user: str | None
    local_group: str | None
    start_time: int | None
    end_time: int | None
    resource_capacity_used: int | None
    logical_capacity_used: int | None
    resource_capacity_allocated: int | None
    file_count: int | None


class SiteMonth(Protocol):
    """A month of a site, within its transaction."""

    def kinds(self) -> Collection[str]:
        """Types of records that have changed; none where somebody else has been here in the meantime."""

    def job_groups(self) -> Sequence[JobGroup]:
        """Of all job records."""

    def summed_job_groups(self) -> Sequence[JobGroup]:
        """What job records were added up to before; none where some of them were left out."""

    def added_job_groups(self) -> Sequence[JobGroup] | None:
        """Of the job records that have come since; None where not all that has changed is that some have come."""

    def received_job_groups(self) -> Sequence[JobGroup]:
        """Received summaries of jobs, each."""

    def later_cloud_months(self) -> Sequence[int]:
        """Months in which machines of this one were measured the next time, whose usage depends on it."""

    def cloud_groups(self, month: int) -> Sequence[CloudGroup]:
        """Of all sources, in some month; usage is what came to what a machine's record before says."""

    def statements(self) -> Sequence[Statement]:
        """About storage."""

    def replace(self, table: str, month: int, rows: Sequence[Row], usage: str = "") -> None:
        """Put rows in the place of those of the month, numbered; without site, month and number (and usage)."""


class SummaryRepository(Protocol):
    """A database that is open for adding up."""

    def marked(self) -> Sequence[Place]:
        """What has changed since it was last added up."""

    def month(self, place: Place) -> AbstractContextManager[SiteMonth]:
        """One transaction, durable at its end."""
