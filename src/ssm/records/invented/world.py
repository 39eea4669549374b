# SPDX-License-Identifier: Apache-2.0
"""Who uses what: sites with their computing elements and benchmarks, VOs with their users. None of them exists.

Sizes are as uneven as in the world: the first site has a good part of everything, the last one hardly anything. What
a site does in a month depends on the seed, the site and the month alone, so that one can be made without the others.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

COUNTRIES = (
    *(("Germany", "NGI_DE"), ("United Kingdom", "NGI_UK"), ("France", "NGI_FRANCE"), ("Italy", "NGI_IT")),
    *(("Spain", "NGI_IBERGRID"), ("Netherlands", "NGI_NL"), ("Poland", "NGI_PL"), ("Czechia", "NGI_CZ")),
    *(("Sweden", "NGI_NDGF"), ("Switzerland", "NGI_CH"), ("Romania", "NGI_RO"), ("Greece", "NGI_GRNET")),
)
CODES = ("DE", "UK", "FR", "IT", "ES", "NL", "PL", "CZ", "SE", "CH", "RO", "GR")
VOS = ("vega", "rigel", "deneb", "mira", "atria", "capella", "antares", "castor", "electra", "maia")
PEOPLE = ("Ada Aalto", "Ben Brandt", "Chiara Conti", "Dora Dvorak", "Emil Eriksen", "Fen Fischer", "Gwen Green",
          "Hugo Haas", "Ines Ibarra", "Jan Janssen", "Kira Kowalska", "Luc Laurent")  # fmt: skip
SYSTEMS = ("ARC-CE-SLURM", "HTCONDOR-CE-HTCONDOR", "ARC-CE-HTCONDOR")
TIER_ONE = 3
UNEVENNESS = 0.8
"""Of sizes: the n-th has 1 / n to this power."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How large the world is to be."""

    sites: int = 10
    vos: int = 5
    ces: int = 2
    """Computing elements of a site."""
    users: int = 10
    """Of a VO."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class User:
    """Somebody in a VO, in one role."""

    dn: str
    fqan: str
    account: str


@dataclass(frozen=True, slots=True)
class Vo:
    """A community, and what its jobs are like."""

    name: str
    users: tuple[User, ...]
    hours: float
    """Median of the wall time."""
    efficiency: float
    cores: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Element:
    """A computing element: the submit host of its jobs."""

    submit_host: str
    machine: str
    description: str
    benchmark: str
    level: float


@dataclass(frozen=True, slots=True)
class Site:
    """A site; ``rank`` 1 is the largest."""

    name: str
    rank: int
    country: str
    ngi: str
    domain: str
    elements: tuple[Element, ...]
    vos: tuple[Vo, ...]

    @property
    def weight(self) -> float:
        """Its part of everything."""
        return share(self.rank)

    @property
    def tier(self) -> str:
        """The largest are of the first tier."""
        return "Tier-1" if self.rank <= TIER_ONE else "Tier-2"

    @property
    def federation(self) -> str:
        """Sites of a country, but for those of the first tier."""
        return self.name if self.rank <= TIER_ONE else f"{self.name[:2]}-EXAMPLE-FEDERATION"


def share(rank: int) -> float:
    """Of the one with this rank, among others."""
    return float(1 / rank**UNEVENNESS)


def dice(*words: object) -> random.Random:
    """Chance that is the same for the same words, on every machine."""
    return random.Random("/".join(map(str, words)))  # noqa: S311 - invented usage, and no secret


def world_of(wish: Wish) -> tuple[Site, ...]:
    """Every site, the largest first."""
    vos = tuple(vo_of(wish, number) for number in range(wish.vos))
    return tuple(site_of(wish, rank, vos) for rank in range(1, wish.sites + 1))


def vo_of(wish: Wish, number: int) -> Vo:
    """One VO; the first ones are large, and send pilots."""
    chance = dice(wish.seed, "vo", number)
    name = VOS[number] if number < len(VOS) else f"vo{number + 1}.example.org"
    is_large = number < max(2, wish.vos // 2)
    return Vo(
        name,
        tuple(users_of(name, wish.users)),
        hours=round(chance.uniform(3, 9) if is_large else chance.uniform(0.4, 4), 2),
        efficiency=round(chance.uniform(0.78, 0.92) if is_large else chance.uniform(0.55, 0.85), 3),
        cores=(8, 8, 1) if is_large else chance.choice(((1,), (1, 1, 4), (1, 16))),
    )


def users_of(vo: str, count: int) -> Iterator[User]:
    """Two robots, which do most, then people."""
    for number in range(count):
        if number < 2:  # noqa: PLR2004 - production and pilot
            role = ("pilot", "production")[number]
            dn, fqan = f"/DC=org/DC=example/OU=Robots/CN=Robot {vo} {role}", f"/{vo}/Role={role}/Capability=NULL"
        else:
            person = PEOPLE[number % len(PEOPLE)] + (f" {number // len(PEOPLE)}" if number >= len(PEOPLE) else "")
            dn, fqan = f"/DC=org/DC=example/O=People/CN={person}", f"/{vo}/Role=NULL/Capability=NULL"
        yield User(dn, fqan, f"{vo.partition('.')[0]}{number:03}")


def site_of(wish: Wish, rank: int, vos: Sequence[Vo]) -> Site:
    """One site, with the VOs that it serves: large ones serve all."""
    chance = dice(wish.seed, "site", rank)
    at = (rank - 1) % len(COUNTRIES)
    country, ngi = COUNTRIES[at]
    name = f"{CODES[at]}-EXAMPLE-{(rank - 1) // len(COUNTRIES) + 1:02}"
    domain = f"{name.lower()}.example.org"
    system = chance.choice(SYSTEMS)
    benchmark = "HEPSPEC" if rank % 4 == 0 else "HEPscore23"
    elements = []
    for number in range(1, wish.ces + 1):
        host = f"ce{number}.{domain}"
        name_of_ce = f"{host}:9619/{host}-condor" if "HTCONDOR-CE" in system else host
        level = round(chance.uniform(9, 24), 2)
        elements.append(Element(name_of_ce, f"batch.{domain}", f"APEL-{system}", benchmark, level))
    served = [one for index, one in enumerate(vos) if rank <= TIER_ONE or index == 0 or chance.random() < 0.6]  # noqa: PLR2004
    return Site(name, rank, country, ngi, domain, tuple(elements), tuple(served))
