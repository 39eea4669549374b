# SPDX-License-Identifier: Apache-2.0
"""Jobs are grid or local."""

import pytest

from ssm.records.checks.infrastructure_is_known import CHECK
from ssm.records.types.job import JobRecord
from ssm.records.types.summary import SummaryRecord
from tests.unit.records.checks.asking import findings, said


@pytest.mark.parametrize("kind", [JobRecord, SummaryRecord])
def test_only_two_words_are_known(kind: type[JobRecord | SummaryRecord]) -> None:
    for word in ("grid", "local", None):
        assert not said(CHECK, kind(infrastructure_type=word))
    (finding,) = findings(CHECK, kind(infrastructure_type="Grid"))
    assert (finding.attribute, finding.message) == ("infrastructure_type", "'Grid' is neither grid nor local")
    assert finding.suggestion == "grid"
    assert findings(CHECK, kind(infrastructure_type="cloud"))[0].suggestion == ""
