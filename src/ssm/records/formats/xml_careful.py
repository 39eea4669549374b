# SPDX-License-Identifier: Apache-2.0
"""The careful way through one record of an XML document: element by element, with everything that is wrong in it."""

from dataclasses import dataclass, field

from ssm.records.fault import Fault, Level, Place, nearest, quoted
from ssm.records.formats.safe_xml import SEPARATOR, Element, Elements
from ssm.records.formats.xml_rules import Rule, Vocabulary, attribute_of, described, looked_at_together
from ssm.records.gathering import Gathering
from ssm.records.values import NULLS


@dataclass(slots=True)
class CarefulXml:
    """One record being read."""

    vocabulary: Vocabulary
    path: str
    faults: list[Fault]
    found: Gathering = field(init=False)

    def __post_init__(self) -> None:
        self.found = Gathering(self.vocabulary.type, self.faults)

    def read(self, elements: Elements) -> Gathering:
        """Every value, and every fault; under the empty attribute, the place of the record."""
        whole = self.place_of(elements[0], [])
        self.found.places[""] = whole
        if elements[0].tag not in self.vocabulary.records:
            self.no_record(elements[0], whole)
        self.text_of_structure(elements[0], whole)
        open_names: Elements = []
        specials: dict[str, list[tuple[Element, Place]]] = {}
        for element in elements[1:]:
            while open_names and open_names[-1].depth >= element.depth:
                open_names.pop()
            open_names.append(element)
            place = self.place_of(element, open_names)
            if element.tag in self.vocabulary.special:
                specials.setdefault(element.tag, []).append((element, place))
            else:
                self.read_alone(element, place)
        for some in specials.values():
            self.read_special(some)
        for one in self.vocabulary.type.fields():
            self.found.missing(one, one.name, whole)
        return self.found

    def place_of(self, element: Element, open_names: Elements) -> Place:
        """Line and path."""
        path = "/".join([self.path, *(one.name for one in open_names)])
        return Place(element.line, path, element.name if open_names else "")

    def read_alone(self, element: Element, place: Place) -> None:
        """An element that needs no other to be understood."""
        if element.tag in self.vocabulary.rules:
            self.read_element(element, place)
        elif element.tag in self.vocabulary.structure:
            self.text_of_structure(element, place)
        elif element.tag not in self.vocabulary.passed_over:
            self.unknown(element, place)

    def read_element(self, element: Element, place: Place) -> None:
        """An element with a rule or several."""
        is_used = False
        for rule in self.vocabulary.rules[element.tag]:
            if rule.condition is not None:
                name = rule.condition[0].rpartition(SEPARATOR)[2]
                value, trouble = attribute_of(self.vocabulary, element, name)
                if value != rule.condition[1]:
                    continue
                self.trouble(trouble, place)
            is_used = True
            self.read_rule(element, rule, place)
        if not is_used and not self.vocabulary.is_passed_over(element):
            said = f"is not kept with the attributes it has here ({described(element)})"
            self.found.fault(Level.NOTE, "not-kept", said, place)

    def read_rule(self, element: Element, rule: Rule, place: Place) -> None:
        """One value."""
        text = element.text.strip()
        if rule.attribute is not None:
            name = rule.attribute.rpartition(SEPARATOR)[2]
            text, trouble = attribute_of(self.vocabulary, element, name)
            self.trouble(trouble, place)
            if not text and not any(one.rpartition(SEPARATOR)[2] == name for one in element.attributes):
                return
            place = Place(place.line, f"{place.path}@{name}", name)
        if rule.field.attribute in self.found.places:
            said = f"stands again; the first is taken, not this one ({quoted(text)})"
            self.found.fault(Level.WARNING, "field-twice", said, place)
        elif text in NULLS:
            self.found.null(rule.field, quoted(text), place)
        else:
            self.found.take(rule.field, text, place, lambda doubts: rule.kind.read_xml(text, doubts))

    def read_special(self, some: list[tuple[Element, Place]]) -> None:
        """Elements that belong together."""
        places = {id(element): place for element, place in some}
        outcome = looked_at_together(self.vocabulary, [element for element, _ in some])
        for element, level, code, said in outcome.problems:
            self.found.fault(level, code, said, places[id(element)])
        for attribute, value in outcome.values.items():
            if attribute not in self.found.places:
                self.found.values[attribute] = value
                self.found.places[attribute] = places[id(outcome.sources[attribute])]

    def no_record(self, element: Element, place: Place) -> None:
        """What stands where a record should."""
        wanted = min(self.vocabulary.records, key=lambda tag: (tag.rpartition(SEPARATOR)[2] != element.name, tag))
        namespace, _, name = wanted.rpartition(SEPARATOR)
        if element.name == name:
            said = f"stands in the namespace {quoted(element.namespace)}, where repositories do not see it"
            self.found.fault(Level.ERROR, "wrong-namespace", f"{said}; it must be {namespace}", place)
        else:
            said = f"{quoted(element.name)} is no record of this document, and is passed over by repositories"
            self.found.fault(Level.ERROR, "unknown-element", said, place, name)

    def text_of_structure(self, element: Element, place: Place) -> None:
        """There should be none in an element that only holds others."""
        if element.text.strip():
            said = f"holds the text {quoted(element.text.strip())}, which means nothing here"
            self.found.fault(Level.WARNING, "stray-text", said, place)

    def trouble(self, said: str, place: Place) -> None:
        """Something about an attribute."""
        if said:
            self.found.fault(Level.WARNING, "unqualified-attribute", said, place)

    def unknown(self, element: Element, place: Place) -> None:
        """An element that this format does not have here."""
        names = {tag.rpartition(SEPARATOR)[2] for tag in (*self.vocabulary.rules, *self.vocabulary.special)}
        if element.name in names:
            wanted = next(iter(self.vocabulary.rules)).rpartition(SEPARATOR)[0]
            here = quoted(element.namespace)
            said = f"stands in the namespace {here}, where repositories do not see it; it must be {wanted}"
            self.found.fault(Level.ERROR, "wrong-namespace", said, place)
            return
        said = f"is no element of {self.vocabulary.format} records; repositories pass it over"
        self.found.fault(Level.WARNING, "unknown-element", said, place, nearest(element.name, names))
