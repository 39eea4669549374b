# SPDX-License-Identifier: Apache-2.0
"""VO, group and role in an FQAN; the two spellings of a DN."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm.records.fqan import Membership, comma_form, membership, slash_form


@pytest.mark.parametrize(
    ("fqan", "expected"),
    [
        ("/atlas/uk/Role=production/Capability=NULL", Membership("atlas", "/atlas/uk", "Role=production")),
        ("/cms", Membership("cms", "/cms", None)),
        ("/ops/Role=NULL/Capability=NULL;/ops/x", Membership("ops", "/ops", "Role=NULL")),
        ("biomed", Membership("biomed", None, None)),
        ("biomed;/ops", Membership("biomed", None, None)),
        ("/a/ROLE=x/b", Membership("a", "/a", "ROLE=x")),
        ("/a/b/Capability=NULL", Membership("a", "/a/b/Capability=NULL", None)),
        ("/a/role=x/Role=y", Membership("a", "/a", "role=x")),
        ("", Membership(None, None, None)),
        (";/ops", Membership(None, None, None)),
    ],
)
def test_the_parts_of_an_fqan(fqan: str, expected: Membership) -> None:
    assert membership(fqan) == expected


@given(st.text(st.sampled_from("/a;=Rrolebx ")))
def test_any_text_has_parts(fqan: str) -> None:
    found = membership(fqan)
    assert found.vo != ""
    assert found.role is None or found.role.lower().startswith("role=")
    assert found.group is None or found.group.startswith("/")


@pytest.mark.parametrize(
    ("comma", "slash"),
    [
        ("CN=Alice,O=Test,C=UK", "/C=UK/O=Test/CN=Alice"),
        ("CN=Alice, O=Test, C=UK", "/C=UK/O=Test/CN=Alice"),
        (r"CN=Smith\, Alice,O=Test", "/O=Test/CN=Smith, Alice"),
        ("1.2.840.113549.1.9.1=a@b,C=UK", "/C=UK/1.2.840.113549.1.9.1=a@b"),
    ],
)
def test_a_name_in_slash_form(comma: str, slash: str) -> None:
    assert slash_form(comma) == slash


@pytest.mark.parametrize("name", ["Alice", "CN=", "=x", "CN=a,nonsense", "CN=a/O=b", "CN=a\\", "CN=a\x00"])
def test_what_has_no_slash_form(name: str) -> None:
    assert slash_form(name) is None


@pytest.mark.parametrize("name", ["/C=UK/O=Test/CN=Alice", "/O=Test/CN=Smith, Alice", "/O=a+b/CN=x;y"])
def test_a_name_goes_there_and_back(name: str) -> None:
    comma = comma_form(name)
    assert comma is not None
    assert slash_form(comma) == name


def test_what_is_no_dn_has_no_comma_form() -> None:
    assert comma_form("Alice") is None
