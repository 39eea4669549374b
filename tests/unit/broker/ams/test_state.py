# SPDX-License-Identifier: Apache-2.0
"""What the embedded AMS keeps is bounded; the rest of its behaviour is tested with argo-ams-library."""

import pytest

from ssm.broker.ams import state as module
from ssm.broker.ams.state import AmsError, AmsState, Subscription, Topic

MESSAGE = {"data": "x" * 1000}


@pytest.fixture
def made() -> tuple[AmsState, Topic, Subscription]:
    state = AmsState()
    topic = state.create_topic("p", "t")
    return state, topic, state.create_subscription("p", "s", "t")


def test_beyond_what_it_keeps_it_refuses_until_something_is_acknowledged(
    made: tuple[AmsState, Topic, Subscription],
) -> None:
    state, topic, subscription = made
    state.max_kept_octets = 5000
    for _ in range(4):
        state.publish(topic, [MESSAGE])
    with pytest.raises(AmsError, match="Backend Error") as caught:
        state.publish(topic, [MESSAGE])
    assert caught.value.code == 500
    assert len(topic.messages) == 4
    last = state.pull(subscription, 3)[-1]["ackId"]
    state.acknowledge(subscription, [last])
    assert state.publish(topic, [MESSAGE, MESSAGE, MESSAGE]) == ["4", "5", "6"]
    assert (topic.oldest, len(topic.messages)) == (3, 4)
    assert state.kept_octets == sum(topic.sizes) <= 5000
    assert [one["ackId"] for one in state.pull(subscription, 9)] == [
        f"projects/p/subscriptions/s:{n}" for n in range(3, 7)
    ]


def test_the_slowest_subscription_decides_what_is_kept(made: tuple[AmsState, Topic, Subscription]) -> None:
    state, topic, subscription = made
    slow = state.create_subscription("p", "slow", "t")
    state.publish(topic, [MESSAGE] * 4)
    subscription.current = 4
    slow.current = 1
    state.max_kept_octets = state.kept_octets
    assert state.publish(topic, [MESSAGE]) == ["4"]
    assert topic.oldest == 1


def test_an_answer_holds_one_message_at_least_and_no_more_than_its_bound(
    made: tuple[AmsState, Topic, Subscription],
) -> None:
    state, topic, subscription = made
    state.publish(topic, [MESSAGE] * 5)
    state.max_pulled_octets = sum(topic.sizes[:2])
    assert len(state.pull(subscription, 100)) == 2
    assert subscription.next == 2
    state.max_pulled_octets = 10
    assert len(state.pull(subscription, 100)) == 1
    assert state.pull(subscription, 0) == []


def test_there_are_only_so_many_topics_and_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PLACES", 2)
    state = AmsState()
    for name in ("a", "b"):
        state.create_topic("p", name)
        state.create_subscription("p", name, "a")
    with pytest.raises(AmsError, match="Backend Error"):
        state.create_topic("p", "c")
    with pytest.raises(AmsError, match="Backend Error"):
        state.create_subscription("p", "c", "a")


@pytest.mark.parametrize("offset", ["9" * 5000, "\u0663", "1 ", "-1", "+1", ""])
def test_an_offset_that_is_no_number_is_an_invalid_ack_id(
    made: tuple[AmsState, Topic, Subscription], offset: str
) -> None:
    state, topic, subscription = made
    state.publish(topic, [MESSAGE] * 3)
    state.pull(subscription, 3)
    with pytest.raises(AmsError, match="Invalid ack id"):
        state.acknowledge(subscription, [f"projects/p/subscriptions/s:{offset}"])
    assert subscription.current == 0
