# SPDX-License-Identifier: Apache-2.0
"""The table of transports and the names that a configuration may use are the same."""

from ssm.settings.protocols import DEFAULT_PROTOCOL, PROTOCOLS
from ssm.transports import TRANSPORTS


def test_every_protocol_that_may_be_named_can_be_opened_and_the_other_way_round() -> None:
    assert TRANSPORTS.keys() == PROTOCOLS.keys()


def test_what_is_assumed_can_be_opened() -> None:
    assert DEFAULT_PROTOCOL in TRANSPORTS
