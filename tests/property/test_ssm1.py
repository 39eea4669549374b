# SPDX-License-Identifier: Apache-2.0
"""Producer and consumer of SSM 1 back to back, over a network that loses, repeats and reorders frames."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssm.protocols.ssm1.consumer import Consumer
from ssm.protocols.ssm1.frames import Frame, Kind, headers_of, read_frame
from ssm.protocols.ssm1.payload import fingerprint
from ssm.protocols.ssm1.producer import Acknowledged, NoCertificate, Offered, Producer, Refused, Unanswered

DESTINATION, CERTIFICATE = "/topic/central", b"the consumer's certificate"


@dataclass
class Store:
    """What a consumer's owner remembers: sealed octets for good, fingerprints until their producer has seen them."""

    filed: list[bytes] = field(default_factory=list)
    octets: set[bytes] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    refuses: Callable[[bytes], bool] = lambda _: False

    def take(self, sealed: bytes) -> str:
        """File what is new; the word for the producer."""
        payload = sealed.partition(b"|")[2]
        if self.refuses(payload):
            return "REJECTED"
        name, digest = fingerprint(payload), hashlib.sha256(sealed).digest()
        if name not in self.acknowledged and digest not in self.octets:
            self.filed.append(payload)
        self.acknowledged.add(name)
        self.octets.add(digest)
        return name


@dataclass
class World:
    """One consumer, one producer with its owner, and the frames between them, as headers and bodies."""

    payloads: Sequence[bytes]
    seals_anew: bool = False
    """As the original producer: each attempt has other octets."""
    number: int = 1

    def __post_init__(self) -> None:
        self.now = 0.0
        self.store = Store()
        self.channel = f"/topic/replies.{self.number}"
        self.consumer = Consumer(DESTINATION, CERTIFICATE)
        self.producer = Producer(self.channel)
        self.producer.connected(0)
        self.to_consumer: list[tuple[dict[str, str], bytes]] = []
        self.to_producer: list[tuple[dict[str, str], bytes]] = []
        self.late: list[tuple[dict[str, str], bytes]] = []
        """Copies of frames to the consumer that the network keeps for later."""
        self.left = list(enumerate(self.payloads))
        self.told: list[int] = []
        self.refused: list[int] = []
        self.sealed: dict[int, bytes] = {}
        self.seals = 0

    def seal(self, number: int, payload: bytes) -> bytes:
        """Encryption makes other octets each time."""
        if self.seals_anew or number not in self.sealed:
            self.seals += 1
            self.sealed[number] = b"%d|%s" % (self.seals, payload)
        return self.sealed[number]

    def send(self, frame: Frame) -> None:
        self.to_consumer.append((headers_of(frame), frame.body))

    def go_on(self) -> None:
        """What the producer's owner does when nothing is on its way."""
        if not self.left or self.producer.waiting is not None:
            return
        if self.producer.certificate_pem is None:
            if self.producer.asked_until is None:
                self.send(self.producer.request_certificate(self.now))
            return
        number, payload = self.left[0]
        sealed = self.seal(number, payload)
        self.send(self.producer.publish(str(number), fingerprint(payload), sealed, self.now))

    def consume(self, index: int) -> None:
        """The consumer hears one frame."""
        heard = self.consumer.receive(read_frame(*self.to_consumer.pop(index)))
        if heard.seen is not None:
            self.store.acknowledged.discard(heard.seen)
        replies = [heard.reply] if heard.reply else []
        if heard.message is not None and heard.message.channel is not None:
            word = self.store.take(heard.message.sealed)
            replies.append(self.consumer.answer(heard.message.channel, word))
        for reply in replies:
            assert reply.channel == self.channel
            self.to_producer.append((headers_of(reply.frame), reply.frame.body))

    def produce(self, index: int) -> None:
        """The producer hears one frame."""
        self.handle(self.producer.receive(read_frame(*self.to_producer.pop(index))))

    def handle(self, event: object) -> None:
        match event:
            case Offered(pem):
                self.producer.trust(pem, self.now) if pem == CERTIFICATE else self.producer.distrust("false")
            case Acknowledged(name):
                assert self.left[0][0] == int(name)
                self.told.append(self.left.pop(0)[0])
            case Refused(name):
                assert self.left[0][0] == int(name)
                self.refused.append(self.left.pop(0)[0])
            case Frame():
                self.send(event)
            case _:
                pass  # ignored, or to be tried again

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for due in self.producer.on_time(self.now):
            assert isinstance(due, Frame | Unanswered | NoCertificate)
            self.handle(due)

    def finish(self) -> None:
        """From now on the network is good."""
        for _ in range(20 * len(self.payloads) + 40):
            self.go_on()
            while self.to_consumer or self.to_producer:
                for _ in range(len(self.to_consumer)):
                    self.consume(0)
                for _ in range(len(self.to_producer)):
                    self.produce(0)
                self.go_on()
            if not self.left:
                break
            self.wait(60)
        last = self.producer.farewell()
        if last is not None:
            self.send(last)
        self.to_consumer += self.late
        while self.to_consumer:
            self.consume(0)


def distinct(numbers: int) -> list[bytes]:
    return [b"payload %d" % number for number in range(numbers)]


