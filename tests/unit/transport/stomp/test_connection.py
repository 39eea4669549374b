# SPDX-License-Identifier: Apache-2.0
import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence

import pytest

from ssm.errors import (
    ConnectionLostError,
    RefusedError,
    RemoteProtocolError,
    TimedOutError,
    TransportError,
)
from ssm.ports.transport import Delivery
from ssm.protocols.stomp.codec import Decoder
from ssm.protocols.stomp.frames import Frame, Version, encode
from ssm.protocols.stomp.session import ClientSession, SessionSettings, State
from ssm.transport.stomp.connection import HELD_OCTETS, Connection

QUEUE = "/queue/a"
LARGE = 5 * 1024 * 1024
SECONDS = 20.0


class Socket(asyncio.Transport):
    """A socket that is only memory; it may be full, and it notes what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.Protocol | None = None
        self.written: list[bytes] = []
        self.waiting = 0
        self.fills = False
        """Full after each write."""
        self.reads = True
        self.ends: list[str] = []
        self.lingers = False
        """Not gone before it is aborted."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written.append(bytes(data))
        if self.fills and self.protocol is not None:
            self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.limits = (high, low)

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return bool(self.ends)

    def close(self) -> None:
        self.end("closed")

    def abort(self) -> None:
        self.end("aborted")

    def end(self, how: str) -> None:
        is_gone = bool(self.ends) and not (self.lingers and self.ends[-1] == "closed")
        self.ends.append(how)
        if not is_gone and self.protocol is not None and not (self.lingers and how == "closed"):
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)


class Peer:
    """The broker's end."""

    def __init__(self, *, greets: bool = True, settings: SessionSettings | None = None) -> None:
        self.socket = Socket()
        session = ClientSession(settings or SessionSettings(heartbeat_seconds=0))
        self.connection = Connection(session, "broker:61613", QUEUE)
        self.socket.protocol = self.connection
        self.decoder = Decoder(HELD_OCTETS, Version.V1_2)
        self.seen = 0
        self.connection.connection_made(self.socket)
        if greets:
            self.says("CONNECTED", {"version": "1.2"})

    def says(self, command: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        self.connection.data_received(encode(Frame(command, headers, body), Version.V1_2))

    def confirms(self, frame: Frame) -> None:
        self.says("RECEIPT", {"receipt-id": frame.headers["receipt"]})

    def hands_out(self, *bodies: bytes) -> None:
        for number, body in enumerate(bodies):
            self.says("MESSAGE", {"ack": f"t{number}", "empa-id": f"id/{number}"}, body)

    def is_listened_to(self) -> bool:
        return self.socket.reads

    async def hears(self) -> list[Frame]:
        """What was written since the last time, as frames."""
        await turn()
        new = b"".join(self.socket.written[self.seen :])
        self.seen = len(self.socket.written)
        return list(self.decoder.feed(new))


async def turn() -> None:
    """Let everybody do what can be done without the other end."""
    for _ in range(5):
        await asyncio.sleep(0)


def run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(work(), SECONDS))


def started(*waits: Coroutine[None, None, object]) -> list["asyncio.Task[object]"]:
    return [asyncio.ensure_future(one) for one in waits]


async def ended(tasks: Sequence["asyncio.Task[object]"]) -> list[object]:
    return list(await asyncio.gather(*tasks, return_exceptions=True))


def test_connect_is_the_first_thing_that_is_said() -> None:
    async def work() -> None:
        peer = Peer(greets=False)
        [frame] = await peer.hears()
        assert frame.command == "CONNECT"
        assert not peer.connection.connected.done()
        peer.says("CONNECTED", {"version": "1.2"})
        await peer.connection.connected

    run(work)


def test_a_login_that_no_frame_can_carry_ends_the_connection() -> None:
    async def work() -> None:
        peer = Peer(greets=False, settings=SessionSettings(login="a\nb", passcode="secret"))
        with pytest.raises(TransportError, match="login, passcode or vhost cannot be sent") as caught:
            await peer.connection.connected
        assert "secret" not in str(caught.value)
        assert peer.socket.written == []

    run(work)


def test_each_message_waits_for_its_own_receipt() -> None:
    async def work() -> None:
        peer = Peer()
        await peer.hears()
        tasks = started(*(peer.connection.publish(f"id/{number}", b"%d" % number) for number in range(3)))
        frames = await peer.hears()
        assert [frame.body for frame in frames] == [b"0", b"1", b"2"]
        peer.confirms(frames[2])
        peer.confirms(frames[0])
        await turn()
        assert [task.done() for task in tasks] == [True, False, True]
        peer.says("ERROR", {"receipt-id": frames[1].headers["receipt"], "message": "no room"})
        [_, refused, _] = await ended(tasks)
        assert isinstance(refused, RefusedError)
        assert str(refused) == "no room"
        assert not peer.socket.ends

    run(work)


