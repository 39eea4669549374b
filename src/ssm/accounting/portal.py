# SPDX-License-Identifier: Apache-2.0
"""Usage in the columns of the public accounting portals, which many programs read; and where a site belongs.

Times are hours, ``wc`` is wall time multiplied by cores, work is time multiplied by the benchmark, and efficiency is a
percentage. Country, federation, tier and NGI are not in usage records: they come from a topology file.
"""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ssm.accounting.report import hours, month_text
from ssm.errors import InputError
from ssm.ports.usage import Amount, Usage

Cell: TypeAlias = "str | int | float"
TEXTS = ("time", "benchmark", "ce", "country", "federation", "infrastructure", "site", "tier", "vo", "ngi")
NUMBERS = ("number_of_jobs", "raw_cpu_eff", "raw_cpu_time", "raw_cpu_work", "raw_wc_time", "raw_wc_work")
COLUMNS = (*TEXTS, *NUMBERS)
USER = "user"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With which a cell begins that a spreadsheet would calculate."""
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where a site belongs."""

    country: str = ""
    federation: str = ""
    tier: str = ""
    ngi: str = ""


Topology: TypeAlias = "Mapping[str, Belonging]"
PLACES = ("country", "federation", "tier", "ngi")


def read_topology(text: str) -> Topology:
    """A CSV file with a column ``site`` and any of country, federation, tier, ngi; InputError where it is none."""
    reader = csv.DictReader(io.StringIO(text))
    if "site" not in (reader.fieldnames or ()):
        raise InputError(
            "the topology has no column named site", hint=f"the first line names: site, {', '.join(PLACES)}"
        )
    return {(row["site"] or "").strip(): Belonging(*((row.get(one) or "").strip() for one in PLACES)) for row in reader}


def portal_rows(usages: Iterable[Usage], topology: Topology, *, by_user: bool = False) -> Iterator[dict[str, Cell]]:
    """Rows as the portal has them, and with the user where that is asked for."""
    sums: dict[Usage, Amount] = defaultdict(Amount)
    for one in usages:
        sums[without_amount(one)] += one.amount
    for one, amount in sums.items():
        place = topology.get(one.site, Belonging())
        row: dict[str, Cell] = {
            "time": month_text(one.month),
            "benchmark": one.benchmark,
            "ce": one.submit_host,
            "country": place.country,
            "federation": place.federation,
            "infrastructure": one.infrastructure,
            "site": one.site,
            "tier": place.tier,
            "vo": one.vo,
            "ngi": place.ngi,
        }
        yield row | figures(amount) | ({USER: one.user} if by_user else {})


def without_amount(one: Usage) -> Usage:
    """What tells it from others."""
    return Usage(one.month, one.site, one.vo, one.submit_host, one.user, one.infrastructure, one.benchmark, Amount())


def figures(amount: Amount) -> dict[str, Cell]:
    """The numbers of a row."""
    efficiency = amount.efficiency
    return {
        "number_of_jobs": amount.jobs,
        "raw_cpu_eff": "" if efficiency is None else round(100 * efficiency, 2),
        "raw_cpu_time": round(hours(amount.cpu), DECIMALS),
        "raw_cpu_work": round(hours(amount.cpu_work), DECIMALS),
        "raw_wc_time": round(hours(amount.core_wall), DECIMALS),
        "raw_wc_work": round(hours(amount.core_wall_work), DECIMALS),
    }


def csv_text(rows: Iterable[Mapping[str, Cell]], *, by_user: bool = False) -> Iterator[str]:
    """The lines of a CSV file."""
    columns = (*COLUMNS, USER) if by_user else COLUMNS
    yield ",".join(columns) + "\n"
    for row in rows:
        line = io.StringIO()
        # So that every kind of line end within a cell is quoted.
        csv.writer(line, lineterminator="\r\n").writerow([harmless(row[one]) for one in columns])
        yield line.getvalue().removesuffix("\r\n") + "\n"


def harmless(cell: Cell) -> Cell:
    """No name that somebody sent us is a formula to a spreadsheet."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def json_text(rows: Iterable[Mapping[str, Cell]]) -> Iterator[str]:
    """A JSON array, one row a line."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"
