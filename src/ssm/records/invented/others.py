# SPDX-License-Identifier: Apache-2.0
"""What else a site has: virtual machines and their addresses, accelerators, storage."""

import random
from collections.abc import Iterator

from ssm.records.field import Record
from ssm.records.invented.jobs import HOUR
from ssm.records.invented.months import Month
from ssm.records.invented.world import Site, User, Vo, dice, share
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.cloud import CloudRecord
from ssm.records.types.public_ip import PublicIpRecord
from ssm.records.types.storage import StorageRecord

DAY = 24 * HOUR
TERABYTE = 10**12
SIZES = ((1, 2048, 20), (2, 4096, 40), (4, 8192, 80), (8, 32768, 160))
"""Of machines: processors, memory in MB, disk in GB."""
MODELS = (("NVIDIA A100", 6912, 120.0), ("NVIDIA L40S", 18176, 150.0), ("AMD MI250X", 14080, 140.0))
MEDIA = ("disk", "disk", "disk", "tape")
CLOUD_TYPE = "caso/5.2.1 (OpenStack)"


def somebody(chance: random.Random, site: Site) -> tuple[Vo, User]:
    """A user at a site."""
    [vo] = chance.choices(site.vos, [share(place) for place, _ in enumerate(site.vos, 1)])
    return vo, chance.choice(vo.users)


def uuid(chance: random.Random) -> str:
    """In the usual form."""
    digits = f"{chance.getrandbits(128):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def machines(seed: int, site: Site, month: Month, count: int) -> Iterator[Record]:
    """Virtual machines, as they were at the end of the month."""
    chance = dice(seed, "cloud", site.name, month.number)
    for _ in range(count):
        vo, user = somebody(chance, site)
        processors, memory, disk = chance.choice(SIZES)
        begin = chance.randrange(month.begin, month.end - HOUR)
        # Most do not live long; the others run on, less what they were suspended.
        is_over, ended = chance.random() < 0.6, chance.randrange(begin + HOUR, month.end + 1)  # noqa: PLR2004
        suspended = 0 if is_over else month.end - ended
        wall = ended - begin
        yield CloudRecord(
            record_create_time=ended + suspended - 1,
            vm_uuid=uuid(chance),
            site=site.name,
            cloud_compute_service=f"{site.name}-STACK",
            machine_name=f"{vo.name.partition('.')[0]}-{chance.randrange(10**6):06}",
            local_user_id=user.account,
            local_group_id=vo.name,
            global_user_name=user.dn,
            fqan=user.fqan,
            status="completed" if is_over else "started",
            start_time=begin,
            end_time=ended - 1 if is_over else None,
            suspend_duration=suspended,
            wall_duration=wall - 1,
            cpu_duration=(wall - 1) * processors,
            cpu_count=float(processors),
            network_inbound=chance.randrange(500),
            network_outbound=chance.randrange(200),
            public_ip_count=1,
            memory=memory,
            disk=disk,
            benchmark_type="HEPscore23",
            benchmark=site.elements[0].level,
            image_id=uuid(chance),
            cloud_type=CLOUD_TYPE,
        )


def addresses(seed: int, site: Site, month: Month, count: int) -> Iterator[Record]:
    """Public addresses, as counted some time in the month."""
    chance = dice(seed, "addresses", site.name, month.number)
    for _ in range(count):
        vo, user = somebody(chance, site)
        yield PublicIpRecord(
            measurement_time=chance.randrange(month.begin, month.end),
            site=site.name,
            cloud_compute_service=f"{site.name}-STACK",
            cloud_type=CLOUD_TYPE,
            local_user=user.account,
            local_group=vo.name,
            global_user_name=user.dn,
            fqan=user.fqan,
            ip_version=chance.choice((4, 4, 6)),
            ip_count=chance.randrange(1, 40),
        )


def accelerators(seed: int, site: Site, month: Month, count: int) -> Iterator[Record]:
    """Accelerators of machines."""
    chance = dice(seed, "accelerators", site.name, month.number)
    for _ in range(count):
        _, user = somebody(chance, site)
        model, cores, speed = chance.choice(MODELS)
        number = chance.choice((1, 1, 2, 4))
        available = chance.randrange(HOUR, month.end - month.begin)
        yield AcceleratorRecord(
            measurement_month=month.of_year,
            measurement_year=month.year,
            associated_record_type="cloud",
            associated_record=uuid(chance),
            global_user_name=user.dn,
            fqan=user.fqan,
            site=site.name,
            count=float(number),
            cores=cores * number,
            active_duration=int(available * chance.uniform(0.3, 1)),
            available_duration=available,
            benchmark_type="HEPscore23",
            benchmark=speed,
            type="GPU",
            model=model,
        )


def storage(seed: int, site: Site, month: Month, count: int) -> Iterator[Record]:
    """What is stored for whom: measured every day, as often as the number asks for."""
    for index in range(count):
        # A share keeps its size over the months, and grows a little; so its chance does not depend on the month.
        place, day = index % (len(site.vos) * len(MEDIA)), index // (len(site.vos) * len(MEDIA))
        vo, medium = site.vos[place % len(site.vos)], MEDIA[place // len(site.vos)]
        chance = dice(seed, "storage", site.name, vo.name, place)
        size = chance.uniform(200, 900) * TERABYTE * site.weight * share(place + 1)
        age = (month.year - 2020) * 12 + month.of_year + day / 30
        used = int(size * (1 + 0.012 * age))
        begin = month.begin + day * DAY % (month.end - month.begin)
        yield StorageRecord(
            record_id=f"se.{site.domain}-{vo.name}-{place}-{month.number}-{day}",
            create_time=begin + DAY,
            storage_system=f"se.{site.domain}",
            site=site.name,
            storage_share=f"{vo.name}{place:02}",
            storage_media=medium,
            file_count=used // (2 * 10**9),
            group=vo.name,
            start_time=begin,
            end_time=begin + DAY - 1,
            resource_capacity_used=used,
            logical_capacity_used=int(used * 0.9),
            resource_capacity_allocated=int(used * 1.25),
        )
