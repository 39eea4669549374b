# SPDX-License-Identifier: Apache-2.0
"""What a look is learnt from and what not; and what a look that fits does not read, as a parser is to look at it."""

from collections.abc import Callable

import pytest

from ssm.records.field import Record
from ssm.records.formats import star, xml_shapes
from ssm.records.formats.safe_xml import Elements, SafeParser
from ssm.records.formats.xml_careful import CarefulXml
from ssm.records.formats.xml_shapes import XmlShape, compile_shape
from tests.xml_messages import STAR_NAMESPACES, as_shipped, by_parser, star_document, storage

Change = Callable[[str], str]


def parsed(raw: str) -> tuple[Elements, Record]:
    """A record by the parser."""
    parser = SafeParser(lambda _: True)
    parser.feed(f"<StorageUsageRecords {STAR_NAMESPACES}>".encode(), 1)
    parser.feed(raw.encode(), 1)
    (elements,) = parser.ready
    return elements, CarefulXml(star.VOCABULARY, "", []).read(elements).record()


def learnt(raw: str) -> XmlShape | None:
    return compile_shape(star.VOCABULARY, raw.encode(), *parsed(raw))


def look_of(inner: str) -> XmlShape:
    shape = learnt(storage(1, inner=inner).strip())
    assert shape is not None
    return shape


def read(shape: XmlShape, *raws: str) -> list[Record]:
    """Records that fit the look."""
    data = [raw.strip().encode() for raw in raws]
    rows = [match.groups() for match in map(shape.pattern.fullmatch, data) if match is not None]
    assert len(rows) == len(data)
    return shape.records(data, rows)


def group(text: str, kind: str = "authority") -> str:
    return f'<SubjectIdentity><GroupAttribute sr:attributeType="{kind}">{text}</GroupAttribute></SubjectIdentity>'


def share(text: str) -> str:
    return f"<StorageShare>{text}</StorageShare>"


@pytest.mark.parametrize(
    "inner",
    [
        "",
        share("a"),
        share("None"),
        share(" "),
        "\n  <FileCount >1</FileCount>\n",
        group("a"),
        group("a", "role"),
        "<SubjectIdentity/>",
        "<SubjectIdentity> </SubjectIdentity>",
        "<FileCount xmlns='" + star.NAMESPACE + "'>1</FileCount>",
    ],
)
def test_a_look_that_is_learnt_reads_the_next_records_as_the_parser_does(inner: str) -> None:
    others = [storage(number, inner=inner, site=f"S{number}").strip() for number in range(2, 5)]
    assert read(look_of(inner), *others) == [parsed(one)[1] for one in others]


LEFT: dict[str, Change] = {
    "a reference": lambda raw: raw.replace("EXAMPLE", "&#65;"),
    "a section without markup": lambda raw: raw.replace("EXAMPLE-T2", "<![CDATA[EXAMPLE-T2]]>"),
    "an instruction": lambda raw: raw.replace("<Site>", "<?a?><Site>"),
    "a length beyond the bound": lambda raw: raw.replace("<Site>", " " * xml_shapes.MAX_RAW + "<Site>"),
    "an end of a tag in an attribute": lambda raw: raw.replace("<Site>", '<Site sr:x="a>b">'),
    "an attribute of a name beyond the pattern's": lambda raw: raw.replace("<Site>", '<Site sr:\u00e9\u0301="a">'),
    "a text between elements": lambda raw: raw.replace("<Site>", "text<Site>"),
    "a text behind an element": lambda raw: raw.replace("</Site>", "</Site>text"),
    "an element that is closed at once": lambda raw: raw.replace("<Site>", "<StorageShare/><Site>"),
    "an element of no format": lambda raw: raw.replace("<Site>", "<FileCuont>1</FileCuont><Site>"),
    "an element twice": lambda raw: raw.replace("<Site>", "<Site>A</Site><Site>"),
    "an element twice that says the same": lambda raw: raw.replace("<Site>", "<Site>EXAMPLE-T2</Site><Site>"),
    "a value with a doubt": lambda raw: raw.replace("1000", "1_000"),
    "a value that cannot be read": lambda raw: raw.replace("1000", "x"),
    "a text that is too long": lambda raw: raw.replace("EXAMPLE", "x" * 256),
    "a group of none": lambda raw: raw.replace("<Site>", group("None") + "<Site>"),
}


