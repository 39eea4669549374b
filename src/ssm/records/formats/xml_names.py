# SPDX-License-Identifier: Apache-2.0
"""What the XML formats call things, by which a document is recognised before what reads it is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass

from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.storage import STORAGE
from ssm.records.types.summary import SUMMARY


@dataclass(frozen=True, slots=True)
class XmlNames:
    """The names of one format."""

    format: str
    namespaces: tuple[str, ...]
    """The first is that in which it is written."""
    containers: tuple[str, ...]
    """Roots that hold records."""
    records: tuple[str, ...]
    versions: Mapping[str, str]
    """For each type, the version whose names and kinds are used."""

    @property
    def roots(self) -> tuple[tuple[str, str], ...]:
        """Namespace and name of root elements."""
        return tuple((space, name) for space in self.namespaces for name in (*self.containers, *self.records))


CAR = XmlNames(
    "car",
    ("http://eu-emi.eu/namespaces/2012/11/computerecord", "http://schema.ogf.org/urf/2003/09/urf"),
    ("UsageRecords",),
    ("UsageRecord", "JobUsageRecord"),
    {JOB.name: "v0.3"},
)
AUR = XmlNames(
    "aur",
    ("http://eu-emi.eu/namespaces/2012/11/aggregatedcomputerecord",),
    ("SummaryRecords",),
    ("SummaryRecord",),
    {SUMMARY.name: "v0.2", NORMALISED_SUMMARY.name: "v0.3"},
)
STAR = XmlNames(
    "star",
    ("http://eu-emi.eu/namespaces/2011/02/storagerecord",),
    ("StorageUsageRecords",),
    ("StorageUsageRecord",),
    {STORAGE.name: STORAGE.newest},
)
