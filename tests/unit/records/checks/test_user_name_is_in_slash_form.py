# SPDX-License-Identifier: Apache-2.0
"""A DN with commas is noted, with its spelling with slashes."""

import pytest

from ssm.records.checking import Check
from ssm.records.checks.user_name_is_in_slash_form import CHECKS
from ssm.records.types.job import JobRecord
from ssm.records.types.storage import StorageRecord
from tests.unit.records.checks.asking import findings, said

BY_TYPE: dict[type, Check] = {one.types[0]: one for one in CHECKS}


def test_the_other_spelling_is_offered() -> None:
    (finding,) = findings(BY_TYPE[JobRecord], JobRecord(global_user_name="CN=Robot pilot,DC=example,DC=org"))
    assert (
        finding.message == "'CN=Robot pilot,DC=example,DC=org' is another spelling of a DN, and counts as another user"
    )
    assert (finding.attribute, finding.suggestion) == ("global_user_name", "/DC=org/DC=example/CN=Robot pilot")
    assert findings(BY_TYPE[StorageRecord], StorageRecord(user_identity="CN=a,DC=b"))[0].suggestion == "/DC=b/CN=a"


@pytest.mark.parametrize(
    "name", [None, "", "/DC=org/CN=a", "withheld", "a@idp.example.org", "a=b c=d, nonsense", "=", "x="]
)
def test_other_names_are_left_alone(name: str | None) -> None:
    assert not said(BY_TYPE[JobRecord], JobRecord(global_user_name=name))
