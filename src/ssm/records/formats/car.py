# SPDX-License-Identifier: Apache-2.0
"""EMI CAR 1.2 and what OGF UR 1.0 has in common with it: job records in XML.

Producers differ: some give processor time in parts only, some write groups under other names or without a slash,
some count memory in other units. All of that is read (EMI CAR 1.2, UsageRecord; OGF GFD.98).
"""

from ssm.records.fault import Level, quoted
from ssm.records.formats.safe_xml import SEPARATOR, Element
from ssm.records.formats.xml_rules import Attribute, Outcome, Rule, Vocabulary, rules_for
from ssm.records.formats.xml_writer import Sheet, writer
from ssm.records.fqan import slash_form
from ssm.records.moments import read_duration
from ssm.records.types.job import JOB

FORMAT = "car"
NAMESPACE = "http://eu-emi.eu/namespaces/2012/11/computerecord"
OGF_NAMESPACE = "http://schema.ogf.org/urf/2003/09/urf"
CONTAINERS = ("UsageRecords",)
RECORDS = ("UsageRecord", "JobUsageRecord")
NAMES_VERSION = "v0.3"
STRUCTURE = ("JobIdentity", "UserIdentity", "UsageRecord", "JobUsageRecord")
PASSED_OVER = (
    *("ProcessId", "Charge", "Swap", "TimeInstant", "TimeDuration", "Network", "Disk", "Host", "ProjectName"),
    *("Resource", "ConsumableResource", "PhaseResource", "VolumeResource", "LocalUserName"),
)
ALIASES = {("type", "vo-group"): ("group",), ("type", "vo-role"): ("role",)}
UNITS = {"b": 1 / 8192, "B": 1 / 1024, "KB": 1, "MB": 1024, "GB": 1024**2, "TB": 1024**3, "PB": 1024**4, "EB": 1024**5,
         "Kb": 1 / 8, "Mb": 128, "Gb": 128 * 1024, "Pb": 128 * 1024**3, "Eb": 128 * 1024**4}  # fmt: skip
"""In kB."""
MEMORY = {"physical": "memory_real", "shared": "memory_virtual", "virtual": "memory_virtual"}


def cpu_duration(elements: list[Element], attribute: Attribute) -> Outcome:
    """That of all cores together: ``all``, else user and system time added up, else the first there is."""
    outcome = Outcome()
    seconds: dict[str, int] = {}
    for element in elements:
        usage = attribute(element, "usageType") or "all"
        try:
            value = read_duration(element.text.strip())
        except ValueError as error:
            outcome.problems.append((element, Level.ERROR, "wrong-value", f"{quoted(element.text.strip())} {error}"))
            continue
        if usage in seconds:
            said = f"stands again with usageType {quoted(usage)}; the first is taken"
            outcome.problems.append((element, Level.WARNING, "field-twice", said))
        seconds.setdefault(usage, value)
    first = elements[0]
    if "all" in seconds:
        outcome.put("cpu_duration", seconds["all"], first)
    elif seconds:
        said = "has no usageType all; user and system are added up here, and repositories take the first alone"
        outcome.problems.append((first, Level.WARNING, "parts-only", said))
        outcome.put("cpu_duration", sum(seconds.values()), first)
    return outcome


def memory(elements: list[Element], attribute: Attribute) -> Outcome:
    """The largest of each type, in kB."""
    outcome = Outcome()
    for element in elements:
        kind, unit = attribute(element, "type") or "Physical", attribute(element, "storageUnit") or "KB"
        name, factor = MEMORY.get(kind.lower()), UNITS.get(unit)
        text = element.text.strip()
        if name is None or factor is None:
            said = f"is not kept with type {quoted(kind)} and storageUnit {quoted(unit)}"
            outcome.problems.append((element, Level.NOTE, "not-kept", said))
        elif not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
            said = f"{quoted(text)} must be a whole number"
            outcome.problems.append((element, Level.ERROR, "wrong-value", said))
        else:
            before = outcome.values.get(name)
            value = int(int(text) * factor)
            outcome.put(name, max(value, before) if isinstance(before, int) else value, element)
    return outcome


MAX_DIGITS = 18


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
    )
)  # fmt: skip