@pytest.mark.parametrize("name", LEFT)
def test_no_look_is_learnt_from_what_is_better_left_to_the_parser(name: str) -> None:
    raw = storage(1).strip()
    assert learnt(raw) is not None
    assert learnt(LEFT[name](raw)) is None


def test_no_look_is_learnt_where_tags_and_elements_are_not_the_same() -> None:
    raw = storage(1).strip()
    elements, record = parsed(raw)
    for wrong in (elements[:-1], [*elements, elements[-1]], []):
        assert compile_shape(star.VOCABULARY, raw.encode(), wrong, record) is None


def test_no_look_is_learnt_that_would_read_another_value() -> None:
    raw = storage(1).strip()
    elements, _ = parsed(raw)
    _, other = parsed(raw.replace("1000", "1001"))
    assert compile_shape(star.VOCABULARY, raw.encode(), elements, other) is None


@pytest.mark.parametrize("none", ["None", "", " null "])
def test_a_value_that_means_none_is_none_by_the_look_that_its_record_fits_but_not_where_one_must_be(none: str) -> None:
    (record,) = read(look_of(share("a")), storage(2, inner=share(none)))
    assert getattr(record, "storage_share", "") is None
    with pytest.raises(ValueError, match="there is no value"):
        read(look_of(""), storage(2).replace("se1.example.org", none))


@pytest.mark.parametrize(
    ("inner", "usual", "odd"),
    [
        (share, "a", "x" * 256),
        (share, "a", "\uffff"),
        (lambda text: f"<FileCount>{text}</FileCount>", "1", "1_000"),
        (lambda text: f"<FileCount>{text}</FileCount>", "1", "x"),
        (lambda text: f"<FileCount>{text}</FileCount>", "1", str(2**31)),
        (group, "a", "None"),
        (lambda text: group(text, "role"), "a", "x" * 256),
        (lambda text: group("a") + f"<ResourceCapacityAllocated>{text}</ResourceCapacityAllocated>", "1", "-1"),
    ],
)
def test_a_value_that_needs_a_closer_look_is_not_read_by_the_look_that_its_record_fits(
    inner: Change, usual: str, odd: str
) -> None:
    shape = look_of(inner(usual))
    with pytest.raises(ValueError):  # noqa: PT011 - any of them leads to the parser
        read(shape, storage(2, inner=inner(usual)), storage(3, inner=inner(odd)))
    data = star_document(*(storage(number, inner=inner(odd if number == 4 else usual)) for number in range(1, 6)))
    assert as_shipped(data).faults == by_parser(data).faults
    assert as_shipped(data).records == by_parser(data).records


def test_what_is_no_character_is_seen_even_in_a_text_that_nobody_reads() -> None:
    inner = "<SubjectIdentity sr:note='{}'/>"
    shape = look_of(inner.format("\u00e9"))
    odd = storage(2, inner=inner.format("\u00e9"), site="\ufffe")
    with pytest.raises(ValueError, match="not a character"):
        read(shape, odd)


def test_few_and_short_texts_of_groups_are_remembered_and_all_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_shapes, "MAX_CACHED", 4)
    shape = look_of(group("a"))
    texts = ["a", "b", "a", "x" * xml_shapes.MAX_CACHED_TEXT, *map(str, range(10)), "b"]
    found = read(shape, *(storage(number, inner=group(text)) for number, text in enumerate(texts)))
    assert [getattr(one, "group_attributes", ()) for one in found] == [(("authority", text),) for text in texts]
    assert set(shape.cache) == {("a",), ("b",), ("0",), ("1",)}
