# SPDX-License-Identifier: Apache-2.0
"""EMI AUR 1.2: summaries in XML, normalised ones with APEL's two additional elements.

Elements stand in the namespace of summaries, attributes and the children of UserIdentity in that of job records;
readers find each in either.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from ssm.records.field import Record, RecordType
from ssm.records.formats import car, xml_cutter, xml_reader
from ssm.records.formats.safe_xml import SEPARATOR, Element
from ssm.records.formats.xml_names import AUR
from ssm.records.formats.xml_rules import Spot, Vocabulary, rules_for
from ssm.records.formats.xml_writer import Sheet, writer
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY
from ssm.records.types.summary import SUMMARY

FORMAT = AUR.format
(NAMESPACE,) = AUR.namespaces
NAMES_VERSIONS = AUR.versions
STRUCTURE = ("UserIdentity",)
PASSED_OVER = ("MachineName", "Host", "Queue", "Middleware", "Memory", "Swap", "LocalUserId")
IN_NORMALISED = ("ServiceLevel",)
ORDER = (
    *("Site", "Month", "Year", "UserIdentity", "GlobalUserName", "Group", "GroupAttribute", "SubmitHost"),
    *("Infrastructure", "EarliestEndTime", "LatestEndTime", "WallDuration", "CpuDuration", "ServiceLevel"),
    *("NormalisedWallDuration", "NormalisedCpuDuration", "NumberOfJobs", "NodeCount", "Processors"),
)


def both(name: str) -> list[str]:
    """An element's tags."""
    return [NAMESPACE + SEPARATOR + name, car.NAMESPACE + SEPARATOR + name]


def tags(spot: Spot) -> list[str]:
    """Where a field's element may stand."""
    return both(spot.element)


def vocabulary(kind: RecordType) -> Vocabulary:
    """What documents of one of the two types may say."""
    version = NAMES_VERSIONS[kind.name]
    rules = rules_for(kind, version, tags, car.NAMESPACE, but=set())
    for tag in both("GroupAttribute"):
        rules[tag] = (*rules[tag], *(alias for rule in rules[tag] for alias in car.aliases(rule)))
    passed_over = (*PASSED_OVER, *(IN_NORMALISED if kind is NORMALISED_SUMMARY else ()))
    return Vocabulary(
        format=FORMAT,
        type=kind,
        version="1.2",
        names_version=version,
        rules=rules,
        records=frozenset(NAMESPACE + SEPARATOR + name for name in AUR.records),
        structure=frozenset(tag for name in STRUCTURE for tag in both(name)),
        passed_over=frozenset(tag for name in passed_over for tag in both(name)),
        special={},
        attribute_namespaces=(car.NAMESPACE, NAMESPACE),
    )


VOCABULARIES = {kind.name: vocabulary(kind) for kind in (SUMMARY, NORMALISED_SUMMARY)}


def choose(_: Element, record: list[Element]) -> Vocabulary:
    """By what the first record says."""
    is_normalised = any(element.name.startswith("Normalised") for element in record)
    return VOCABULARIES[NORMALISED_SUMMARY.name if is_normalised else SUMMARY.name]


def prefix(parent: str, element: str) -> str:
    """Whose namespace."""
    return f"urf:{element}" if parent == "UserIdentity" else f"aur:{element}"


def sheet(kind: RecordType) -> Sheet:
    """How one of the two types is written."""
    return Sheet(
        type=kind,
        names_version=NAMES_VERSIONS[kind.name],
        root="aur:SummaryRecords",
        record="aur:SummaryRecord",
        prefix=prefix,
        attribute_prefix="urf:",
        namespaces=f'xmlns:aur="{NAMESPACE}" xmlns:urf="{car.NAMESPACE}"',
        order=ORDER,
        extras={"GlobalUserName": car.name_type},
        never_absent=("infrastructure_type", "infrastructure"),
    )


WRITERS = {kind.name: writer(sheet(kind)) for kind in (SUMMARY, NORMALISED_SUMMARY)}
read = partial(xml_reader.read, choose=choose, containers=AUR.containers)
cut = partial(xml_cutter.cut, containers=AUR.containers)


def write(kind: RecordType, version: str, records: Iterable[Record]) -> Iterator[bytes]:
    """Either kind of summaries; RecordError where one cannot be said."""
    return WRITERS[kind.name](kind, version, records)
