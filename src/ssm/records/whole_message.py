# SPDX-License-Identifier: Apache-2.0
"""What can only be seen of a whole message: records that say the same, a site unlike the others, its size."""

import difflib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter

from ssm.records.fault import Fault, Level, Place, quoted
from ssm.records.field import Need, Record, RecordType
from ssm.records.message import Batch

MOST_KEYS = 1_000_000
"""Records whose keys are remembered; a message normally has a thousand."""
MOST_SITES = 1_000
MOST_COMPARED = 10
"""The commonest sites, to which the others are compared: that is slow."""
MAX_SITE = 255
"""Characters of a name that is looked at; a longer one has a fault already."""
MAX_OCTETS = 1_000_000
"""Beyond this, AMS takes no message."""
FEW = 0.1
"""Share of the records that a site must have, not to be called unlike the others."""


@dataclass(slots=True)
class DuplicateKeys:
    """Records with the key of an earlier one, which they replace in a repository."""

    kind: RecordType
    seen: set[int] = field(default_factory=set)
    key: Callable[[Record], object] = field(init=False)
    required: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.key = attrgetter(*self.kind.key)
        self.required = [
            one.attribute for one in self.kind.fields() if one.need is Need.REQUIRED and one.attribute in self.kind.key
        ]

    def look(self, batch: Batch) -> list[Fault]:
        """The faults of a batch."""
        found = []
        for index, record in enumerate(batch.records):
            digest = hash(self.key(record))
            if digest not in self.seen:
                if len(self.seen) < MOST_KEYS:
                    self.seen.add(digest)
            elif self.is_whole(record):
                names = ", ".join(self.names())
                said = f"has the same {names} as an earlier record of the message, and replaces it"
                place = batch.place(index, "")
                found.append(Fault(Level.WARNING, "duplicate-key", said, place.line, place.path))
        return found

    def is_whole(self, record: Record) -> bool:
        """Whether everything that a repository requires of the key is said; else there are other faults to tell."""
        return all(getattr(record, name) is not None for name in self.required)

    def names(self) -> list[str]:
        """The key in wire names."""
        by_attribute = {one.attribute: one.name for one in self.kind.fields()}
        return [by_attribute[name] for name in self.kind.key]


@dataclass(slots=True)
class Sites:
    """Which sites the records are of, and where each first stands."""

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, Place] = field(default_factory=dict)

    def look(self, batch: Batch) -> None:
        """Count."""
        said = (getattr(record, "site", None) for record in batch.records)
        sites = Counter([site for site in said if site and len(site) <= MAX_SITE])
        for site in sites.keys() - self.first.keys():
            if len(self.first) < MOST_SITES:
                index = next(index for index, one in enumerate(batch.records) if getattr(one, "site", None) == site)
                self.first[site] = batch.place(index, "site")
        self.counts.update({site: count for site, count in sites.items() if site in self.first})

    def faults(self) -> list[Fault]:
        """Names that look like another, or that hardly any record has."""
        if len(self.counts) <= 1:
            return []
        usual = [site for site, count in self.counts.items() if count >= FEW * self.counts.total()]
        common = [site for site, _ in self.counts.most_common(MOST_COMPARED)]
        found = []
        for site in self.counts:
            others = [one for one in common if self.counts[one] > self.counts[site]]
            alike = difflib.get_close_matches(site.casefold(), [one.casefold() for one in others], 1, cutoff=0.8)
            guess = next((one for one in others if alike and one.casefold() == alike[0]), "")
            if guess or (site not in usual and usual):
                place = self.first[site]
                said = f"{quoted(site)} is the site of {self.counts[site]} of {self.counts.total()} records"
                found.append(Fault(Level.WARNING, "odd-site", said, place.line, place.path, place.field, guess))
        return found


def size_fault(octets: int) -> Fault | None:
    """Whether a message is too large for some ways."""
    if octets <= MAX_OCTETS:
        return None
    said = f"the message has {octets} octets; AMS takes {MAX_OCTETS} (ssm split cuts it)"
    return Fault(Level.WARNING, "large-message", said)
