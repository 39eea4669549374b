# SPDX-License-Identifier: Apache-2.0
"""What producers write: each document is read as this, and ``ssm check`` says this of it.

The documents are written by hand, one for each format and habit of a producer (EMI CAR 1.2, AUR 1.2, StAR 1.2, OGF UR
1.0); beside each, in JSON, stands what it means and what is to be said of it.
"""

from pathlib import Path

import msgspec
import pytest

from ssm.records.check import check_message
from tests.xml_messages import as_shipped, element_by_element

SAMPLES = sorted((Path(__file__).parents[1] / "samples" / "xml").glob("*.xml"))
NOW = 1717500000
"""June 2024, shortly after the documents were made."""
each_sample = pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """A fault."""

    level: str
    code: str
    line: int | None
    path: str
    said: str


class Expected(msgspec.Struct, forbid_unknown_fields=True):
    """What stands beside a document."""

    records: list[dict[str, object]]
    faults: list[Said]


def expected(sample: Path) -> Expected:
    return msgspec.json.decode(sample.with_suffix(".json").read_bytes(), type=Expected)


@each_sample
def test_a_sample_is_read_as_what_its_producer_means(sample: Path) -> None:
    found = as_shipped(sample.read_bytes())
    read: object = [
        {key: value for key, value in msgspec.structs.asdict(one).items() if value is not None} for one in found.records
    ]
    assert msgspec.to_builtins(read) == [
        {key: tuple(map(tuple, value)) if isinstance(value, list) else value for key, value in one.items()}
        for one in expected(sample).records
    ]


@each_sample
def test_check_says_of_a_sample_what_is_to_be_known(sample: Path) -> None:
    faults = check_message([sample.read_bytes()], NOW)
    assert [Said(one.level.name, one.code, one.line, one.path, str(one)) for one in faults] == expected(sample).faults


@each_sample
def test_a_sample_is_read_the_same_element_by_element(sample: Path) -> None:
    data = sample.read_bytes()
    assert as_shipped(data).records == element_by_element(data).records


def test_every_format_and_producer_has_a_sample() -> None:
    assert {one.stem for one in SAMPLES} >= {
        *("aur-apel", "aur-arc", "aur-normalised", "car-apel", "car-arc", "car-groups", "car-ogf", "car-unicore"),
        *("star-caso", "star-ceph", "star-dcache", "star-dpm", "star-eos", "star-single"),
    }
