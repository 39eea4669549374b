# SPDX-License-Identifier: Apache-2.0
"""EMI StAR 1.2: storage records in XML.

Producers differ: the site may stand within SubjectIdentity, the user under another name, several subgroups may
be given, and a quota of -1 means that there is none. All of that is read (EMI StAR 1.2, OGF GFD.201).
"""

from functools import partial
from typing import cast

from ssm.errors import RecordError
from ssm.records.fault import Level, quoted
from ssm.records.field import Record
from ssm.records.formats import xml_cutter, xml_reader
from ssm.records.formats.safe_xml import SEPARATOR, Element
from ssm.records.formats.xml_names import STAR
from ssm.records.formats.xml_rules import Attribute, Outcome, Vocabulary, rules_for
from ssm.records.formats.xml_writer import ESCAPES, NO_XML, Sheet, writer
from ssm.records.kinds import WHOLE
from ssm.records.moments import Doubts
from ssm.records.types.storage import STORAGE, StorageRecord
from ssm.records.values import NULLS, is_sound_text

FORMAT = STAR.format
(NAMESPACE,) = STAR.namespaces
STRUCTURE = ("SubjectIdentity",)
SINGLE = {"subgroup": "sub_group", "role": "role"}


def group_attributes(elements: list[Element], attribute: Attribute) -> Outcome:
    """Subgroup and role, the first of each; what else there is, as pairs."""
    outcome = Outcome()
    others: list[tuple[str, str]] = []
    for element in elements:
        kind, text = attribute(element, "attributeType"), element.text.strip()
        name = SINGLE.get(kind)
        if text in NULLS:
            said = f"says {quoted(text)}, which means none, for the attributeType {quoted(kind)}"
            outcome.problems.append((element, Level.WARNING, "empty-element", said))
        elif name is not None and name not in outcome.values:
            outcome.put(name, text, element)
        else:
            others.append((kind, text))
            outcome.put("group_attributes", tuple(others), element)
    return outcome


def allocated(elements: list[Element], attribute: Attribute) -> Outcome:
    """Space set aside; -1 says that there is no limit, so none is set aside."""
    del attribute
    outcome = Outcome()
    first, text = elements[0], elements[0].text.strip()
    if len(elements) > 1:
        outcome.problems.append((elements[1], Level.WARNING, "field-twice", "stands again; the first is taken"))
    if text == "-1":
        said = "is -1, read as no limit; the element should be left out"
        outcome.problems.append((first, Level.WARNING, "odd-value", said))
        return outcome
    if text in NULLS:
        return outcome
    doubts: Doubts = []
    try:
        outcome.put("resource_capacity_allocated", WHOLE.read_xml(text, doubts), first)
    except ValueError as error:
        outcome.problems.append((first, Level.ERROR, "wrong-value", f"{quoted(text)} {error}"))
    outcome.problems += [(first, Level.WARNING, "odd-value", f"{quoted(text)} {doubt}") for doubt in doubts]
    return outcome


def user(elements: list[Element], attribute: Attribute) -> Outcome:
    """The wrong name that some scripts have for UserIdentity."""
    del attribute
    outcome = Outcome()
    said = "is no element of StAR; it is read as UserIdentity, and passed over by repositories"
    outcome.problems.append((elements[0], Level.WARNING, "odd-element", said))
    if elements[0].text.strip() not in NULLS:
        outcome.put("user_identity", elements[0].text.strip(), elements[0])
    return outcome


def tag(name: str) -> str:
    """An element's tag."""
    return NAMESPACE + SEPARATOR + name


VOCABULARY = Vocabulary(
    format=FORMAT,
    type=STORAGE,
    version="1.2",
    names_version="1.2",
    rules=rules_for(
        STORAGE, "1.2", lambda spot: [tag(spot.element)], NAMESPACE, but={"GroupAttribute", "ResourceCapacityAllocated"}
    ),
    records=frozenset(map(tag, STAR.records)),
    structure=frozenset(map(tag, STRUCTURE)),
    passed_over=frozenset(),
    special={
        tag("GroupAttribute"): group_attributes, tag("ResourceCapacityAllocated"): allocated, tag("User"): user
    },
    attribute_namespaces=(NAMESPACE,),
)  # fmt: skip


def choose(_: Element, __: list[Element]) -> Vocabulary:
    """There is one."""
    return VOCABULARY


def prefix(parent: str, element: str) -> str:
    """All in one namespace."""
    del parent
    return f"sr:{element}"


def more_attributes(record: Record) -> list[str]:
    """Further attributes of the group, as elements; RecordError where they would not read back as such."""
    found = cast("StorageRecord", record).group_attributes or ()
    for kind, text in found:
        is_first = kind in SINGLE and getattr(record, SINGLE[kind]) is None
        if is_first or not is_sound_text(text) or kind != kind.strip() or NO_XML.search(kind + text):
            raise RecordError("GroupAttributes", f"cannot have {quoted(text)} of type {quoted(kind)} in this format")
    escaped = [(kind.translate(ESCAPES), text.translate(ESCAPES)) for kind, text in found]
    return [f'<sr:GroupAttribute sr:attributeType="{kind}">{text}</sr:GroupAttribute>' for kind, text in escaped]


write = writer(
    Sheet(
        type=STORAGE,
        names_version="1.2",
        root="sr:StorageUsageRecords",
        record="sr:StorageUsageRecord",
        prefix=prefix,
        attribute_prefix="sr:",
        namespaces=f'xmlns:sr="{NAMESPACE}"',
        order=(
            *("RecordIdentity", "StorageSystem", "Site", "StorageShare", "StorageMedia", "StorageClass", "FileCount"),
            *("DirectoryPath", "SubjectIdentity", "LocalUser", "LocalGroup", "UserIdentity", "Group", "GroupAttribute"),
            *("StartTime", "EndTime", "ResourceCapacityUsed", "LogicalCapacityUsed", "ResourceCapacityAllocated"),
        ),
        counts=("resource_capacity_allocated",),
        lists={"group_attributes": more_attributes},
    )
)
read = partial(xml_reader.read, choose=choose, containers=STAR.containers)
cut = partial(xml_cutter.cut, containers=STAR.containers)
