# SPDX-License-Identifier: Apache-2.0
"""A record read line by line; what is told of bad lines is with the reader of messages."""

import pytest

from ssm.records.fault import Fault
from ssm.records.formats.text_lines import Careful
from ssm.records.gathering import Gathering
from ssm.records.types.sync import SYNC, SyncRecord


@pytest.mark.parametrize("chunk", ["", "\n", " \n\t\n"])
def test_blanks_alone_are_no_record_and_no_fault(chunk: str) -> None:
    faults: list[Fault] = []
    assert Careful("v0.1", 1, Gathering(SYNC, faults)).read(chunk) is None
    assert faults == []


def test_blank_lines_around_a_record_are_no_lines_of_it_but_count() -> None:
    faults: list[Fault] = []
    read = Careful("v0.1", 7, Gathering(SYNC, faults)).read("\n \nSite: A\nNumberOfJobs: x\nMonth: 5\nYear: 2024\n\n")
    assert read == SyncRecord(site="A", month=5, year=2024)
    assert [(fault.code, fault.line) for fault in faults] == [("wrong-value", 10)]
