# SPDX-License-Identifier: Apache-2.0
"""Whatever the service, another consumer and the clock do: nothing is lost, nothing is acknowledged unfiled."""

import json

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ssm.protocols.ams.position import Position
from ssm.protocols.ams.replies import Pulled, read_pulled
from ssm.protocols.ams.requests import outgoing, publish
from ssm.protocols.ams.shortening import Shortener

texts = st.text(max_size=40)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(bodies=st.lists(st.tuples(texts, st.binary(max_size=200)), max_size=5))
def test_what_is_published_is_what_is_pulled(bodies: list[tuple[str, bytes]]) -> None:
    sent = json.loads(publish("p", "t", [outgoing(name, body) for name, body in bodies]).body)["messages"]
    received = [{"ackId": f"projects/p/subscriptions/s:{n}", "message": one} for n, one in enumerate(sent)]
    read = read_pulled(json.dumps({"receivedMessages": received}).encode(), 10**6)
    assert [(one.message_id, one.body) for one in read] == bodies
    assert [one.offset for one in read] == list(range(len(bodies)))


@given(document=documents, most=st.integers(0, 60), cuts=st.lists(st.integers(1, 30), max_size=40), plain=st.booleans())
def test_cutting_depends_on_no_boundary_and_keeps_json(
    document: object, most: int, cuts: list[int], *, plain: bool
) -> None:
    data = json.dumps(document, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    whole = Shortener(most).feed(data)
    one = Shortener(most)
    pieces, at = [], 0
    for size in [*cuts, len(data)]:
        pieces.append(one.feed(data[at : at + size]))
        at += size
    assert b"".join(pieces) == whole
    json.loads(whole.decode("utf-8", "replace"))
    if len(data) <= most:
        assert whole == data


class Subscribing(RuleBasedStateMachine):
    """One of our consumers on a subscription, as the service keeps it, with another consumer beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.end = 0
        self.current = 0
        self.next = 0
        self.pulled_at = 0.0
        self.oldest = 0
        self.position = Position(5.0)
        self.handed_out: list[int] = []
        self.filed: set[int] = set()
        self.behind: set[int] = set()
        """Acknowledged by somebody else, or not kept any more."""

    @rule(count=st.integers(1, 20))
    def publish(self, count: int) -> None:
        self.end += count

    @rule(seconds=st.floats(0.1, 8.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.position.may_pull())
    @rule(count=st.integers(1, 12))
    def pull(self, count: int) -> None:
        self.pull_some(count + len(self.position.in_hand))

    def pull_some(self, count: int) -> None:
        self.current = max(self.current, self.oldest)
        offsets = range(self.current, min(self.current + count, self.end))
        self.next = self.current + len(offsets)
        self.pulled_at = self.now
        self.position.pulled([Pulled(f"s:{one}", one, None, b"x") for one in offsets], self.now)

    @rule(count=st.integers(1, 8))
    def hand_out(self, count: int) -> None:
        self.handed_out += [one.offset for one in self.position.take(count, 100)]

    @precondition(lambda self: self.handed_out)
    @rule(data=st.data())
    def file_one(self, data: st.DataObject) -> None:
        one = self.handed_out.pop(data.draw(st.integers(0, len(self.handed_out) - 1)))
        self.filed.add(one)
        self.position.note_filed([f"s:{one}"])

    @rule(in_full=st.booleans())
    def settle(self, *, in_full: bool) -> None:
        due = self.position.due(self.now, in_full=in_full)
        if due is None:
            return
        if not self.position.is_pending:
            self.pull_some(len(self.position.in_hand))
            return
        after = int(due.removeprefix("s:")) + 1
        if not self.current < after <= self.next or self.now - self.pulled_at > 10 or self.next == 0:
            self.position.no_pull_pending()
            return
        unfiled = set(range(self.current, after)) - self.filed - self.behind
        assert not unfiled, f"acknowledged and not filed: {unfiled}"
        self.current, self.next = after, 0
        self.position.acknowledged(due)

    @precondition(lambda self: self.current < self.end)
    @rule(count=st.integers(1, 5))
    def another_consumer_acknowledges(self, count: int) -> None:
        after = min(self.current + count, self.end)
        self.behind.update(range(self.current, after))
        self.current, self.next = after, 0

    @precondition(lambda self: self.current < self.end)
    @rule(count=st.integers(1, 5))
    def old_messages_go(self, count: int) -> None:
        oldest = min(self.oldest + count, self.end)
        self.behind.update(range(self.oldest, oldest))
        self.oldest = oldest

    @invariant()
    def nothing_below_the_position_is_lost(self) -> None:
        assert not set(range(self.current)) - self.filed - self.behind

    def teardown(self) -> None:
        """Left alone, it comes to the end."""
        for _ in range(4 * (self.end + 5)):
            self.hand_out(100)
            while self.handed_out:
                one = self.handed_out.pop()
                self.filed.add(one)
                self.position.note_filed([f"s:{one}"])
            self.settle(in_full=True)
            if self.position.may_pull():
                self.pull_some(10 + len(self.position.in_hand))
        assert self.current == self.end
        assert not set(range(self.end)) - self.filed - self.behind


TestSubscribing = Subscribing.TestCase
