# SPDX-License-Identifier: Apache-2.0
"""EMI CAR 1.2 and what OGF UR 1.0 has in common with it: job records in XML.

Producers differ: some give processor time in parts only, some write groups under other names or without a slash,
some count memory in other units. All of that is read (EMI CAR 1.2, UsageRecord; OGF GFD.98).
"""

from functools import partial

from ssm.records.fault import Level, quoted
from ssm.records.formats import xml_cutter, xml_reader
from ssm.records.formats.safe_xml import SEPARATOR, Element
from ssm.records.formats.xml_names import CAR
from ssm.records.formats.xml_rules import Attribute, Outcome, Rule, Vocabulary, rules_for
from ssm.records.formats.xml_writer import Sheet, writer
from ssm.records.fqan import slash_form
from ssm.records.moments import read_duration
from ssm.records.types.job import JOB
from ssm.records.values import MOST_INTEGER, NULLS

FORMAT = CAR.format
NAMESPACE, OGF_NAMESPACE = CAR.namespaces
RECORDS = {NAMESPACE: CAR.records[:1], OGF_NAMESPACE: CAR.records}
NAMES_VERSION = CAR.versions[JOB.name]
STRUCTURE = ("JobIdentity", "UserIdentity")
PASSED_OVER = (
    *("ProcessId", "Charge", "Swap", "TimeInstant", "TimeDuration", "Network", "Disk", "Host", "ProjectName"),
    *("Resource", "ConsumableResource", "PhaseResource", "VolumeResource", "LocalUserName"),
)
ALIASES = {("type", "vo-group"): ("group",), ("type", "vo-role"): ("role",)}
UNITS = {
    prefix + unit: bits * 1024**power
    for power, prefix in enumerate(("", "K", "M", "G", "T", "P", "E"))
    for unit, bits in (("b", 1), ("B", 8))
}
"""In bits."""
KB_BITS = 8 * 1024
MEMORY = {"physical": "memory_real", "shared": "memory_virtual", "virtual": "memory_virtual"}


def cpu_duration(elements: list[Element], attribute: Attribute) -> Outcome:
    """That of all cores together: ``all``, else user and system time added up, else the first there is."""
    outcome = Outcome()
    seconds: dict[str, int] = {}
    sources: dict[str, Element] = {}
    for element in elements:
        usage = attribute(element, "usageType")
        try:
            value = read_duration(element.text.strip())
        except ValueError as error:
            outcome.problems.append((element, Level.ERROR, "wrong-value", f"{quoted(element.text.strip())} {error}"))
            continue
        if usage in seconds:
            outcome.problems.append((element, *again(usage)))
        seconds.setdefault(usage, value)
        sources.setdefault(usage, element)
    whole = next((usage for usage in ("all", "") if usage in seconds), None)
    if whole is not None:
        outcome.put("cpu_duration", seconds[whole], sources[whole])
    elif seconds:
        first = next(iter(sources.values()))
        outcome.problems.append((first, Level.WARNING, "parts-only", PARTS_ONLY.format(" and ".join(seconds))))
        outcome.put("cpu_duration", sum(seconds.values()), first)
    return outcome


PARTS_ONLY = "has no usageType all; {} count here, and the first element alone counts for repositories"


def again(usage: str) -> tuple[Level, str, str]:
    """What a second one of a usageType means."""
    if usage == "all":
        return Level.ERROR, "field-twice", "stands again with usageType 'all'; repositories then see none of them"
    return Level.WARNING, "field-twice", f"stands again with usageType {quoted(usage)}; the first is taken"


