# SPDX-License-Identifier: Apache-2.0
"""Bad input in XML: every case has its fault, with level, code, line, path and words; nothing is silently dropped."""

from collections.abc import Callable

import pytest

from ssm.records.fault import Level
from ssm.records.formats import aur, car, recognise, star
from tests.xml_messages import (
    as_shipped,
    aur_document,
    by_parser,
    car_document,
    element_by_element,
    job,
    said,
    star_document,
    storage,
    summary,
)

S, C, A = "StorageUsageRecords/StorageUsageRecord", "UsageRecords/UsageRecord", "SummaryRecords/SummaryRecord"
FOREIGN = "http://example.org/other"
DRAFT = "http://www.gridforum.org/2003/ur-wg"
OLD_CAR = "http://eu-emi.eu/namespaces/2012/10/computerecord"
NO_START = storage(2).replace("<StartTime>2024-05-01T00:00:00Z</StartTime>", "")


def allocated(text: str) -> str:
    return f"<ResourceCapacityAllocated>{text}</ResourceCapacityAllocated>"


Case = tuple[str, bytes, Level, str, int | None, str, str, str]
E, W, N = Level.ERROR, Level.WARNING, Level.NOTE
CASES: list[Case] = [
    ("empty message", b"", E, "empty-message", None, "", "the message is empty", ""),
    ("blank message", b"\xef\xbb\xbf \n", E, "empty-message", None, "", "the message is empty", ""),
    ("header only", star_document(), E, "no-records", 1, "",
     "the document holds no record, and is refused by repositories", ""),
    ("closed root", f'<StorageUsageRecords xmlns="{star.NAMESPACE}"/>'.encode(), E, "no-records", 1, "",
     "the document holds no record, and is refused by repositories", ""),
    ("unknown root", f'\n<StorageUsageRecord5 xmlns="{star.NAMESPACE}"/>'.encode(), E, "unknown-header", 2,
     "StorageUsageRecord5", "'StorageUsageRecord5' is not the root element of records that we know",
     "StorageUsageRecord"),
    ("draft namespace", f'<UsageRecords xmlns="{DRAFT}"/>'.encode(), E, "wrong-namespace", 1, "UsageRecords",
     f"UsageRecords stands in the namespace '{DRAFT}'; it must be {car.NAMESPACE}", car.NAMESPACE),
    ("earlier namespace", f'<UsageRecord xmlns="{OLD_CAR}"/>'.encode(), E, "wrong-namespace", 1, "UsageRecord",
     f"UsageRecord stands in the namespace '{OLD_CAR}'; it must be {car.NAMESPACE}", car.NAMESPACE),
    ("no namespace", b"<SummaryRecords/>", E, "wrong-namespace", 1, "SummaryRecords",
     f"SummaryRecords stands in the namespace ''; it must be {aur.NAMESPACE}", aur.NAMESPACE),
    ("record in another namespace",
     star_document(storage(1), storage(2).replace("Record>", f'Record xmlns="{FOREIGN}">', 1)), E, "wrong-namespace", 3,
     f"{S}[2]", f"stands in the namespace '{FOREIGN}', where repositories do not see it; it must be {star.NAMESPACE}",
     ""),
    ("another record", star_document(storage(1), storage(2).replace("StorageUsageRecord>", "UsageRecord>")), E,
     "unknown-element", 3, "StorageUsageRecords/UsageRecord[2]",
     "'UsageRecord' is no record of this document, and is passed over by repositories", "StorageUsageRecord"),
    ("mixed types", car_document(job(1), f'<x:SummaryRecord xmlns:x="{aur.NAMESPACE}"/>'), E, "unknown-element", 3,
     "UsageRecords/SummaryRecord[2]",
     "'SummaryRecord' is no record of this document, and is passed over by repositories", "UsageRecord"),
    ("a name of OGF UR", car_document(job(1).replace("UsageRecord>", "JobUsageRecord>")), E, "unknown-element", 2,
     "UsageRecords/JobUsageRecord[1]",
     "'JobUsageRecord' is no record of this document, and is passed over by repositories", "UsageRecord"),
    ("element in another namespace", star_document(storage(1, inner=f'<FileCount xmlns="{FOREIGN}">1</FileCount>')), E,
     "wrong-namespace", 2, f"{S}[1]/FileCount",
     f"stands in the namespace '{FOREIGN}', where repositories do not see it; it must be {star.NAMESPACE}", ""),
    ("unknown element", star_document(storage(1, inner="<FileCuont>1</FileCuont>")), W, "unknown-element", 2,
     f"{S}[1]/FileCuont", "is no element of star records; repositories pass it over", "FileCount"),
    ("record in a record", star_document(storage(1, inner="<StorageUsageRecord/>")), W, "unknown-element", 2,
     f"{S}[1]/StorageUsageRecord", "is no element of star records; repositories pass it over", ""),
    ("element twice", star_document(storage(1), storage(2, inner="\n<Site>B</Site>")), W, "field-twice", 4,
     f"{S}[2]/Site", "stands again; the first is taken, not this one ('B')", ""),
    ("missing mandatory element", star_document(storage(1), NO_START), E, "missing-field", 3, f"{S}[2]",
     "is missing, and must be there", ""),
    ("null in a mandatory element", star_document(storage(1).replace("se1.example.org", "None")), E, "null-field", 2,
     f"{S}[1]/StorageSystem", "must have a value; 'None' means none", ""),
    ("empty mandatory element", star_document(storage(1).replace("se1.example.org", " \t")), E, "null-field", 2,
     f"{S}[1]/StorageSystem", "must have a value; '' means none", ""),
    ("empty attribute", star_document(storage(1).replace('"r1"', '""')), E, "null-field", 2,
     f"{S}[1]/RecordIdentity@recordId", "must have a value; '' means none", ""),
    ("no number", star_document(storage(1), storage(2).replace("2000", "2 GB")), E, "wrong-value", 3,
     f"{S}[2]/ResourceCapacityUsed", "'2 GB' must be a whole number", ""),
    ("too large a number", star_document(storage(1), storage(2).replace("2000", "9" * 19)), E, "wrong-value", 3,
     f"{S}[2]/ResourceCapacityUsed", f"'{'9' * 19}' must be a whole number up to 9223372036854775807", ""),
    ("odd number", star_document(storage(1), storage(2, inner="<FileCount>1_000</FileCount>")), W, "odd-value", 3,
     f"{S}[2]/FileCount", "'1_000' is an unusual way to write 1000", ""),
    ("no time", star_document(storage(1), storage(2).replace("2024-05-01T00:00:00Z", "yesterday")), E, "wrong-value", 3,
     f"{S}[2]/StartTime", "'yesterday' must be a date and time, as in 2024-05-02T09:00:00Z", ""),
    ("a day that is none", star_document(storage(1).replace("2024-05-01", "2024-02-30")), E, "wrong-value", 2,
     f"{S}[1]/StartTime", "'2024-02-30T00:00:00Z' must be a date and time that exist", ""),
    ("time without a zone", star_document(storage(1).replace("01T00:00:00Z", "01T00:00:00")), W, "odd-value", 2,
     f"{S}[1]/StartTime", "'2024-05-01T00:00:00' has no zone, and is read as UTC", ""),
    ("no duration", car_document(job(1), job(2).replace("<WallDuration>PT60S", "<WallDuration>60")), E, "wrong-value",
     3, f"{C}[2]/WallDuration", "'60' must be a duration, as in PT7200S or P1DT2H", ""),
    ("negative duration", car_document(job(1, cpu="<CpuDuration>-PT1S</CpuDuration>")), E, "wrong-value", 2,
     f"{C}[1]/CpuDuration", "'-PT1S' must be a duration, as in PT7200S or P1DT2H", ""),
    ("no processor time", car_document(job(1), job(2, cpu="")), E, "missing-field", 3, f"{C}[2]",
     "is missing, and must be there", ""),
    ("value that is not finite", car_document(job(1).replace("10.5", "NaN")), E, "wrong-value", 2,
     f"{C}[1]/ServiceLevel", "'NaN' must be a number, and finite", ""),
    ("attribute without its namespace",
     star_document(*(storage(one, inner='<GroupAttribute attributeType="role">x</GroupAttribute>') for one in (1, 2))),
     W, "unqualified-attribute", 3, f"{S}[2]/GroupAttribute",
     "has the attribute attributeType without its namespace, where repositories do not see it", ""),
    ("attribute that is read without its namespace", star_document(storage(1), storage(2).replace("sr:rec", "rec")), W,
     "unqualified-attribute", 3, f"{S}[2]/RecordIdentity",
     "has the attribute recordId without its namespace, where repositories do not see it", ""),
    ("subgroup of none",
     star_document(storage(1, inner='<GroupAttribute sr:attributeType="subgroup">None</GroupAttribute>')), W,
     "empty-element", 2, f"{S}[1]/GroupAttribute",
     "says 'None', which means none, for the attributeType 'subgroup'", ""),
    ("no limit", star_document(storage(1, inner=allocated("-1"))), W, "odd-value", 2,
     f"{S}[1]/ResourceCapacityAllocated", "is -1, read as no limit; the element should be left out", ""),
    ("limit that is no number", star_document(storage(1, inner=allocated("1 TB"))), E, "wrong-value", 2,
     f"{S}[1]/ResourceCapacityAllocated", "'1 TB' must be a whole number", ""),
    ("odd limit", star_document(storage(1, inner=allocated("1_000"))), W, "odd-value", 2,
     f"{S}[1]/ResourceCapacityAllocated", "'1_000' is an unusual way to write 1000", ""),
    ("limit twice", star_document(storage(1, inner=allocated("1") + "\n" + allocated("2"))), W, "field-twice", 3,
     f"{S}[1]/ResourceCapacityAllocated", "stands again; the first is taken", ""),
    ("user by another name", star_document(storage(1, inner="<SubjectIdentity><User>/CN=a</User></SubjectIdentity>")),
     W, "odd-element", 2, f"{S}[1]/SubjectIdentity/User",
     "is no element of StAR; it is read as UserIdentity, and passed over by repositories", ""),
    ("processor time of a kind twice",
     car_document(job(1, inner=2 * '<CpuDuration urf:usageType="user">PT9S</CpuDuration>')), W,
     "field-twice", 2, f"{C}[1]/CpuDuration", "stands again with usageType 'user'; the first is taken", ""),
    ("processor time that is none", car_document(job(1, cpu='<CpuDuration urf:usageType="all">9</CpuDuration>')), E,
     "wrong-value", 2, f"{C}[1]/CpuDuration", "'9' must be a duration, as in PT7200S or P1DT2H", ""),
    ("memory that is no number", car_document(job(1, inner='<Memory urf:type="Physical">1.5</Memory>')), E,
     "wrong-value", 2, f"{C}[1]/Memory", "'1.5' must be a whole number", ""),
    ("memory of another kind",
     car_document(job(1, inner='<Memory urf:type="swap" urf:storageUnit="pages">1</Memory>')), N, "not-kept", 2,
     f"{C}[1]/Memory", "is not kept with type 'swap' and storageUnit 'pages'", ""),
    ("too long a text", star_document(storage(1), storage(2, site="x" * 256)), W, "too-long", 3, f"{S}[2]/Site",
     "has 256 characters; repositories hold 255", ""),
    ("too long a subgroup",
     star_document(storage(1, inner=f'<GroupAttribute sr:attributeType="role">{"x" * 256}</GroupAttribute>')), W,
     "too-long", 2, f"{S}[1]/GroupAttribute", "has 256 characters; repositories hold 255", ""),
    ("text among elements", star_document(storage(1, inner="<SubjectIdentity>demo<Group>a</Group></SubjectIdentity>")),
     W, "stray-text", 2, f"{S}[1]/SubjectIdentity", "holds the text 'demo', which means nothing here", ""),
    ("attributes that nobody keeps",
     aur_document(summary(1, inner="<urf:GroupAttribute>x</urf:GroupAttribute>")), N, "not-kept", 2,
     f"{A}[1]/GroupAttribute", "is not kept with the attributes it has here (none)", ""),
    ("truncated", star_document(storage(1), storage(2))[:-40], E, "truncated-xml", 3, "",
     "the document ends before its root element does", ""),
    ("truncated in a record", star_document(storage(1), storage(2), storage(3))[:-200], E, "truncated-xml", 4, "",
     "the document ends before its root element does", ""),
    ("wrong end tag", star_document(storage(1), storage(2).replace("</Site>", "</site>")), E, "not-well-formed", 3, "",
     "the document is not well-formed XML: mismatched tag", ""),
    ("two documents", star_document(storage(1)) * 2, E, "not-well-formed", 4, "",
     "the document is not well-formed XML: junk after document element", ""),
    ("undefined entity", star_document(storage(1), storage(2, site="&site;")), E, "not-well-formed", 3, "",
     "the document is not well-formed XML: undefined entity", ""),
    ("control character", star_document(storage(1), storage(2, site="\x01")), E, "not-well-formed", 3, "",
     "the document is not well-formed XML: not well-formed (invalid token), or octets that are not UTF-8", ""),
    ("what is no character", star_document(storage(1), storage(2, inner="<StorageShare>\uffff</StorageShare>")), E,
     "not-well-formed", 3, "",
     "the document is not well-formed XML: not well-formed (invalid token), or octets that are not UTF-8", ""),
    ("attribute twice", star_document(storage(1).replace("<Site>", "<Site sr:a='1' sr:a='2'>")), E, "not-well-formed",
     2, "", "the document is not well-formed XML: duplicate attribute", ""),
    ("prefix that is not declared", star_document(storage(1).replace("<Site>", "<Site x:a='1'>")), E,
     "not-well-formed", 2, "", "the document is not well-formed XML: unbound prefix", ""),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_bad_input_has_its_fault(case: Case) -> None:
    _, data, level, code, line, path, message, suggestion = case
    for read in (as_shipped, by_parser):
        for sizes in ([], [100]):
            found = [
                (one.level, one.code, one.line, one.path, one.message, one.suggestion)
                for one in read(data, sizes).faults
            ]
            assert (level, code, line, path, message, suggestion) in found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_the_ways_agree_on_bad_input(case: Case) -> None:
    assert said(as_shipped(case[1]).faults) == said(element_by_element(case[1]).faults)


def fake(text: str) -> str:
    """A comment that holds a record, and begins with what looks like the end of one."""
    return f"<!-- </StorageUsageRecord>{storage(66, site=text)}{storage(67)} -->\n"


@pytest.mark.parametrize("end", ["</StorageUsageRecord>", "</StorageUsageRecord >", "</StorageUsageRecord\n>"])
@pytest.mark.parametrize("make", [fake, lambda _: f"<?x </StorageUsageRecord>{storage(66)}?>\n"])
@pytest.mark.parametrize("sizes", [[], [1], [100], [1000]])
def test_records_in_comments_and_instructions_are_none(end: str, make: Callable[[str], str], sizes: list[int]) -> None:
    data = star_document(
        make("A"), storage(1), storage(2), make("B"), storage(3, end=end), make("C"), storage(4), make("D")
    )
    found = as_shipped(data, sizes)
    assert [getattr(one, "record_id", "") for one in found.records] == ["r1", "r2", "r3", "r4"]
    assert found.faults == []


def test_a_second_element_for_all_processor_time_hides_both_from_repositories() -> None:
    cpu = '<CpuDuration urf:usageType="all">PT60S</CpuDuration>'
    (fault,) = as_shipped(car_document(job(1, cpu=cpu * 2))).faults
    assert (fault.level, fault.message) == (
        E, "stands again with usageType 'all'; repositories then see none of them",
    )  # fmt: skip


def test_processor_time_in_parts_is_added_up_and_its_line_is_that_of_the_first() -> None:
    parts = (("user", 40), ("system", 2))
    cpu = "".join(f'\n<CpuDuration urf:usageType="{usage}">PT{text}S</CpuDuration>' for usage, text in parts)
    found = as_shipped(car_document(job(1), job(2, cpu=cpu)))
    (fault,) = found.faults
    assert getattr(found.records[1], "cpu_duration", None) == 42
    assert (fault.level, fault.code, fault.line) == (W, "parts-only", 4)
    assert fault.message == (
        "has no usageType all; user and system count here, and the first element alone counts for repositories"
    )


@pytest.mark.parametrize(
    ("unit", "text", "kilobytes"),
    [("b", "8192", 1), ("B", "2048", 2), ("KB", "3", 3), ("MB", "1", 1024), ("GB", "1", 1024**2), ("TB", "1", 1024**3),
     ("Kb", "8", 1), ("Mb", "1", 128), ("EB", "1", 1024**5)],
)  # fmt: skip
def test_memory_is_counted_in_kb(unit: str, text: str, kilobytes: int) -> None:
    inner = f'<Memory urf:storageUnit="{unit}" urf:type="Physical">{text}</Memory>'
    assert getattr(as_shipped(car_document(job(1, inner=inner))).records[0], "memory_real", None) == kilobytes


def test_the_largest_memory_of_a_type_counts() -> None:
    inner = "".join(f"<Memory urf:type='Shared'>{text}</Memory>" for text in ("5", "None", "7", "6"))
    found = as_shipped(car_document(job(1, inner=inner)))
    assert (getattr(found.records[0], "memory_virtual", None), found.faults) == (7, [])


def test_memory_beyond_what_a_column_holds_is_an_error() -> None:
    inner = f'<Memory urf:storageUnit="EB">{"9" * 18}</Memory>'
    (fault,) = as_shipped(car_document(job(1, inner=inner))).faults
    assert (fault.level, fault.message) == (E, f"'{'9' * 18}' EB is more than repositories hold")


def test_faults_of_records_before_a_break_are_told_too() -> None:
    data = star_document(storage(1).replace("1000", "x"), storage(2), storage(3).replace("3000", "y"), "<")
    assert [one.code for one in as_shipped(data).faults] == ["wrong-value", "wrong-value", "not-well-formed"]


def test_lines_are_counted_past_a_blank_beginning_a_mark_and_carriage_returns() -> None:
    data = star_document(storage(1), storage(2), storage(3, site="x" * 256)).replace(b"\n", b"\r\n")
    (fault,) = as_shipped(b"\xef\xbb\xbf\r\n\r\n" + data).faults
    assert fault.line == 6


def test_values_are_looked_up_at_any_depth_and_without_blanks() -> None:
    data = star_document(storage(1, inner="<SubjectIdentity><DirectoryPath> /a b </DirectoryPath></SubjectIdentity>"))
    assert getattr(as_shipped(data).records[0], "directory_path", None) == "/a b"


@pytest.mark.parametrize("text", ["", " ", "None", "null"])
def test_a_limit_that_is_said_to_be_none_is_none_as_with_other_numbers(text: str) -> None:
    found = as_shipped(star_document(storage(1, inner=allocated(text) + "<FileCount>None</FileCount>")))
    assert found.faults == []
    assert getattr(found.records[0], "resource_capacity_allocated", 0) is None


@pytest.mark.parametrize(
    ("inner", "user"),
    [
        ("<UserIdentity>/CN=a</UserIdentity><User>/CN=b</User>", "/CN=a"),
        ("<User>/CN=b</User><UserIdentity>/CN=a</UserIdentity>", "/CN=a"),
        ("<User> /CN=b </User>", "/CN=b"),
        ("<User>None</User>", None),
    ],
)
def test_the_right_name_of_the_user_goes_before_the_wrong_one(inner: str, user: str | None) -> None:
    found = as_shipped(star_document(storage(1, inner=f"<SubjectIdentity>{inner}</SubjectIdentity>")))
    assert [getattr(one, "user_identity", "") for one in found.records] == [user]
    assert [one.code for one in found.faults] == ["odd-element"]


def test_attributes_of_a_group_are_kept_the_first_subgroup_and_role_by_their_names() -> None:
    inner = "".join(
        f'<GroupAttribute sr:attributeType="{kind}">{text}</GroupAttribute>'
        for kind, text in (("role", "pilot"), ("authority", "x"), ("subgroup", "a"), ("subgroup", "b"), ("role", "c"))
    )
    (record,) = as_shipped(star_document(storage(1, inner=inner))).records
    assert (getattr(record, "role", ""), getattr(record, "sub_group", "")) == ("pilot", "a")
    assert getattr(record, "group_attributes", ()) == (("authority", "x"), ("subgroup", "b"), ("role", "c"))


def test_a_record_that_is_broken_off_does_not_take_the_whole_one_before_it_along() -> None:
    whole, broken = storage(1), storage(2).replace("</Site>", "</site>")
    for data in (star_document(f"{whole}{broken}"), star_document(whole.replace("Record>", "Record >"), broken)):
        found = as_shipped(data)
        assert [getattr(one, "record_id", "") for one in found.records] == ["r1"]
        assert [one.code for one in found.faults] == ["not-well-formed"]


def test_the_place_of_a_value_is_found_in_a_record_that_was_taken_past_the_parser() -> None:
    parts = [storage(number, inner="\n<FileCount>1</FileCount>\n") for number in range(1, 6)]
    form, again = recognise(iter([star_document(*parts)]))
    places = [
        [batch.place(index, name) for name in ("file_count", "site", "role", "")]
        for batch in form.read(again).batches
        for index in range(len(batch.records))
    ]
    assert [[one.line for one in some] for some in places] == [[at + 1, at, at, at] for at in (2, 5, 8, 11, 14)]
    assert [one.path for one in places[4]] == [f"{S}[5]/FileCount", f"{S}[5]/Site", f"{S}[5]", f"{S}[5]"]
    assert places[4][2].field == "Role"
