# SPDX-License-Identifier: Apache-2.0
"""The table of codes: what a message can be told to have stands in it, and each meaning is a sentence for people."""

import re

import pytest

from ssm.records.codes import CODES
from tests.usage_messages import JOB_HEADER, addresses, checked, job_text, record_text
from tests.xml_messages import star_document, storage

EXAMPLES: dict[str, str | bytes] = {
    "blank-line": JOB_HEADER + record_text().replace("EndTime", "\nEndTime") + "%%\n",
    "doctype": b"<!DOCTYPE a>" + star_document(storage(1)),
    "duplicate-key": JOB_HEADER + (record_text() + "%%\n") * 2,
    "empty-message": "",
    "field-twice": JOB_HEADER + record_text() + "EndTime: 1\n%%\n",
    "ignored-field": job_text({"UpdateTime": "x"}),
    "large-message": JOB_HEADER + (record_text() + "%%\n") * 6000,
    "line-breaker": job_text({"SubmitHost": "a\x85b"}),
    "missing-field": job_text(without=("EndTime",)),
    "no-final-separator": JOB_HEADER + record_text(),
    "no-records": JOB_HEADER,
    "not-json": "{",
    "not-utf8": job_text({"SubmitHost": "a@b"}).encode().replace(b"@", b"\xff"),
    "not-well-formed": star_document(storage(1), "</x>"),
    "null-field": job_text({"EndTime": "None"}),
    "second-header": JOB_HEADER + record_text() + "APEL-summary-job-message: v0.1\n%%\n",
    "stray-text": star_document("text", storage(1)),
    "too-long": job_text({"SubmitHost": "x" * 300}),
    "truncated-xml": star_document(storage(1))[:-5],
    "unknown-element": star_document(storage(1, inner="<Foo/>")),
    "unknown-field": job_text({"Foo": "x"}),
    "unknown-header": "Site: A\n",
    "unqualified-attribute": star_document(storage(1).replace("sr:recordId", "recordId")),
    "wrong-value": addresses({"IPCount": "x"}),
}


@pytest.mark.parametrize("code", EXAMPLES)
def test_what_a_message_is_told_to_have_is_in_the_table(code: str) -> None:
    assert code in {fault.code for fault in checked(EXAMPLES[code])}
    assert code in CODES


@pytest.mark.parametrize("code", CODES)
def test_a_meaning_is_one_sentence(code: str) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert re.fullmatch(r"[A-Z%][^\n]*\.", CODES[code])


def test_the_table_is_in_order() -> None:
    assert list(CODES) == sorted(CODES)
