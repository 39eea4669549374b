# SPDX-License-Identifier: Apache-2.0
"""The speed of a core is in the range of its benchmark, not in that of another one or of a whole machine."""

from ssm.records.benchmarks import KNOWN, Benchmarks
from ssm.records.checking import Answer, Context, Finding, check
from ssm.records.fault import Level
from ssm.records.types.job import JobRecord
from ssm.records.types.summary import SummaryRecord

PLAUSIBLE = {"hepscore23": (1.0, 100.0), "hepspec": (1.0, 100.0), "si2k": (250.0, 25_000.0)}
"""Of one core. HEPscore23 of a whole machine is in the hundreds and thousands, Si2k is 250 times HEPSPEC."""


def look(record: JobRecord | SummaryRecord, _: Context) -> Answer:
    """Each value that is given."""
    level = record.service_level
    if level is None:
        return None
    if isinstance(level, Benchmarks):
        return look_at_dictionary(level)
    return implausible((record.service_level_type or "").lower(), level)


def look_at_dictionary(level: Benchmarks) -> Answer:
    """Several, of which two that are equal are probably one."""
    by_name = {name.lower(): value for name, value in level.values}
    found = [one for name, value in by_name.items() if (one := implausible(name, value)) is not None]
    both = by_name.get("hepspec"), by_name.get("hepscore23")
    if not found and both[0] is not None and both[0] == both[1]:
        return Finding("service_level", f"HEPSPEC has the value of HEPscore23, {both[0]!r}; one of them is a copy")
    return found or None


def implausible(name: str, value: float) -> Finding | None:
    """Out of range."""
    least, most = PLAUSIBLE.get(name, (value, value))
    if least <= value <= most or value < 0:
        return None
    said = f"{KNOWN[name]} {value!r} is not from {least:g} to {most:g}, as for one core"
    if name == "hepspec" and value > most:
        said += "; it is in the range of HEPscore23 of a whole machine, or of Si2k"
    elif name == "si2k":
        said += "; Si2k is 250 times HEPSPEC"
    return Finding("service_level", said)


CHECK = check(
    "service-level-range",
    Level.WARNING,
    "ServiceLevel is in the range of its benchmark for one core.",
    (JobRecord, SummaryRecord),
    look,
)
