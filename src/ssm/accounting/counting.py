# SPDX-License-Identifier: Apache-2.0
"""What counts, and as how much: normalisation, cores, efficiency, and which of several sources of one usage.

Normalised time is duration times service level, of which 250 Si2k are one HEPSPEC; HEPscore23 and HEPSPEC count as
they are, and a custom level like HEPSPEC (APEL messages, normalisation at the server).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ssm.records.benchmarks import SI2K_PER_HEPSPEC

LOCAL, GRID = "local", "grid"
HALF = 0.5


def factor(kind: str | None, level: float | None) -> float:
    """By what a duration is multiplied; 1 where no level is said, as repositories assume."""
    if level is None:
        return 1.0
    return level / SI2K_PER_HEPSPEC if (kind or "").lower() == "si2k" else level


def normalised(seconds: int, kind: str | None, level: float | None) -> int:
    """Time times speed, rounded once."""
    return rounded(max(seconds, 0) * factor(kind, level))


def rounded(value: float) -> int:
    """To the nearest whole number, halves up, as databases do."""
    whole = math.floor(value)
    return whole + (value - whole >= HALF)


def cores(processors: int | None) -> int:
    """Of a job: where none are said, or 0, it had one."""
    return max(1, processors or 0)


def efficiency(cpu_seconds: int, core_wall_seconds: int) -> float | None:
    """Share of the time of all cores that was used; None where there was no time."""
    return cpu_seconds / core_wall_seconds if core_wall_seconds > 0 else None


# Several sources of one usage.


@dataclass(frozen=True, slots=True)
class Claim:
    """How much one source says about one part of a month of a site."""

    source: str
    part: str | None
    """Submit host or cloud service; None: it does not say which."""
    infrastructure: str
    """local, or grid for everything else."""
    count: int
    """Jobs or machines."""


def infrastructure_class(infrastructure: str) -> str:
    """What may be the same usage: whatever is not local is grid, under several names."""
    return LOCAL if infrastructure == LOCAL else GRID


def counted(claims: Iterable[Claim], preference: Sequence[str]) -> set[Claim]:
    """The claims that count, so that no usage counts twice (docs/adr/0018).

    For each part the source that knows most counts; of equals the one that is preferred. A source that does not say
    which part it means speaks of all parts that it does not name itself: either it counts, or these do.
    """
    chosen: set[Claim] = set()
    held = list(claims)
    for infrastructure in {one.infrastructure for one in held}:
        chosen |= counted_within([one for one in held if one.infrastructure == infrastructure], preference)
    return chosen


def counted_within(claims: Sequence[Claim], preference: Sequence[str]) -> set[Claim]:
    """Of one infrastructure."""
    best: dict[str | None, Claim] = {}
    for one in sorted(claims, key=lambda claim: (-claim.count, preference.index(claim.source))):
        best.setdefault(one.part, one)
    vague = best.get(None)
    if vague is not None:
        named = {one.part for one in claims if one.source == vague.source}
        rivals = [one for one in best.values() if one.source != vague.source and one.part not in named]
        if rivals and sum(one.count for one in rivals) >= vague.count:
            del best[None]
        else:
            for one in rivals:
                del best[one.part]
    return set(best.values())
