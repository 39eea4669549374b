# SPDX-License-Identifier: Apache-2.0
"""Writing records as XML, one a line, each value in the place that its declaration names."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from ssm.errors import RecordError
from ssm.records.fault import quoted
from ssm.records.field import Need, Record, RecordType, as_of
from ssm.records.formats.xml_rules import Spot
from ssm.records.kinds import Kind
from ssm.records.message import BATCH_RECORDS

ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NOTHING_SAID = "None"
"""As deployed writers have it where an element must be there; every reader takes it for nothing."""
Extra = Callable[[str], str]
"""From the text of an element to one more attribute of it, as ``name="value"``, or nothing."""


@dataclass(frozen=True, slots=True)
class Item:
    """One value in an element."""

    attribute: str
    """Of the record."""
    name: str
    kind: Kind[object]
    xml_attribute: str | None
    need: Need
    is_count: bool
    """Never negative."""
    is_never_absent: bool
    """Stands there even where nothing is said."""


@dataclass(slots=True)
class Node:
    """One element: what it always has, and what it takes from the record."""

    name: str
    constants: str = ""
    more: Extra | None = None
    items: list[Item] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sheet:
    """How a format is written."""

    type: RecordType
    names_version: str
    root: str
    """With prefix."""
    record: str
    prefix: Callable[[str, str], str]
    """Of an element, from its parent's name and its own."""
    attribute_prefix: str
    namespaces: str
    """Declarations on the root."""
    order: tuple[str, ...]
    """Elements and parents, as they follow each other."""
    constants: Mapping[str, str] = field(default_factory=dict)
    """By element or ``element=condition value``: attributes that it always has."""
    extras: Mapping[str, Extra] = field(default_factory=dict)
    never_absent: tuple[str, ...] = ()
    """Attributes of the record that this format requires, though records may do without."""
    counts: tuple[str, ...] = ()
    """Attributes of the record that this format does not have below zero."""
    lists: Mapping[str, Callable[[Record], list[str]]] = field(default_factory=dict)
    """By attribute of the record: how a list of values becomes elements."""


def writer(sheet: Sheet) -> Callable[[RecordType, str, Iterable[Record]], Iterator[bytes]]:
    """What writes documents by a sheet."""
    nodes = plan(sheet)

    def write(kind: RecordType, version: str, records: Iterable[Record]) -> Iterator[bytes]:
        del version
        assert kind is sheet.type
        yield f'<?xml version="1.0" encoding="UTF-8"?>\n<{sheet.root} {sheet.namespaces}>\n'.encode()
        stream = iter(records)
        while batch := list(islice(stream, BATCH_RECORDS)):
            yield "".join([write_record(one, sheet, nodes) for one in batch]).encode()
        yield f"</{sheet.root}>\n".encode()

    return write


def plan(sheet: Sheet) -> list[Node]:
    """The elements of a record, in the order of the sheet."""
    nodes: dict[tuple[str, str, str], Node] = {}
    for one in sheet.type.fields():
        if not one.xml or one.attribute in sheet.lists:
            continue
        spot = Spot.parse(one.xml)
        value = spot.condition[1] if spot.condition else ""
        key = (spot.parent, spot.element, value)
        node = nodes.setdefault(
            key,
            Node(sheet.prefix(spot.parent, spot.element), constants_of(sheet, spot), sheet.extras.get(spot.element)),
        )
        kind = as_of(one, sheet.type.versions, sheet.names_version).kind
        is_count, is_never_absent = one.attribute in sheet.counts, one.attribute in sheet.never_absent
        node.items.append(Item(one.attribute, one.name, kind, spot.attribute, one.need, is_count, is_never_absent))
    top: dict[str, Node] = {}
    for (parent, element, value), node in sorted(nodes.items(), key=lambda pair: rank(sheet, *pair[0])):
        if parent:
            top.setdefault(parent, Node(sheet.prefix("", parent))).children.append(node)
        else:
            top[f"{element}={value}"] = node
    return list(top.values())


