# SPDX-License-Identifier: Apache-2.0
"""Asks one check about a record, and gives its findings in short."""

from ssm.records.checking import Check, Context, Finding
from ssm.records.field import Record
from tests.usage_messages import NOW

TEXT = Context(NOW, "apel-text", "")


def findings(one: Check, record: Record, context: Context = TEXT) -> list[Finding]:
    assert type(record) in one.types
    answer = one.look(record, context)
    return answer if isinstance(answer, list) else [] if answer is None else [answer]


def said(one: Check, record: Record, context: Context = TEXT) -> list[tuple[str, str]]:
    """Attribute and words of each finding."""
    return [(finding.attribute, finding.message) for finding in findings(one, record, context)]