def test_writes_of_one_turn_leave_together() -> None:
    async def work() -> None:
        peer = Peer()
        await peer.hears()
        before = len(peer.socket.written)
        tasks = started(*(peer.connection.publish(str(number), b"x" * 1000) for number in range(20)))
        for frame in await peer.hears():
            peer.confirms(frame)
        await ended(tasks)
        assert len(peer.socket.written) == before + 1

    run(work)


def test_nobody_writes_while_the_socket_is_full() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        await peer.hears()
        peer.connection.pause_writing()
        tasks = started(peer.connection.publish("id", b"body"), peer.connection.acknowledge([Delivery(b"", None, "t")]))
        assert await peer.hears() == []
        peer.connection.resume_writing()
        frames = await peer.hears()
        assert {frame.command for frame in frames} == {"SEND", "ACK"}
        peer.confirms(next(frame for frame in frames if frame.command == "SEND"))
        assert await ended(tasks) == [None, None]

    run(work)


def test_a_large_message_leaves_in_pieces_and_nothing_stands_between() -> None:
    async def work() -> None:
        peer = Peer(settings=SessionSettings(heartbeat_seconds=1))
        peer.connection.session.beat_every = 1.0
        await peer.hears()
        peer.socket.fills = True
        body = b"x" * LARGE
        [large, small] = started(peer.connection.publish("large", body), peer.connection.publish("small", b"small"))
        while not peer.socket.written[-1].endswith(b"\0") or len(peer.socket.written) < 10:
            peer.connection.session.last_written = 0.0  # a sign of life is due
            peer.connection.tick()
            peer.connection.resume_writing()
            await turn()
        peer.socket.fills = False
        peer.connection.resume_writing()
        first, second = await peer.hears()
        assert first.body == body
        assert second.body == b"small"
        assert max(map(len, peer.socket.written)) < LARGE / 10
        peer.confirms(second)
        peer.confirms(first)
        assert await ended([large, small]) == [None, None]

    run(work)


def test_a_large_message_that_is_cut_off_takes_the_connection_with_it() -> None:
    async def work() -> None:
        peer = Peer()
        await peer.hears()
        peer.socket.fills = True
        [large, small] = started(peer.connection.publish("large", b"x" * LARGE), peer.connection.publish("s", b"small"))
        await turn()
        large.cancel()
        [cancelled, lost] = await ended([large, small])
        assert isinstance(cancelled, asyncio.CancelledError)
        assert isinstance(lost, ConnectionLostError)
        assert peer.socket.ends[0] == "aborted"

    run(work)


def test_no_more_is_taken_than_was_asked_for_in_the_order_it_came() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        peer.hands_out(b"0", b"1", b"2")
        first = await peer.connection.receive(2)
        assert [(one.body, one.message_id, one.token) for one in first] == [(b"0", "id/0", "t0"), (b"1", "id/1", "t1")]
        assert [one.body for one in await peer.connection.receive(2)] == [b"2"]
        await peer.hears()
        await peer.connection.acknowledge(first)
        assert [frame.headers["id"] for frame in await peer.hears()] == ["t0", "t1"]

    run(work)


def test_a_confirmed_subscription_alone_shows_no_broker_to_be_of_use() -> None:
    """One that takes everybody and hands out nothing would be asked first, for ever."""

    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        _, frame = await peer.hears()
        peer.confirms(frame)
        assert not peer.connection.session.receipts
        assert not peer.connection.is_useful
        peer.hands_out(b"0")
        assert peer.connection.is_useful

    run(work)


def test_a_delivery_says_what_the_broker_said_of_it() -> None:
    async def work() -> None:
        peer = Peer(settings=SessionSettings(max_body_octets=100_000, heartbeat_seconds=0))
        peer.connection.subscribe(10)
        peer.says("MESSAGE", {"ack": "1", "redelivered": "true"}, b"again")
        peer.says("MESSAGE", {"ack": "2", "redelivered": "false"}, b"x" * 100_001)
        again, cut = await peer.connection.receive(10)
        assert (again.redelivered, again.message_id, again.full_size) == (True, None, None)
        assert (cut.redelivered, cut.full_size) == (False, 100_001)
        assert 0 < len(cut.body) <= 100_000

    run(work)


def test_who_stops_waiting_loses_nothing() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        [waiting] = started(peer.connection.receive(10))
        await turn()
        peer.hands_out(b"body")
        waiting.cancel()
        await ended([waiting])
        assert [one.body for one in await peer.connection.receive(10)] == [b"body"]

    run(work)


