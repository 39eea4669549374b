# SPDX-License-Identifier: Apache-2.0
"""Text messages that are wrong in some way: each has its fault, its line and the exact words for an administrator."""

import msgspec
import pytest

from ssm.errors import FormatError
from ssm.records.fault import Fault, Level
from ssm.records.field import Record
from ssm.records.formats import text_reader
from ssm.records.message import MAX_RECORD_OCTETS
from ssm.records.types.job import JobRecord
from tests.usage_messages import JOB_HEADER, begun, blocks, checked, job_text, octets, record_text, records, told

Said = list[tuple[str, int | None, str]]
BAD: dict[str, tuple[str | bytes, Said]] = {
    "empty": ("", [("empty-message", None, "the message is empty")]),
    "only blanks": (" \n\n", [("empty-message", None, "the message is empty")]),
    "header only": (
        JOB_HEADER,
        [("no-records", 1, "the message has a header and no record; it is accepted, and says nothing")],
    ),
    "unknown header": (
        "APEL-job-message: v0.3\nSite: A\n%%\n",
        [
            (
                "unknown-header",
                1,
                (
                    "'APEL-job-message: v0.3' is not the header of a message that we know: did you mean "
                    "APEL-cloud-message: v0.3?"
                ),
            )
        ],
    ),
    "known word unknown version": (
        "APEL-summary-job-message: v0.1\nSite: A\n%%\n",
        [("unknown-header", 1, "APEL-summary-job-message has no version 'v0.1'; there are v0.2, v0.3, v0.4")],
    ),
    "no header": (
        record_text() + "%%\n",
        [
            (
                "unknown-header",
                1,
                (
                    "'Site: EXAMPLE-T2' is not the header of a message that we know; the first line must "
                    "be one, as in APEL-individual-job-message: v0.3"
                ),
            )
        ],
    ),
    "header spelling": (
        "APEL-summary-job-message:v0.2\n",
        [
            (
                "header-spelling",
                1,
                (
                    "the header must be exactly APEL-summary-job-message: v0.2, with one blank after the "
                    "colon: did you mean APEL-summary-job-message: v0.2?"
                ),
            ),
            ("no-records", 1, "the message has a header and no record; it is accepted, and says nothing"),
        ],
    ),
    "header blank": (
        "APEL-individual-job-message: v0.3 \n" + record_text() + "%%\n",
        [
            (
                "header-blank",
                1,
                (
                    "the header has blanks around it, which repositories before APEL 2.2.1 refuse: did "
                    "you mean APEL-individual-job-message: v0.3?"
                ),
            )
        ],
    ),
    "version nobody has": (
        "APEL-individual-job-message: v0.9\n" + record_text() + "%%\n",
        [("unknown-version", 1, "APEL-individual-job-message has no version 'v0.9'; it is read as v0.3")],
    ),
    "unknown field": (
        job_text({"Sitename": "B"}),
        [("unknown-field", 12, "Sitename: is no field of individual job records")],
    ),
    "name of earlier version": (
        job_text({"UserFQAN": "/demo"}),
        [("unknown-field", 12, "UserFQAN: is a name of version v0.1, not of v0.3: did you mean FQAN?")],
    ),
    "another type's": (
        job_text({"NumberOfJobs": "1"}),
        [("unknown-field", 12, "NumberOfJobs: is a field of summary of jobs records, not of individual job records")],
    ),
    "field twice": (
        JOB_HEADER + record_text() + "Site: OTHER\n%%\n",
        [("field-twice", 12, "Site: stands twice; the last is taken, 'OTHER', not that of line 2")],
    ),
    "missing": (job_text(without=("EndTime",)), [("missing-field", 2, "EndTime: is missing, and must be there")]),
    "null mandatory": (
        job_text({"EndTime": "None"}),
        [("null-field", 9, "EndTime: must have a value; 'None' means none")],
    ),
    "empty mandatory": (job_text({"EndTime": ""}), [("null-field", 9, "EndTime: must have a value; '' means none")]),
    "wrong int": (job_text({"Processors": "four"}), [("wrong-value", 7, "Processors: 'four' must be a whole number")]),
    "wrong mandatory int": (
        job_text({"WallDuration": "7200.0"}),
        [("wrong-value", 5, "WallDuration: '7200.0' must be a whole number")],
    ),
    "wrong float": (
        job_text({"ServiceLevel": "nan"}),
        [("wrong-value", 11, "ServiceLevel: 'nan' must be a number, and finite")],
    ),
    "float too big": (
        job_text({"ServiceLevel": "1e400"}),
        [("wrong-value", 11, "ServiceLevel: '1e400' must be a number up to 1e+15")],
    ),
    "wrong time": (
        job_text({"EndTime": "yesterday"}),
        [("wrong-value", 9, "EndTime: 'yesterday' must be seconds since 1970")],
    ),
    "date without zone": (
        job_text({"EndTime": "2024-05-01T10:00:00"}),
        [
            (
                "wrong-value",
                9,
                (
                    "EndTime: '2024-05-01T10:00:00' must be seconds since 1970, or end in Z (1714557600 "
                    "if it is meant as UTC)"
                ),
            )
        ],
    ),
    "date with offset": (
        job_text({"EndTime": "2024-05-01T10:00:00+02:00"}),
        [("wrong-value", 9, "EndTime: '2024-05-01T10:00:00+02:00' must be seconds since 1970 (1714550400)")],
    ),
    "date Z": (
        job_text({"EndTime": "2024-05-01T10:00:00Z"}),
        [("odd-value", 9, "EndTime: '2024-05-01T10:00:00Z' is better written as seconds since 1970 (1714557600)")],
    ),
    "date 13": (
        job_text({"EndTime": "2024-13-01T10:00:00Z"}),
        [("wrong-value", 9, "EndTime: '2024-13-01T10:00:00Z' must be seconds since 1970")],
    ),
    "neg time": (
        job_text({"EndTime": "-1"}),
        [("wrong-value", 9, "EndTime: '-1' must be seconds since 1970, up to the year 9999")],
    ),
    "bench plain": (
        "APEL-individual-job-message: v0.4\n"
        + record_text({"ServiceLevel": "10.5"}, without=("ServiceLevelType",))
        + "%%\n",
        [("wrong-value", 10, "ServiceLevel: '10.5' must be benchmarks, as in {HEPscore23: 15.3}")],
    ),
    "bench twice": (
        "APEL-individual-job-message: v0.4\n"
        + record_text({"ServiceLevel": "{a: 1, a: 2}"}, without=("ServiceLevelType",))
        + "%%\n",
        [("wrong-value", 10, "ServiceLevel: '{a: 1, a: 2}' a stands twice")],
    ),
    "bench inf": (
        "APEL-individual-job-message: v0.4\n"
        + record_text({"ServiceLevel": "{hepspec: 1e999}"}, without=("ServiceLevelType",))
        + "%%\n",
        [("wrong-value", 10, "ServiceLevel: '{hepspec: 1e999}' the value of hepspec must be a number up to 1e+15")],
    ),
    "type in 0.4": (
        "APEL-individual-job-message: v0.4\n" + record_text({"ServiceLevel": "{hepspec: 10}"}) + "%%\n",
        [("unknown-field", 10, "ServiceLevelType: is a name of version v0.3, not of v0.4")],
    ),
    "%% in value": (
        job_text({"Queue": "a%%b"}),
        [
            (
                "separator-in-value",
                12,
                "Queue: 'a%%b' holds %%, which ends a record even inside a line; no value can hold it",
            )
        ],
    ),
    "%% glued": (JOB_HEADER + record_text().rstrip("\n") + "%%\n", []),
    "next glued": (JOB_HEADER + record_text().rstrip("\n") + "%%" + record_text({"LocalJobId": "2"}) + "%%\n", []),
    "no final": (
        JOB_HEADER + record_text(),
        [("no-final-separator", 11, "the message does not end with %%; repositories accept that")],
    ),
    "mixed": (
        JOB_HEADER + record_text() + "%%\nAPEL-sync-message: v0.1\nSite: A\n%%\n",
        [("mixed-types", 13, "synchronisation records stand in a message of individual job records")],
    ),
    "two headers": (
        JOB_HEADER + record_text() + "%%\n" + JOB_HEADER + record_text({"LocalJobId": "2"}) + "%%\n",
        [("second-header", 13, "a second header stands inside the message; only the first line may be one")],
    ),
    "no colon": (
        JOB_HEADER + record_text() + "hello\n%%\n",
        [("no-colon", 12, "'hello' is no line of the form Name: value")],
    ),
    "blank line": (
        JOB_HEADER + record_text().replace("WallDuration", "\nWallDuration") + "%%\n",
        [("blank-line", 5, "a blank line must not stand inside a record")],
    ),
    "latin": (
        job_text({"LocalJobId": "é"}).encode("latin-1"),
        [
            (
                "not-utf8",
                4,
                "holds the octet 0xe9, which is not UTF-8: did you mean é in UTF-8, if the file is in Latin-1?",
            )
        ],
    ),
    "NEL": (
        job_text({"LocalJobId": "a\x85b"}),
        [("line-breaker", 4, "holds the character U+0085, at which a repository ends the line")],
    ),
    "control": (job_text({"LocalJobId": "a\x00b"}), [("control-character", 4, "holds the control character U+0000")]),
    "too long": (
        job_text({"SubmitHost": "x" * 256}),
        [("too-long", 3, "SubmitHost: has 256 characters; repositories hold 255")],
    ),
    "too big": (
        job_text({"NodeCount": "3000000000"}),
        [("too-long", 12, "NodeCount: 3000000000 is more than repositories hold (2147483647)")],
    ),
    "huge": (
        job_text({"WallDuration": "9" * 19}),
        [("wrong-value", 5, "WallDuration: '9999999999999999999' must be a whole number up to 9223372036854775807")],
    ),
    "underscore": (
        job_text({"WallDuration": "7_200"}),
        [("odd-value", 5, "WallDuration: '7_200' is an unusual way to write 7200")],
    ),
    "expects": (
        job_text(without=("SubmitHost", "ServiceLevel")),
        [
            ("service-level", 2, "ServiceLevel: ServiceLevelType is there, so ServiceLevel must be there too"),
            (
                "expected-field",
                2,
                "SubmitHost: has no value; the documentation asks for one, though repositories do without",
            ),
        ],
    ),
    "after": (
        job_text() + "EOF\n",
        [
            ("no-final-separator", 13, "the message does not end with %%; repositories accept that"),
            ("no-colon", 13, "'EOF' is no line of the form Name: value"),
        ],
    ),
    "binary": (b"\x00\x01\x02\xff", [("unknown-header", 1, "the message is not a text in UTF-8")]),
    "utf16": (job_text().encode("utf-16"), [("unknown-header", 1, "the message is not a text in UTF-8")]),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_told_with_its_line(case: str) -> None:
    message, expected = BAD[case]
    assert told(message) == expected


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("size", [1, 7, 61])
def test_what_is_told_does_not_depend_on_how_the_octets_come(case: str, size: int) -> None:
    message, _ = BAD[case]
    if octets(message):
        assert checked(message, size=size) == checked(message)


@pytest.mark.parametrize("case", BAD)
def test_other_line_ends_have_the_same_faults(case: str) -> None:
    message, expected = BAD[case]
    if b"\x00" not in octets(message):
        assert told(octets(message).replace(b"\n", b"\r\n")) == expected
        assert told(octets(message).replace(b"\n", b"\r")) == expected


def test_a_record_behind_a_separator_on_its_line_is_a_record() -> None:
    glued = f"{JOB_HEADER}{record_text().rstrip()}%%{record_text({'LocalJobId': '2'})}%%\n"
    assert records(glued) == records(f"{JOB_HEADER}{record_text()}%%\n{record_text({'LocalJobId': '2'})}%%\n")


def test_half_a_record_before_a_separator_inside_a_line_is_missed_whatever_follows() -> None:
    half = f"{JOB_HEADER}Site: A\nLocalJobId: 1%%{record_text()}%%\n"
    missing = [fault.field for fault in checked(half) if fault.code == "missing-field"]
    assert missing == ["WallDuration", "CpuDuration", "StartTime", "EndTime"]


def test_a_separator_in_a_value_leaves_the_record_whole() -> None:
    (record,) = records(job_text({"Queue": "a%%b"}))
    assert record == records(job_text())[0]


def test_several_separators_in_a_value_are_one_fault() -> None:
    assert [(fault.code, fault.field) for fault in checked(job_text({"Queue": "a%%b%%%c %% d"}))] == [
        ("separator-in-value", "Queue")
    ]


@pytest.mark.parametrize("octet", [b"\x85", b"\xe9", b"\x0c", b"\xe2\x80\xa8", b"\x00"])
def test_a_character_that_came_long_before_its_separator_is_still_seen(octet: bytes) -> None:
    data = job_text({"SubmitHost": "a@b"}).encode().replace(b"@", octet)
    whole = checked(data)
    assert [fault.line for fault in whole] == [3]
    for size in (1, 9, 30, 100):
        found = [fault for batch in begun_directly(data, size) for fault in batch]
        assert found == whole


def begun_directly(data: bytes, size: int) -> list[list[Fault]]:
    """The faults of each batch, without the buffer that recognising a format fills first."""
    return [batch.faults for batch in text_reader.read(blocks(data, size)).batches]


@pytest.mark.parametrize("end", ["%%\n", ""], ids=["with a separator", "without"])
@pytest.mark.parametrize("size", [None, 65_536])
def test_a_record_without_end_is_refused_however_it_comes(size: int | None, end: str) -> None:
    line = "GlobalUserName: /CN=x\n"
    message = JOB_HEADER + record_text() + line * (MAX_RECORD_OCTETS // len(line) + 1) + end
    found = [(fault.code, fault.line, str(fault)) for fault in checked(message, size=size)]
    assert found[0] == ("too-long", 2, "a record is longer than 1048576 octets")
    assert [code for code, _, _ in found] == ["too-long", "large-message"]


def test_a_line_without_end_is_refused() -> None:
    found = checked(JOB_HEADER.encode() + b"x" * 2_000_000, size=65_536)[0]
    assert (found.code, str(found)) == ("too-long", "a line is longer than 1048576 octets")


def test_records_before_what_cannot_be_read_are_read() -> None:
    message = begun(job_text().encode() + b"Site: " + b"x" * 3_000_000, 65_536)
    found: list[Record] = []

    def read_on() -> None:
        for batch in message.batches:
            found.extend(batch.records)

    with pytest.raises(FormatError, match="a line is longer"):
        read_on()
    assert found == records(job_text())


def test_blank_lines_around_records_mean_nothing() -> None:
    spaced = f"\n \n{JOB_HEADER}\n\n{record_text()}\n  \n%%\n\n{record_text({'LocalJobId': '2'})}%%\n\n \n"
    assert told(spaced) == []
    assert len(records(spaced)) == 2


def test_the_place_of_a_value_is_that_of_the_last_line_that_says_it() -> None:
    message = begun(JOB_HEADER + record_text() + "EndTime: 1\n%%\n")
    (batch,) = message.batches
    assert batch.place(0, "end_time").line == 12
    assert batch.place(0, "queue").line == 2
    assert batch.place(0, "queue").field == "Queue"


def test_another_type_without_a_separator_before_it_ends_the_record() -> None:
    message = JOB_HEADER + record_text() + "APEL-sync-message: v0.1\nSite: A\nNumberOfJobs: 1\n%%\n"
    assert [(fault.code, fault.line) for fault in checked(message)] == [("mixed-types", 12)]
    assert records(message) == records(job_text())


def test_a_header_of_no_version_inside_the_message_is_a_second_header() -> None:
    message = JOB_HEADER + record_text() + "APEL-summary-job-message: v0.1\n%%\n"
    assert [(fault.code, fault.line) for fault in checked(message)] == [("second-header", 12)]


@pytest.mark.parametrize(("name", "offset"), [("EndTime", 7), ("Site", 0)])
@pytest.mark.parametrize("word", ["None", "null"])
def test_null_in_a_mandatory_field_is_found_in_the_middle_of_good_records(name: str, offset: int, word: str) -> None:
    some = "".join(
        record_text({"LocalJobId": str(at), **({name: word} if at == 5 else {})}) + "%%\n" for at in range(9)
    )
    assert [(fault.code, fault.line) for fault in checked(JOB_HEADER + some)] == [("null-field", 2 + 11 * 5 + offset)]
    assert len(records(JOB_HEADER + some)) == 9


def test_records_of_more_looks_than_are_remembered_are_read_all_the_same() -> None:
    lines = record_text().strip().split("\n")
    some = [[*lines[at:], *lines[:at]] for at in range(10)] + [
        [*lines[:at], f"Queue: q{at}", f"NodeCount: {at}", *lines[at:]] for at in range(10)
    ]
    text = "".join("\n".join([*look, f"MemoryReal: {at}"]) + "\n%%\n" for at, look in enumerate(some))
    found = records(JOB_HEADER + text)
    assert [record.memory_real for record in found if isinstance(record, JobRecord)] == list(range(20))


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_lines_are_counted_from_the_first_whatever_is_blank_before_the_header(size: int) -> None:
    faults = begun_directly(b"\n \n\r\n" + job_text({"EndTime": "x"}).encode(), size)
    assert [(fault.code, fault.line) for some in faults for fault in some] == [("wrong-value", 12)]


@pytest.mark.parametrize("data", [b"", b"\n", b"\n \n\n"])
@pytest.mark.parametrize("size", [1, 1000])
def test_what_is_blank_to_its_end_is_empty(data: bytes, size: int) -> None:
    with pytest.raises(FormatError) as caught:
        text_reader.read(blocks(data, size))
    assert caught.value.code == "empty-message"


def test_records_that_differ_are_not_mistaken_for_as_many_lines_of_records_that_do_not() -> None:
    lines = record_text().strip().split("\n")
    swapped = [*lines[:1], *lines[2:3], *lines[1:2], *lines[3:]]
    shorter, longer = [one for one in lines if not one.startswith("Processors")], [*lines, "Queue: q"]
    some = [lines, lines, swapped, shorter, longer, lines]
    text = JOB_HEADER + "".join("\n".join(one) + "\n%%\n" for one in some)
    (plain,) = records(job_text())
    fewer, more = msgspec.structs.replace(plain, processors=None), msgspec.structs.replace(plain, queue="q")
    assert records(text) == [plain, plain, plain, fewer, more, plain]
    assert [fault.code for fault in checked(text)] == ["duplicate-key"] * 5


def test_lines_before_a_record_are_not_passed_over_when_they_are_as_many_as_those_of_a_record() -> None:
    height = record_text().count("\n") + 1
    more = "".join(f"LocalUserId: {number}\n" for number in range(height))
    text = JOB_HEADER + f"{record_text()}%%\n{more}{record_text({'LocalJobId': '2'})}%%\n"
    assert getattr(records(text)[1], "local_user_id", None) == str(height - 1)
    assert [fault.code for fault in checked(text)] == ["field-twice"] * (height - 1)


def test_a_field_that_repositories_pass_over_is_noted() -> None:
    (fault,) = checked(job_text({"UpdateTime": "2024-05-02 00:00:00"}))
    assert (fault.level, fault.code, fault.line) == (Level.NOTE, "ignored-field", 12)
    assert str(fault) == "UpdateTime: is not kept by repositories"


def test_blank_lines_before_the_header_are_passed_over_and_counted_but_not_without_end() -> None:
    for size in (None, 50_000):
        fault, large = checked("\n" * 1_000_000 + job_text({"CpuDuration": "-1"}), size=size)
        assert (fault.code, fault.line, large.code) == ("negative", 1_000_006, "large-message")
    fault, _ = checked(b"\n" * 2 * 1024 * 1024 + octets(job_text()), size=100_000)
    assert (fault.code, str(fault)) == ("empty-message", "the message begins with more than 1048576 blanks")