def memory(elements: list[Element], attribute: Attribute) -> Outcome:
    """The largest of each type, in kB."""
    outcome = Outcome()
    for element in elements:
        kind, unit = attribute(element, "type") or "Physical", attribute(element, "storageUnit") or "KB"
        name, factor = MEMORY.get(kind.lower()), UNITS.get(unit)
        text = element.text.strip()
        if text in NULLS:
            continue
        if name is None or factor is None:
            said = f"is not kept with type {quoted(kind)} and storageUnit {quoted(unit)}"
            outcome.problems.append((element, Level.NOTE, "not-kept", said))
        elif not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
            said = f"{quoted(text)} must be a whole number"
            outcome.problems.append((element, Level.ERROR, "wrong-value", said))
        elif (value := int(text) * factor // KB_BITS) > MOST_INTEGER:
            said = f"{quoted(text)} {unit} is more than repositories hold"
            outcome.problems.append((element, Level.ERROR, "wrong-value", said))
        else:
            before = outcome.values.get(name)
            if not isinstance(before, int) or value > before:
                outcome.put(name, value, element)
    return outcome


MAX_DIGITS = 19


def vocabulary(namespace: str) -> Vocabulary:
    """What documents with this namespace may say."""

    def tag(name: str) -> str:
        return namespace + SEPARATOR + name

    rules = rules_for(JOB, NAMES_VERSION, lambda spot: [tag(spot.element)], namespace, but={"CpuDuration", "Memory"})
    attributes = rules[tag("GroupAttribute")]
    more = [alias for rule in attributes for alias in aliases(rule)]
    rules[tag("GroupAttribute")] = (*attributes, *more)
    return Vocabulary(
        format=FORMAT,
        type=JOB,
        version="1.2" if namespace == NAMESPACE else "UR 1.0",
        names_version=NAMES_VERSION,
        rules=rules,
        records=frozenset(map(tag, RECORDS[namespace])),
        structure=frozenset(map(tag, STRUCTURE)),
        passed_over=frozenset(map(tag, PASSED_OVER)),
        special={tag("CpuDuration"): cpu_duration, tag("Memory"): memory},
        attribute_namespaces=(namespace,),
    )


def aliases(rule: Rule) -> list[Rule]:
    """The same rule under the names that some writers use."""
    assert rule.condition is not None
    name, value = rule.condition
    others = ALIASES.get((name.rpartition(SEPARATOR)[2], value), ())
    return [Rule(rule.field, rule.kind, (name, other), rule.attribute) for other in others]


VOCABULARIES = {namespace: vocabulary(namespace) for namespace in (NAMESPACE, OGF_NAMESPACE)}


def choose(root: Element, _: list[Element]) -> Vocabulary:
    """By the root's namespace."""
    return VOCABULARIES[root.namespace]


def name_type(text: str) -> str:
    """Which spelling of a DN a user's name is in."""
    if text.startswith("/"):
        return ' urf:type="opensslCompat"'
    return ' urf:type="rfc2253"' if slash_form(text) else ""


def prefix(parent: str, element: str) -> str:
    """All in one namespace."""
    del parent
    return f"urf:{element}"


write = writer(
    Sheet(
        type=JOB,
        names_version=NAMES_VERSION,
        root="urf:UsageRecords",
        record="urf:UsageRecord",
        prefix=prefix,
        attribute_prefix="urf:",
        namespaces=f'xmlns:urf="{NAMESPACE}"',
        order=(
            *("RecordIdentity", "JobIdentity", "GlobalJobId", "LocalJobId", "UserIdentity", "GlobalUserName", "Group"),
            *("GroupAttribute", "LocalUserId", "LocalGroup", "JobName", "Status", "ExitStatus", "Infrastructure"),
            *("Middleware", "WallDuration", "CpuDuration", "ServiceLevel", "Memory", "NodeCount", "Processors"),
            *("EndTime", "StartTime", "MachineName", "SubmitHost", "Queue", "Site"),
        ),
        constants={
            "Memory": 'metric="max" storageUnit="KB"', "Processors": 'metric="max"', "Queue": 'description="execution"'
        },
        extras={"GlobalUserName": name_type},
        counts=("memory_real", "memory_virtual"),
        never_absent=("machine_name", "queue", "local_user_id", "infrastructure_type"),
    )
)  # fmt: skip
read = partial(xml_reader.read, choose=choose, containers=CAR.containers)
cut = partial(xml_cutter.cut, containers=CAR.containers)