def test_the_worked_sequence_of_the_protocol() -> None:
    world = World([b"M1", b"M2"])
    first, second = fingerprint(b"M1"), fingerprint(b"M2")
    world.go_on()
    world.consume(0)
    world.produce(0)
    world.go_on()  # M1
    world.consume(0)
    assert world.store.acknowledged == {first}
    world.produce(0)  # ACK md5(M1)
    world.go_on()  # M2 + reack md5(M1)
    world.consume(0)
    assert world.store.acknowledged == {second}
    world.to_producer.clear()  # ACK md5(M2) is lost
    world.wait(60)
    world.go_on()  # M2 again
    world.consume(0)
    assert world.store.filed == [b"M1", b"M2"]
    world.produce(0)  # ACK md5(M2)
    assert world.told == [0, 1]
    world.finish()
    assert world.store.acknowledged == set()


def test_the_same_payload_twice_is_two_messages() -> None:
    world = World([b"same", b"same"])
    world.finish()
    assert world.store.filed == [b"same", b"same"]
    assert world.told == [0, 1]


def test_a_refusal_is_told_at_once_and_the_line_goes_on() -> None:
    world = World(distinct(3))
    world.store.refuses = lambda payload: payload.endswith(b"1")
    world.finish()
    assert (world.told, world.refused) == ([0, 2], [1])
    assert world.now == 0


def test_a_copy_that_comes_after_its_acknowledgement_was_confirmed_is_not_filed_again() -> None:
    world = World(distinct(2))
    torment(world, [("deliver", 0), ("deliver", 0), ("repeat", 0)], reorder=True)
    world.finish()
    assert world.late
    assert world.store.filed == distinct(2)


@pytest.mark.parametrize("kinds", [{Kind.CERTIFICATE_REQUEST}, {Kind.CERTIFICATE_RESPONSE}, {Kind.ACKNOWLEDGEMENT}])
def test_a_lost_frame_costs_one_wait_and_nothing_else(kinds: set[Kind]) -> None:
    world = World(distinct(2))
    lost = 0
    while world.left:
        world.go_on()
        for frames, hear in ((world.to_consumer, world.consume), (world.to_producer, world.produce)):
            while frames:
                if lost < 1 and frames[0][0]["ssm-msg-type"] in kinds:
                    frames.pop(0)
                    lost += 1
                else:
                    hear(0)
        if world.to_consumer == world.to_producer == []:
            world.wait(60 if lost == 1 and world.now == 0 else 0)
    assert lost == 1
    assert world.now == 60
    assert world.store.filed == distinct(2)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("deliver", "deliver", "deliver", "lose", "repeat", "too-late", "late")), st.integers(0, 15)
    ),
    max_size=100,
)


def torment(world: World, steps: Sequence[tuple[str, int]], *, reorder: bool) -> None:
    """A bad network: the fate of one frame after the other, while the producer goes on."""
    for fate, number in steps:
        world.go_on()
        both = [one for one in ((world.to_consumer, world.consume), (world.to_producer, world.produce)) if one[0]]
        if not both or fate == "too-late":
            world.wait(60)
            continue
        frames, hear = both[number % len(both)]
        index = number // 2 % len(frames) if reorder else 0
        if fate == "late":
            frames += world.late if frames is world.to_consumer else []
            del world.late[: len(world.late) if frames is world.to_consumer else 0]
        elif fate == "lose":
            frames.pop(index)
        else:
            if fate == "repeat" and reorder and frames is world.to_consumer:
                world.late.append(frames[index])
            elif fate == "repeat":
                frames.insert(index, frames[index])
            hear(index)


@given(steps=STEPS, numbers=st.integers(1, 6))
def test_under_lost_repeated_and_reordered_frames_each_is_filed_once_and_its_producer_told(
    steps: Sequence[tuple[str, int]], numbers: int
) -> None:
    world = World(distinct(numbers))
    torment(world, steps, reorder=True)
    world.finish()
    assert sorted(world.store.filed) == distinct(numbers)
    assert world.told == list(range(numbers))


@given(steps=STEPS, numbers=st.integers(1, 6))
def test_a_producer_that_seals_each_attempt_anew_is_heard_once_as_long_as_the_order_is_kept(
    steps: Sequence[tuple[str, int]], numbers: int
) -> None:
    world = World(distinct(numbers), seals_anew=True)
    torment(world, steps, reorder=False)
    world.finish()
    assert sorted(world.store.filed) == distinct(numbers)
    assert world.told == list(range(numbers))


@given(steps=STEPS, forged=st.lists(st.tuples(st.integers(0, 100), st.sampled_from(("ack", "other", "certresp")))))
def test_frames_that_others_send_without_knowing_a_fingerprint_acknowledge_nothing(
    steps: Sequence[tuple[str, int]], forged: Sequence[tuple[int, str]]
) -> None:
    world = World(distinct(3))
    for number, (position, _) in enumerate(forged):
        steps = [*steps[:position], ("forge", number), *steps[position:]]
    for step in steps:
        if step[0] == "forge":
            kind = forged[step[1]][1]
            world.to_producer.append(({"ssm-msg-type": kind, "ssm-msg-id": "f" * 32}, b"a false certificate"))
        else:
            torment(world, [step], reorder=True)
    world.finish()
    assert sorted(world.store.filed) == distinct(3)
    assert world.told == [0, 1, 2]
