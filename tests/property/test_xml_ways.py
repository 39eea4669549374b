# SPDX-License-Identifier: Apache-2.0
"""The quick way through XML takes nothing that the parser would refuse, and reads nothing otherwise than it does.

Documents are made of records that look alike, so that a look is learnt, and then disturbed in every way that could
make a pattern fit what is something else: markup in values, redeclared namespaces, blanks, comments with records in
them, octets that are no characters. Whatever comes of it must be the same in all ways, in any portions.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.xml_messages import (
    as_shipped,
    aur_document,
    by_parser,
    car_document,
    element_by_element,
    is_xml,
    job,
    said,
    star_document,
    storage,
    summary,
)

FOREIGN = "http://example.org/other"
INNER = {
    "star": (
        (
            "<SubjectIdentity><Group>demo</Group><GroupAttribute sr:attributeType='role'>pilot</GroupAttribute>"
            "</SubjectIdentity>"
        ),
        "<SubjectIdentity>\n  <LocalUser>u1</LocalUser>\n</SubjectIdentity><FileCount>12</FileCount>",
        "<SubjectIdentity></SubjectIdentity><ResourceCapacityAllocated>5</ResourceCapacityAllocated>",
        "<SubjectIdentity> </SubjectIdentity><StorageShare > pool </StorageShare >",
        "<SubjectIdentity><GroupAttribute sr:attributeType=' role '>x</GroupAttribute></SubjectIdentity>",
        "<SubjectIdentity><GroupAttribute attributeType='role'>x</GroupAttribute></SubjectIdentity>",
        "<SubjectIdentity><User>/CN=a</User></SubjectIdentity>",
    ),
    "car": (
        (
            "<UserIdentity><Group>demo</Group><GroupAttribute urf:type='FQAN'>/demo/Role=pilot</GroupAttribute>"
            "<LocalUserId>u</LocalUserId></UserIdentity><Status>completed</Status>"
        ),
        '<Infrastructure urf:type="grid" urf:description="JURA-ARC-SLURM"/><Host urf:primary="true">wn1</Host>',
        (
            '<Memory urf:storageUnit="KB" urf:type="Physical" urf:metric="max">1024</Memory>'
            '<Memory urf:storageUnit="MB" urf:type="shared">2</Memory><NodeCount>1</NodeCount>'
        ),
        '<Middleware urf:name="arc">nordugrid</Middleware><UserIdentity>\n</UserIdentity><JobName>a</JobName>',
        "<UserIdentity><GroupAttribute type='FQAN'>/demo</GroupAttribute></UserIdentity><Charge>1</Charge>",
        "<UserIdentity><GroupAttribute urf:type='ProjectName'>x</GroupAttribute></UserIdentity>",
        "<UserIdentity><GroupAttribute urf:type=' FQAN'>/demo</GroupAttribute></UserIdentity>",
        "<Infrastructure type='grid'/><CpuDuration usageType='user'>PT1S</CpuDuration>",
    ),
    "aur": (
        (
            "<UserIdentity><urf:Group>demo</urf:Group><urf:GroupAttribute urf:type='vo-role'>r</urf:GroupAttribute>"
            "</UserIdentity><NodeCount>1</NodeCount>"
        ),
        "<UserIdentity/><EarliestEndTime>2024-05-01T00:00:00Z</EarliestEndTime>",
        "<NormalisedWallDuration>PT1S</NormalisedWallDuration><NormalisedCpuDuration>PT1S</NormalisedCpuDuration>",
    ),
}


class Maker(Protocol):
    """Makes a record with something in it."""

    def __call__(self, number: int, *, inner: str) -> str: ...


MAKERS: dict[str, tuple[Maker, Callable[[str], bytes]]] = {
    "star": (storage, star_document),
    "car": (job, car_document),
    "aur": (summary, aur_document),
}
END_TAGS = ("</StorageUsageRecord>", "</UsageRecord>", "</SummaryRecord>")
NASTY = (
    *(
        "&amp;",
        "&#65;",
        "&#0;",
        "&#xFFFF;",
        "&undefined;",
        "&",
        "<![CDATA[x]]>",
        "<![CDATA[</Site>]]>",
        "]]>",
        "]]",
        ">",
    ),
    *("<!-- x -->", "<!-- </Site> -->", "<!--", "-->", "<?pi x?>", "<?xml version='1.0'?>", "<!DOCTYPE a>", "<b/>"),
    *("\ufffe", "\uffff", "\U0001fffe", "\x00", "\x01", "\x0b", "\x0c", "\x1c", "\x7f", "\x85", "\xa0", "\u2028", "é"),
    *("\r\n", "\n", "\t", " ", "\n \n", "None", "null", "-1", "0", "1_000", "9" * 20, "x" * 300, "PT1M", "P"),
    *("2024-05-02 00:00:00", "2024-05-02T00:00:00", "2024-13-02T00:00:00Z", "'", '"', "text", "<Site>B</Site>"),
    *(f"<Site xmlns='{FOREIGN}'>B</Site>", f" xmlns='{FOREIGN}'", f" xmlns:sr='{FOREIGN}'", f" xmlns:urf='{FOREIGN}'"),
    *(
        " xmlns=''",
        " sr:recordId='twice'",
        " urf:recordId='twice'",
        " type='x'",
        " urf:usageType='user'",
        " a='1' a='2'",
    ),
    *("/", "</Site >", "<Site/>", "<Unknown>1</Unknown>", *END_TAGS, *(f"<!-- {tag}" for tag in END_TAGS)),
)
OCTETS = (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xc0\x80", b"\xf4\x90\x80\x80")
SIZES = st.lists(st.integers(1, 400), max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Records of one or two looks, with a disturbance or several."""
    name = draw(st.sampled_from(sorted(MAKERS)))
    make, document = MAKERS[name]
    looks = draw(st.lists(st.sampled_from(INNER[name]), min_size=1, max_size=2))
    parts = [make(number, inner=looks[number % len(looks)]) for number in range(1, draw(st.integers(2, 6)))]
    if draw(st.booleans()):
        parts = [part.replace("><", ">\n  <") for part in parts]
    parts = [part.replace("Record>\n", "Record >\n") if draw(st.integers(0, 9)) == 0 else part for part in parts]
    if draw(st.integers(0, 5)) == 0:
        at = draw(st.integers(0, len(parts) - 1))
        parts[at] = f"<!-- {parts[at]} {parts[at]} -->"
    data = document("".join(parts))
    for _ in range(draw(st.integers(0, 3))):
        data = draw(st.sampled_from((insertion, replacement, octets_put_in, change_of_value, cut_out)))(draw, data)
    assume(is_xml(data))
    return data