def test_reading_pauses_while_too_much_waits_and_goes_on_once_it_is_taken() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        part = b"x" * (HELD_OCTETS // 4)
        peer.hands_out(*[part] * 3)
        assert peer.is_listened_to()
        peer.hands_out(*[part] * 2)
        assert not peer.is_listened_to()
        taken = 0
        while not peer.is_listened_to():
            taken += len(await peer.connection.receive(1))
        assert 2 <= taken <= 4
        taken += len(await peer.connection.receive(10))
        while taken < 5:
            taken += len(await peer.connection.receive(10))
        assert peer.connection.held_octets == 0

    run(work)


def test_what_a_message_says_beside_its_body_counts_too() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        count = 0
        while peer.is_listened_to():
            peer.says("MESSAGE", {"ack": "t" * 10_000, "empa-id": "i" * 10_000})
            count += 1
            assert count * 20_000 <= HELD_OCTETS
        assert count * 30_000 > HELD_OCTETS
        taken = 0
        while taken < count:
            taken += len(await peer.connection.receive(100))
        assert peer.is_listened_to()
        assert peer.connection.held_octets == 0

    run(work)


def test_messages_that_say_nothing_count_too() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        for number in range(HELD_OCTETS // 1000):
            peer.says("MESSAGE", {"ack": str(number)})
        assert peer.connection.held_octets > HELD_OCTETS // 20

    run(work)


def test_a_broker_that_takes_nothing_any_more_is_given_up_though_nobody_waits_for_a_receipt() -> None:
    async def work() -> None:
        peer = Peer(settings=SessionSettings(receipt_timeout_seconds=0.05, heartbeat_seconds=0))
        peer.connection.subscribe(10)
        await peer.hears()
        peer.socket.fills = True
        await peer.connection.acknowledge([Delivery(b"", None, "1")])
        await turn()
        [stuck] = started(peer.connection.acknowledge([Delivery(b"", None, "2")]))
        peer.socket.waiting = 10
        peer.connection.tick()
        while not peer.socket.ends:
            await asyncio.sleep(0.01)
            peer.connection.tick()
        [error] = await ended([stuck])
        assert isinstance(error, TimedOutError)
        assert "takes nothing" in str(error)

    run(work)


def test_a_broker_is_not_called_silent_while_we_do_not_listen() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        session = peer.connection.session
        session.silence_allowed = 1.0
        peer.hands_out(b"x" * (HELD_OCTETS // 2), b"x" * (HELD_OCTETS // 2), b"x")
        session.last_read = 0.0
        peer.connection.tick()
        assert not peer.socket.ends
        await peer.connection.receive(1)
        await peer.connection.receive(1)
        session.last_read = 0.0
        peer.connection.tick()
        assert peer.socket.ends == ["aborted"]
        await peer.connection.receive(1)  # what came is still handed over
        with pytest.raises(TimedOutError):
            await peer.connection.receive(1)

    run(work)


def test_a_sign_of_life_leaves_when_it_is_due() -> None:
    async def work() -> None:
        peer = Peer()
        await peer.hears()
        peer.connection.session.beat_every = 1000.0
        peer.connection.tick()
        await turn()
        assert peer.socket.written[peer.seen :] == []
        peer.connection.session.last_written = peer.connection.loop.time() - 1001.0
        peer.connection.tick()
        await turn()
        assert peer.socket.written[peer.seen :] == [b"\n"]

    run(work)


@pytest.mark.parametrize(("waiting", "is_given_up"), [((900, 800), False), ((900, 900), True), ((0, 0), True)])
def test_only_octets_that_leave_postpone_the_deadline_of_a_receipt(
    waiting: tuple[int, int], *, is_given_up: bool
) -> None:
    async def work() -> None:
        peer = Peer()
        [task] = started(peer.connection.publish("id", b"x" * 1000))
        await peer.hears()
        session = peer.connection.session
        peer.socket.waiting = waiting[0]
        peer.connection.tick()
        session.receipts = dict.fromkeys(session.receipts, 0.0)
        peer.socket.waiting = waiting[1]
        peer.connection.tick()
        assert bool(peer.socket.ends) == is_given_up
        peer.connection.fail(ConnectionLostError("the test is over"))
        [error] = await ended([task])
        assert isinstance(error, TimedOutError if is_given_up else ConnectionLostError)

    run(work)


@pytest.mark.parametrize(
    ("octets", "error", "words"),
    [
        (b"ERROR\nmessage:out of  memory\n\n\0", ConnectionLostError, "the broker answered: out of memory"),
        (b"RECEIPT\nreceipt-id:other\n\n\0", RemoteProtocolError, "a receipt that nobody waits for"),
        (b"CONNECTED\n\n\0", RemoteProtocolError, "not due"),
        (b"NONSENSE\n\n\0", RemoteProtocolError, "unknown command"),
    ],
)
def test_everybody_who_waits_is_told_what_ended_the_connection(octets: bytes, error: type, words: str) -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        tasks = started(
            peer.connection.publish("1", b""), peer.connection.publish("2", b""), peer.connection.receive(1)
        )
        await turn()
        peer.connection.data_received(octets)
        assert peer.socket.ends == ["aborted"]
        for result in await ended(tasks):
            assert type(result) is error
            assert words in str(result)

    run(work)


def test_who_waits_for_room_is_told_too() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        peer.connection.pause_writing()
        tasks = started(peer.connection.publish("1", b""), peer.connection.acknowledge([Delivery(b"", None, "t")]))
        await turn()
        peer.connection.connection_lost(ConnectionResetError(104, "Connection reset by peer"))
        for result in await ended(tasks):
            assert isinstance(result, ConnectionLostError)
            assert "connection reset" in str(result)

    run(work)


def test_goodbye_is_said_and_heard_before_the_socket_is_closed() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        await peer.hears()
        [closing] = started(peer.connection.close())
        [frame] = await peer.hears()
        assert frame.command == "DISCONNECT"
        assert not peer.socket.ends
        peer.hands_out(b"too late")
        peer.confirms(frame)
        assert await ended([closing]) == [None]
        assert peer.socket.ends[0] == "closed"
        assert not peer.connection.deliveries

    run(work)


def test_closing_listens_again_to_hear_the_answer() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        peer.hands_out(b"x" * (HELD_OCTETS // 2), b"x" * (HELD_OCTETS // 2), b"x")
        await peer.hears()
        assert not peer.is_listened_to()
        [closing] = started(peer.connection.close())
        [frame] = await peer.hears()
        assert peer.is_listened_to()
        peer.confirms(frame)
        assert await ended([closing]) == [None]

    run(work)


def test_goodbye_waits_for_the_end_of_a_large_message_and_not_for_those_behind_it() -> None:
    async def work() -> None:
        peer = Peer()
        await peer.hears()
        peer.socket.fills = True
        body = b"x" * LARGE
        [large] = started(peer.connection.publish("large", body))
        await turn()
        behind = started(*(peer.connection.publish(str(number), body) for number in range(3)))
        await turn()
        [closing] = started(peer.connection.close())
        while not peer.socket.written[-1].startswith(b"DISCONNECT"):
            peer.connection.resume_writing()
            await turn()
        first, goodbye = await peer.hears()
        assert first.body == body
        assert goodbye.command == "DISCONNECT"
        for error in await ended(behind):
            assert isinstance(error, ConnectionLostError)
            assert "being closed" in str(error)
        peer.confirms(first)
        peer.confirms(goodbye)
        assert await ended([large, closing]) == [None, None]

    run(work)


def test_who_publishes_or_acknowledges_on_what_is_being_closed_has_lost_the_connection() -> None:
    async def work() -> None:
        peer = Peer()
        peer.connection.subscribe(10)
        await peer.hears()
        [closing] = started(peer.connection.close())
        [goodbye] = await peer.hears()
        with pytest.raises(ConnectionLostError):
            await peer.connection.publish("id", b"body")
        with pytest.raises(ConnectionLostError):
            await peer.connection.acknowledge([Delivery(b"", None, "t")])
        with pytest.raises(ConnectionLostError):
            await peer.connection.receive(1)
        peer.confirms(goodbye)
        assert await ended([closing]) == [None]

    run(work)


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_close_that_is_cancelled_leaves_no_socket_open(*, is_answered: bool) -> None:
    async def work() -> None:
        peer = Peer()
        await peer.hears()
        peer.socket.lingers = True
        [closing] = started(peer.connection.close())
        [goodbye] = await peer.hears()
        if is_answered:
            peer.confirms(goodbye)
            await turn()
            assert peer.socket.ends == ["closed"]  # and it is not gone yet
        closing.cancel()
        [error] = await ended([closing])
        assert isinstance(error, asyncio.CancelledError)
        assert peer.socket.ends[-1] == "aborted"
        await peer.connection.ended

    run(work)


@pytest.mark.parametrize(
    "answer", [b"ERROR\nmessage:no\n\n\0", b"ERROR\nreceipt-id:disconnect\n\n\0", b"NONSENSE\n\n\0"]
)
def test_closing_takes_no_answer_amiss(answer: bytes) -> None:
    async def work() -> None:
        peer = Peer()
        [closing] = started(peer.connection.close())
        await turn()
        peer.connection.data_received(answer)
        assert await ended([closing]) == [None]
        assert peer.socket.ends

    run(work)


def test_closing_what_is_lost_says_nothing_more() -> None:
    async def work() -> None:
        peer = Peer()
        await peer.hears()
        peer.connection.fail(ConnectionLostError("gone"))
        await peer.connection.close()
        assert await peer.hears() == []
        assert peer.connection.session.state is State.CONNECTED

    run(work)
