# SPDX-License-Identifier: Apache-2.0
import pytest

from ssm.broker import queues
from ssm.broker.queues import Queue, Reader, Subscriber


def queue_of(*numbers: int) -> Queue:
    queue = Queue()
    for number in numbers:
        queue.put(number)
    return queue


def joined(queue: Queue, prefetch: int, *, acknowledges: bool = True) -> Subscriber:
    subscriber = Subscriber(prefetch, acknowledges)
    queue.subscribers.append(subscriber)
    return subscriber


def test_nothing_is_handed_out_where_nobody_listens() -> None:
    queue = queue_of(1, 2)
    assert list(queue.hand_out()) == []
    assert list(queue.waiting) == [1, 2]


def test_no_more_is_handed_out_than_the_prefetch() -> None:
    queue = queue_of(1, 2, 3)
    subscriber = joined(queue, 2)
    assert list(queue.hand_out()) == [(subscriber, 1, False), (subscriber, 2, False)]
    assert list(queue.hand_out()) == []
    assert list(queue.waiting) == [3]


def test_an_acknowledgement_makes_room_for_one_more() -> None:
    queue = queue_of(1, 2, 3)
    subscriber = joined(queue, 2)
    list(queue.hand_out())
    assert queue.acknowledge(subscriber, 2, cumulative=False) == [2]
    assert [number for _, number, _ in queue.hand_out()] == [3]
    assert list(subscriber.out) == [1, 3]


def test_subscribers_take_turns() -> None:
    queue = queue_of(1, 2, 3, 4)
    first, second = joined(queue, 10), joined(queue, 10)
    assert [one for one, _, _ in queue.hand_out()] == [first, second, first, second]


def test_a_full_subscriber_does_not_hold_up_another() -> None:
    queue = queue_of(1, 2, 3, 4)
    first, second = joined(queue, 1), joined(queue, 10)
    list(queue.hand_out())
    assert (list(first.out), list(second.out)) == ([1], [2, 3, 4])


def test_without_acknowledgement_a_message_is_gone_once_it_is_handed_out() -> None:
    queue = queue_of(1, 2, 3)
    subscriber = joined(queue, 1, acknowledges=False)
    assert len(list(queue.hand_out())) == 3
    assert not subscriber.out


def test_a_cumulative_acknowledgement_covers_what_was_handed_out_before() -> None:
    queue = queue_of(1, 2, 3)
    subscriber = joined(queue, 3)
    list(queue.hand_out())
    assert queue.acknowledge(subscriber, 2, cumulative=True) == [1, 2]
    assert list(subscriber.out) == [3]


@pytest.mark.parametrize("cumulative", [True, False])
def test_what_is_not_out_cannot_be_acknowledged(*, cumulative: bool) -> None:
    queue = queue_of(1, 2)
    subscriber, other = joined(queue, 1), joined(queue, 1)
    list(queue.hand_out())
    assert queue.acknowledge(subscriber, 2, cumulative=cumulative) == []
    assert queue.acknowledge(subscriber, 99, cumulative=cumulative) == []
    assert (list(subscriber.out), list(other.out)) == ([1], [2])


def test_what_was_out_at_a_subscriber_that_leaves_comes_first_again_in_order_and_is_marked() -> None:
    queue = queue_of(1, 2, 3, 4)
    subscriber = joined(queue, 3)
    list(queue.hand_out())
    queue.acknowledge(subscriber, 2, cumulative=False)
    queue.leave(subscriber)
    joined(queue, 10)
    assert [(number, again) for _, number, again in queue.hand_out()] == [(1, True), (3, True), (4, False)]


def test_a_message_that_was_out_twice_is_still_marked_and_then_forgotten() -> None:
    queue = queue_of(1)
    for _ in range(3):
        subscriber = joined(queue, 1)
        list(queue.hand_out())
        queue.leave(subscriber)
    subscriber = joined(queue, 1)
    assert list(queue.hand_out()) == [(subscriber, 1, True)]
    queue.acknowledge(subscriber, 1, cumulative=False)
    assert queue.again == set()


def test_a_full_queue_promises_no_place_but_what_is_kept_already_always_has_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queues, "MAX_WAITING", 2)  # a million would take a second
    queue = queue_of(1)
    assert [queue.promise(), queue.promise()] == [True, False]
    queue.release()
    assert queue.promise()
    queue.release()
    queue.put(2)
    assert not queue.promise()
    queue.put(3)
    assert list(queue.waiting) == [1, 2, 3]


def test_a_client_that_is_behind_is_handed_nothing_and_another_goes_on() -> None:
    queue = queue_of(1, 2, 3)
    reader = Reader(is_behind=True)
    slow = [Subscriber(10, acknowledges=True, reader=reader) for _ in range(2)]
    quick = Subscriber(1, acknowledges=True)
    queue.subscribers.extend([*slow, quick])
    assert [(one, number) for one, number, _ in queue.hand_out()] == [(quick, 1)]
    reader.is_behind = False
    assert [(one, number) for one, number, _ in queue.hand_out()] == [(slow[0], 2), (slow[1], 3)]
