# SPDX-License-Identifier: Apache-2.0
"""Jobs of a site in a month: made a few thousand at a time, column by column, as that is quickest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from itertools import count as count_from
from typing import TypeAlias

from ssm.records.invented.months import Month
from ssm.records.invented.world import Element, Site, User, Vo, dice, share
from ssm.records.types.job import JobRecord

HOUR = 3600
LONGEST = 96 * HOUR
MEMORY_OF_A_CORE = 2_000_000
LOCAL_SHARE = 0.04
POOL = 4096
BATCH = 1000
Draw: TypeAlias = "tuple[int, Profile, float, float, float, int]"
"""Id, profile, length, part of the efficiency, part of the memory, end."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What jobs of one user at one computing element with so many cores have in common."""

    element: Element
    vo: Vo
    user: User
    cores: int
    infrastructure: str
    weight: float


def profiles_of(site: Site) -> list[Profile]:
    """Every combination, with its part of the jobs."""
    found = [
        Profile(element, vo, user, cores, "grid", share(place) * share(at * 3 + 1))
        for element in site.elements
        for place, vo in enumerate(site.vos, 1)
        for at, user in enumerate(vo.users)
        for cores in vo.cores
    ]
    first, vo = site.elements[0], site.vos[0]
    batch = Element(first.machine, first.machine, first.description, first.benchmark, first.level)
    total = sum(one.weight for one in found)
    user = User(f"/DC=org/DC=example/O=People/CN=Local physicist of {site.name}", "local-physics", "phys001")
    return [*found, Profile(batch, vo, user, 1, "local", total * LOCAL_SHARE)]


def jobs(seed: int, site: Site, month: Month, count: int) -> Iterator[JobRecord]:
    """So many jobs that ended in this month, the earliest first."""
    chance = dice(seed, "jobs", site.name, month.number)
    profiles = profiles_of(site)
    weights = list(accumulate(one.weight for one in profiles))
    lengths = [chance.lognormvariate(0, 0.7) * HOUR for _ in range(POOL)]
    parts = [min(0.995, max(0.02, chance.gauss(1, 0.12))) for _ in range(POOL)]
    loads = [chance.uniform(0.3, 1.0) for _ in range(POOL)]
    for begin in range(0, count, BATCH):
        size = min(BATCH, count - begin)
        first, last = month.slice(begin, begin + size, count)
        columns = (
            count_from(month.number * 10**7 + begin),
            chance.choices(profiles, cum_weights=weights, k=size),
            chance.choices(lengths, k=size),
            chance.choices(parts, k=size),
            chance.choices(loads, k=size),
            sorted(chance.choices(range(first, last), k=size)),
        )
        for draw in zip(*columns, strict=False):
            yield job_of(site.name, draw)


def job_of(site: str, draw: Draw) -> JobRecord:
    """One job, as the dice fell."""
    number, profile, length, part, load, end = draw
    element, user, cores = profile.element, profile.user, profile.cores
    wall = min(LONGEST, int(length * profile.vo.hours) + 20)
    memory = int(MEMORY_OF_A_CORE * cores * load)
    return JobRecord(
        site=site,
        submit_host=element.submit_host,
        machine_name=element.machine,
        queue=profile.vo.name,
        local_job_id=str(number),
        local_user_id=user.account,
        global_user_name=user.dn,
        fqan=user.fqan,
        wall_duration=wall,
        cpu_duration=int(wall * cores * min(0.995, profile.vo.efficiency * part)),
        processors=cores,
        node_count=1,
        start_time=end - wall,
        end_time=end,
        infrastructure_description=element.description,
        infrastructure_type=profile.infrastructure,
        memory_real=memory,
        memory_virtual=memory * 2,
        service_level_type=element.benchmark,
        service_level=element.level,
    )


def shares(weights: Sequence[float], count: int) -> list[int]:
    """A number divided by weights: whole parts that add up to it."""
    bounds = [round(part * count / sum(weights)) for part in accumulate(weights)]
    return [high - low for low, high in zip([0, *bounds], bounds, strict=False)]
