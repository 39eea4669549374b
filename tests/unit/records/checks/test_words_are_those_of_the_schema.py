# SPDX-License-Identifier: Apache-2.0
"""Words from the lists of the schemas."""

import pytest

from ssm.records.checks.words_are_those_of_the_schema import CHECK, OF_ADDRESSES
from ssm.records.types.accelerator import AcceleratorRecord
from ssm.records.types.public_ip import PublicIpRecord
from tests.unit.records.checks.asking import findings, said


@pytest.mark.parametrize("word", ["GPU", "FPGA", "Other", None])
@pytest.mark.parametrize("kind", ["cloud", "job", None])
def test_words_on_the_list(word: str | None, kind: str | None) -> None:
    assert not said(CHECK, AcceleratorRecord(type=word, associated_record_type=kind))


def test_all_other_words_are_told_with_a_guess() -> None:
    found = findings(CHECK, AcceleratorRecord(type="gpu", associated_record_type="clouds"))
    assert [(one.attribute, one.message, one.suggestion) for one in found] == [
        ("type", "'gpu' must be GPU or FPGA or Other", "GPU"),
        ("associated_record_type", "'clouds' must be cloud or job", "cloud"),
    ]


def test_addresses_are_of_version_4_or_6() -> None:
    for version in (4, 6, None):
        assert not said(OF_ADDRESSES, PublicIpRecord(ip_version=version))
    for version in (0, 5, -4):
        assert said(OF_ADDRESSES, PublicIpRecord(ip_version=version)) == [("ip_version", f"{version} must be 4 or 6")]