def insertion(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.sampled_from(NASTY)).encode() + data[at:]


def replacement(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data) - 1))
    return data[:at] + bytes([draw(st.integers(0, 255).filter(lambda octet: octet != ord("\r")))]) + data[at + 1 :]


def octets_put_in(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.sampled_from(OCTETS)) + data[at:]


def change_of_value(draw: st.DrawFn, data: bytes) -> bytes:
    """What stands between a tag and the next one."""
    starts = [at for at in range(len(data) - 1) if data[at] == ord(">") and data[at + 1] not in b"<\n"] or [0]
    at = draw(st.sampled_from(starts)) + 1
    end = data.find(b"<", at)
    old = data[at:end]
    new = draw(st.sampled_from(NASTY)).encode()
    return data[:at] + draw(st.sampled_from((new, new + old, old + new, old + new + old))) + data[end:]


def cut_out(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data)))
    return data[:at] + data[at + draw(st.integers(1, 20)) :]


@settings(max_examples=300, deadline=None)
@given(documents(), SIZES)
def test_the_quick_way_and_the_parser_agree_on_records_and_faults(data: bytes, sizes: Sequence[int]) -> None:
    quick, parsed = as_shipped(data, sizes), by_parser(data)
    assert quick.records == parsed.records
    assert Counter(quick.faults) == Counter(parsed.faults)


@settings(max_examples=100, deadline=None)
@given(documents(), SIZES, SIZES)
def test_portions_make_no_difference(data: bytes, some: Sequence[int], others: Sequence[int]) -> None:
    one, other = as_shipped(data, some), as_shipped(data, others)
    assert one.records == other.records
    assert Counter(one.faults) == Counter(other.faults)


@settings(max_examples=200, deadline=None)
@given(documents())
def test_a_record_without_faults_is_read_as_it_is_element_by_element(data: bytes) -> None:
    quick, careful = as_shipped(data), element_by_element(data)
    assert quick.records == careful.records[: len(quick.records)]
    assert said(quick.faults) == said(careful.faults)
