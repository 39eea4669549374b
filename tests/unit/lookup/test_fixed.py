# SPDX-License-Identifier: Apache-2.0
import asyncio

import pytest

from ssm.errors import ConnectFailedError
from ssm.lookup.fixed import MOST_LISTED, FixedBrokers, listed


def test_a_fixed_list_keeps_its_order_and_names_nobody_twice() -> None:
    brokers = FixedBrokers([("b", 2), ("a", 1), ("b", 2), ("b", 3)])
    assert asyncio.run(brokers.addresses()) == (("b", 2), ("a", 1), ("b", 3))


def test_an_empty_list_is_no_broker() -> None:
    with pytest.raises(ConnectFailedError, match="No brokers available"):
        asyncio.run(FixedBrokers([]).addresses())


def test_brokers_are_listed_for_people() -> None:
    assert listed([("a", 1), ("2001:db8::1", 2)]) == "a:1, [2001:db8::1]:2"
    assert listed([("a", port) for port in range(MOST_LISTED + 3)]).endswith(", a:9 and 3 more")