def rank(sheet: Sheet, parent: str, element: str, value: str) -> tuple[int, int]:
    """Where an element comes."""
    del value
    return sheet.order.index(parent or element), sheet.order.index(element) if parent else 0


def constants_of(sheet: Sheet, spot: Spot) -> str:
    """What an element always has, with the condition by which it is told from others."""
    value = spot.condition[1] if spot.condition else ""
    pairs = [f'{spot.condition[0]}="{value}"'] if spot.condition else []
    pairs += filter(
        None, sheet.constants.get(f"{spot.element}={value}", sheet.constants.get(spot.element, "")).split(" ")
    )
    return "".join(f" {sheet.attribute_prefix}{pair}" for pair in pairs)


def write_record(record: Record, sheet: Sheet, nodes: list[Node]) -> str:
    """One record, on a line of its own; RecordError where it says what this format has no place for."""
    said = {name for name in record.__struct_fields__ if getattr(record, name) is not None}
    parts = [f"<{sheet.record}>"]
    parts += [(write_parent if node.children else write_node)(record, sheet, node, said) for node in nodes]
    if said:
        fields = {one.attribute: one.name for one in sheet.type.fields()}
        raise RecordError(fields[min(said)], f"has no place in {sheet.record} elements")
    text = "".join([*parts, f"</{sheet.record}>\n"])
    if NO_XML.search(text):
        values = ((one.name, str(getattr(record, one.attribute))) for one in sheet.type.fields())
        name, value = next((name, value) for name, value in values if NO_XML.search(value))
        raise RecordError(name, f"holds a character that XML cannot hold, in {quoted(value)}")
    return text


def write_parent(record: Record, sheet: Sheet, node: Node, said: set[str]) -> str:
    """An element that holds others; nothing where it would hold none."""
    inner = "".join([write_node(record, sheet, child, said) for child in node.children])
    name = node.name.rpartition(":")[2]
    for attribute, write_list in sheet.lists.items():
        if attribute in said and sheet_parent(sheet, attribute) == name:
            said.discard(attribute)
            inner += "".join(write_list(record))
    return f"<{node.name}>{inner}</{node.name}>" if inner else ""


def sheet_parent(sheet: Sheet, attribute: str) -> str:
    """The element in which a list stands."""
    return next(Spot.parse(one.xml).parent for one in sheet.type.fields() if one.attribute == attribute)


def write_node(record: Record, sheet: Sheet, node: Node, said: set[str]) -> str:
    """An element with a text or attributes; nothing where there is nothing to be said."""
    attributes = node.constants
    text = ""
    is_said = False
    for item in node.items:
        value: object = getattr(record, item.attribute)
        if value is None:
            if item.need is Need.REQUIRED:
                raise RecordError(item.name, "must be said, and is not")
            if not item.is_never_absent:
                continue
        said.discard(item.attribute)
        is_said = True
        written = NOTHING_SAID if value is None else spelled_out(item, value)
        if item.xml_attribute is None:
            text = written
        else:
            attributes += f' {sheet.attribute_prefix}{item.xml_attribute}="{written}"'
    if not is_said:
        return ""
    if node.more is not None:
        attributes += node.more(text)
    return f"<{node.name}{attributes}>{text}</{node.name}>" if text else f"<{node.name}{attributes}/>"


def spelled_out(item: Item, value: object) -> str:
    """A value as XML; RecordError where it would not read back as itself."""
    try:
        is_of_kind = isinstance(value, item.kind.holds) and not isinstance(value, bool) and item.kind.is_sound(value)
        if is_of_kind and not (item.is_count and isinstance(value, int) and value < 0):
            return item.kind.write_xml(value).translate(ESCAPES)
    except ValueError:
        pass
    raise RecordError(item.name, f"cannot be {quoted(str(value))} in this format")
