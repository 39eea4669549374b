# SPDX-License-Identifier: Apache-2.0
"""The first line of a text message."""

import pytest

from ssm.errors import FormatError
from ssm.records.formats.text_header import HEADERS, header_of, is_header, read_header
from ssm.records.types.job import JOB
from ssm.records.types.normalised_summary import NORMALISED_SUMMARY


@pytest.mark.parametrize(("word", "version"), HEADERS)
def test_every_header_reads_back(word: str, version: str) -> None:
    kind = HEADERS[word, version]
    assert header_of(kind, version) == f"{word}: {version}"
    found = read_header(f"{word}: {version}", 1)
    assert (found.type, found.version, found.names_version, found.faults) == (kind, version, version, ())
    assert is_header(f" {word} ")


def test_one_word_may_stand_for_two_types() -> None:
    assert read_header("APEL-summary-job-message: v0.3", 1).type is NORMALISED_SUMMARY


def test_a_version_that_is_none_is_read_as_another_where_the_word_is_enough() -> None:
    found = read_header("APEL-individual-job-message: v0.5", 3)
    assert (found.type, found.version, found.names_version) == (JOB, "v0.5", "v0.3")
    assert [(fault.code, fault.line) for fault in found.faults] == [("unknown-version", 3)]


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "empty-message", "the message is empty"),
        ("APEL-sync-message", "unknown-header", "must be followed by a colon and a version: v0.1"),
        ("APEL-summary-job-message:", "unknown-header", "by a colon and a version: v0.2, v0.3, v0.4"),
        ("APEL-sync-mesage: v0.1", "unknown-header", "is not the header"),
        ("APEL-summary-job-message: v0.1", "unknown-header", "has no version 'v0.1'; there are v0.2, v0.3, v0.4"),
        ("x" * 10**6, "unknown-header", "'x{100}…' is not the header"),
        ("A\x00P\x00", "unknown-header", "not a text in UTF-8"),
        ("caf\udce9: v0.1", "unknown-header", "not a text in UTF-8"),
    ],
)
def test_what_is_no_header(text: str, code: str, words: str) -> None:
    with pytest.raises(FormatError, match=words) as caught:
        read_header(text, 1)
    assert caught.value.code == code


def test_a_header_that_is_nearly_one_is_guessed() -> None:
    with pytest.raises(FormatError) as caught:
        read_header("APEL-sync-mesage: v0.1", 1)
    assert caught.value.suggestion == "APEL-sync-message: v0.1"
