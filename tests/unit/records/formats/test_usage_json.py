# SPDX-License-Identifier: Apache-2.0
"""JSON messages that are wrong in some way: each has its fault, line, element and the exact words."""

import json
from types import EllipsisType

import pytest
from msgspec.structs import replace

from ssm.errors import RecordError
from ssm.records.formats import usage_json
from ssm.records.types.public_ip import PUBLIC_IP, PublicIpRecord
from tests.usage_messages import ADDRESSES, addresses, begun, checked


def changed(**values: object) -> dict[str, object]:
    """The record with other members; those that are ``...`` are left out."""
    return {name: value for name, value in {**ADDRESSES, **values}.items() if not isinstance(value, EllipsisType)}


Said = list[tuple[str, int | None, str, str]]
NO_TYPE = "is not a type of message that we know; it must be APEL Public IP message or APEL-accelerator-message"
BAD: dict[str, tuple[str | bytes, Said]] = {
    "no JSON": ('{"Type": ', [("not-json", 1, "the message is not JSON: expecting value at column 10", "")]),
    "brace alone": (
        "{",
        [("not-json", 1, "the message is not JSON: expecting property name enclosed in double quotes at column 2", "")],
    ),
    "rest behind": (addresses() + "x", [("not-json", 17, "the message is not JSON: extra data at column 2", "")]),
    "NaN": (
        addresses(changed(IPCount=float("nan"))),
        [("not-json", 14, "the message is not JSON: NaN is no number of JSON", "")],
    ),
    "latin": (
        addresses().encode().replace(b"alice@", b"\xe9lice@"),
        [("not-utf8", 11, "the message is not UTF-8", "")],
    ),
    "no type": (
        addresses(Type=None),
        [("unknown-header", None, "Type is missing, which says what the records of a JSON message are", "Type")],
    ),
    "unknown type": (
        addresses(Type="APEL Public IP"),
        [
            (
                "unknown-header",
                None,
                "Type 'APEL Public IP' is not a type of message that we know: did you mean APEL Public IP message?",
                "Type",
            )
        ],
    ),
    "type no text": (addresses(Type=5), [("unknown-header", None, f"Type '5' {NO_TYPE}", "Type")]),
    "no version": (
        addresses(Version=None),
        [("missing-field", None, "Version: is missing, and must be v0.2", "Version")],
    ),
    "unknown version": (
        addresses(Version="v9"),
        [("unknown-version", None, "Version: 'v9' must be v0.2: did you mean v0.2?", "Version")],
    ),
    "version number": (
        addresses(Version=0.2),
        [("unknown-version", None, "Version: '0.2' must be v0.2: did you mean v0.2?", "Version")],
    ),
    "no records": (
        addresses(UsageRecords=None),
        [("no-records", None, "UsageRecords must be a list with records in it", "UsageRecords")],
    ),
    "records empty": (
        addresses(UsageRecords=[]),
        [("no-records", None, "UsageRecords must be a list with records in it", "UsageRecords")],
    ),
    "records no list": (
        addresses(UsageRecords={}),
        [("no-records", None, "UsageRecords must be a list with records in it", "UsageRecords")],
    ),
    "member of frame": (
        addresses(Typo=1),
        [("unknown-field", None, "Typo: is no member of a message: did you mean Type?", "Typo")],
    ),
    "twice in frame": (
        '{"Type": "APEL Public IP message", "Type": "APEL Public IP message", "Version": "v0.2", "UsageRecords": '
        + json.dumps([ADDRESSES])
        + "}",
        [("field-twice", None, "Type: stands twice, and only the last is read", "Type")],
    ),
    "too many": (
        addresses(*[changed(MeasurementTime=1714521600 + i) for i in range(1001)]),
        [("too-many", None, "UsageRecords: there are 1001 records; a message may have 1000", "UsageRecords")],
    ),
    "record no object": (
        addresses(7, ADDRESSES),
        [
            ("wrong-value", 5, "must be an object", "UsageRecords[1]"),
            (
                "expected-field",
                5,
                "GlobalUserName: has no value; the documentation asks for one, though repositories do without",
                "UsageRecords[1]/GlobalUserName",
            ),
        ],
    ),
    "unknown field": (
        addresses(changed(SitName="A")),
        [
            (
                "unknown-field",
                5,
                "SitName: is no field of public ip addresses records: did you mean SiteName?",
                "UsageRecords[1]/SitName",
            )
        ],
    ),
    "field of job": (
        addresses(changed(Queue="A")),
        [("unknown-field", 5, "Queue: is no field of public ip addresses records", "UsageRecords[1]/Queue")],
    ),
    "twice": (
        addresses().replace('"IPCount": 3', '"IPCount": 3, "IPCount": 4'),
        [("field-twice", 5, "IPCount: stands twice; the last is taken", "UsageRecords[1]/IPCount")],
    ),
    "missing": (
        addresses(changed(IPCount=...)),
        [("missing-field", 5, "IPCount: is missing, and must be there", "UsageRecords[1]")],
    ),
    "null": (
        addresses(changed(IPCount=None)),
        [("null-field", 5, "IPCount: must have a value; null means none", "UsageRecords[1]/IPCount")],
    ),
    "empty": (
        addresses(changed(SiteName=" ")),
        [("null-field", 5, "SiteName: must have a value; '' means none", "UsageRecords[1]/SiteName")],
    ),
    "text for number": (
        addresses(changed(IPCount="3")),
        [("odd-value", 5, "IPCount: '3' is a string where a number is expected", "UsageRecords[1]/IPCount")],
    ),
    "bad text": (
        addresses(changed(IPCount="three")),
        [("wrong-value", 5, "IPCount: 'three' must be a whole number", "UsageRecords[1]/IPCount")],
    ),
    "fraction": (
        addresses(changed(IPCount=3.5)),
        [("wrong-value", 5, "IPCount: '3.5' must be a whole number", "UsageRecords[1]/IPCount")],
    ),
    "true": (
        addresses(changed(IPCount=True)),
        [("wrong-value", 5, "IPCount: 'true' must be a whole number", "UsageRecords[1]/IPCount")],
    ),
    "list": (
        addresses(changed(IPCount=[[1]])),
        [("wrong-value", 5, "IPCount: '[…]' must be a whole number", "UsageRecords[1]/IPCount")],
    ),
    "number for text": (
        addresses(changed(SiteName=5)),
        [("wrong-value", 5, "SiteName: '5' must be a string, in double quotes", "UsageRecords[1]/SiteName")],
    ),
    "object": (
        addresses(changed(SiteName={"a": 1})),
        [("wrong-value", 5, "SiteName: '{…}' must be a string, in double quotes", "UsageRecords[1]/SiteName")],
    ),
    "huge": (
        addresses(changed(IPCount=10**400)),
        [("wrong-value", 5, "IPCount: 'Infinity' must be a whole number", "UsageRecords[1]/IPCount")],
    ),
    "time iso": (
        addresses(changed(MeasurementTime="2024-05-01T00:00:00Z")),
        [
            (
                "odd-value",
                5,
                "MeasurementTime: '2024-05-01T00:00:00Z' is better written as seconds since 1970 (1714521600)",
                "UsageRecords[1]/MeasurementTime",
            )
        ],
    ),
    "time no zone": (
        addresses(changed(MeasurementTime="2024-05-01T00:00:00")),
        [
            (
                "wrong-value",
                5,
                (
                    "MeasurementTime: '2024-05-01T00:00:00' must be seconds since 1970, or end in Z "
                    "(1714521600 if it is meant as UTC)"
                ),
                "UsageRecords[1]/MeasurementTime",
            )
        ],
    ),
    "time neg": (
        addresses(changed(MeasurementTime=-1)),
        [
            (
                "wrong-value",
                5,
                "MeasurementTime: '-1' must be seconds since 1970, up to the year 9999",
                "UsageRecords[1]/MeasurementTime",
            )
        ],
    ),
    "passed over": (
        addresses(changed(uuid="1")),
        [("ignored-field", 5, "uuid: is not kept by repositories", "UsageRecords[1]/uuid")],
    ),
    "half": (
        addresses(changed(SiteName="\ud800")),
        [
            (
                "wrong-value",
                5,
                "SiteName: '\\ud800' holds half a character, which no UTF-8 text can hold",
                "UsageRecords[1]/SiteName",
            )
        ],
    ),
    "newline": (
        addresses(changed(SiteName="A\nB")),
        [("odd-value", 5, "SiteName: 'A\\nB' holds control characters", "UsageRecords[1]/SiteName")],
    ),
    "word": (
        addresses(changed(IPVersion=5)),
        [("wrong-word", 5, "IPVersion: 5 must be 4 or 6", "UsageRecords[1]/IPVersion")],
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_told_with_its_line_and_element(case: str) -> None:
    message, expected = BAD[case]
    assert [(fault.code, fault.line, str(fault), fault.path) for fault in checked(message)] == expected


@pytest.mark.parametrize("size", [1, 5, 64])
@pytest.mark.parametrize("case", BAD)
def test_what_is_told_does_not_depend_on_how_the_octets_come(case: str, size: int) -> None:
    message, _ = BAD[case]
    assert checked(message, size=size) == checked(message)


GOOD = PublicIpRecord(
    measurement_time=1, site="A", cloud_type="c", local_user="u", local_group="g", fqan="f", ip_version=4, ip_count=1
)


def test_a_message_is_written_one_record_a_line() -> None:
    written = b"".join(usage_json.write(PUBLIC_IP, "v0.2", [GOOD, replace(GOOD, site="Universit\u00e9")])).decode()
    assert written.split("\n")[0] == '{"Type": "APEL Public IP message", "Version": "v0.2", "UsageRecords": ['
    assert written.split("\n")[1] == (
        '{"MeasurementTime": 1, "SiteName": "A", "CloudType": "c", "LocalUser": "u", "LocalGroup": "g", "FQAN": "f", '
        '"IPVersion": 4, "IPCount": 1},'
    )
    assert '"Universit\u00e9"' in written.split("\n")[2]
    assert written.endswith("}\n]}\n")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"site": None}, "SiteName must be said, and is not"),
        ({"site": " a"}, "SiteName cannot be ' a' in JSON"),
        ({"site": ""}, "SiteName cannot be '' in JSON"),
        ({"site": "\ud800"}, r"SiteName cannot be '\\ud800' in JSON"),
        ({"ip_count": True}, "IPCount cannot be 'True' in JSON"),
        ({"ip_count": 2**63}, "IPCount cannot be '9223372036854775808' in JSON"),
        ({"ip_count": "3"}, "IPCount cannot be '3' in JSON"),
        ({"measurement_time": -1}, "MeasurementTime cannot be '-1' in JSON"),
    ],
)
def test_what_would_not_read_back_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(RecordError, match=words):
        b"".join(usage_json.write(PUBLIC_IP, "v0.2", [replace(GOOD, **changes)]))


def test_the_number_of_records_has_a_limit_that_is_told() -> None:
    many = [changed(MeasurementTime=1714521600 + at) for at in range(1000)]
    assert checked(addresses(*many)) == []


def test_values_are_found_where_their_record_begins() -> None:
    (batch,) = begun(addresses(changed(), changed(IPCount=4))).batches
    second = batch.place(1, "ip_count")
    assert (second.path, second.field) == ("UsageRecords[2]/IPCount", "IPCount")
    assert second.line == 16
    assert batch.place(1, "").path == "UsageRecords[2]"
