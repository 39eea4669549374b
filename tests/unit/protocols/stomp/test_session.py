# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import pytest

from ssm.errors import LocalProtocolError, RefusedError, RemoteProtocolError, TimedOutError
from ssm.protocols.stomp.codec import COMMANDS, Decoder
from ssm.protocols.stomp.frames import Frame, Version
from ssm.protocols.stomp.session import (
    MOVES,
    SILENCE_FACTOR,
    ClientSession,
    Connected,
    ErrorFrame,
    Message,
    Receipt,
    SessionSettings,
    State,
    read_heartbeat,
)

GREETING = "CONNECTED\nversion:{}\nserver:test/1\nheart-beat:{}\n\n\0"
NOW = 100.0

HEADERS = {"destination": "/queue/a", "persistent": "true"}


def read(data: bytes, version: Version = Version.V1_2) -> list[Frame]:
    return list(Decoder(1_000_000, version).feed(data))


def connected(version: str = "1.2", beat: str = "0,0", settings: SessionSettings | None = None) -> ClientSession:
    session = ClientSession(settings or SessionSettings())
    session.connect(NOW)
    list(session.receive(GREETING.format(version, beat).encode(), NOW))
    return session


def subscribed(version: str = "1.2") -> ClientSession:
    session = connected(version)
    session.subscribe("/queue/a", 10, 1000, NOW)
    return session


def sent(session: ClientSession, message_id: str = "id", receipt: str = "r1", now: float = NOW) -> bytes:
    return b"".join(session.send(HEADERS | {"empa-id": message_id}, b"body", receipt, now))


# The greeting.


def test_the_greeting_offers_every_version_and_signs_of_life() -> None:
    [frame] = read(ClientSession(SessionSettings(host="/vhost", heartbeat_seconds=5)).connect(NOW))
    assert frame == Frame("CONNECT", {"accept-version": "1.0,1.1,1.2", "host": "/vhost", "heart-beat": "5000,5000"})


def test_login_is_sent_only_where_there_is_one() -> None:
    [frame] = read(ClientSession(SessionSettings(login="me", passcode="it")).connect(NOW))
    assert (frame.headers["login"], frame.headers["passcode"]) == ("me", "it")
    [frame] = read(ClientSession(SessionSettings()).connect(NOW))
    assert not {"login", "passcode"} & set(frame.headers)


def test_the_passcode_is_not_in_the_settings_repr() -> None:
    assert "hunter2" not in repr(SessionSettings(login="me", passcode="hunter2"))


@pytest.mark.parametrize("version", list(Version))
def test_the_brokers_version_counts(version: Version) -> None:
    session = ClientSession(SessionSettings())
    session.connect(NOW)
    assert list(session.receive(GREETING.format(version, "0,0").encode(), NOW)) == [Connected(version, "test/1")]
    assert session.version == session.decoder.version == version


def test_a_greeting_without_version_means_1_0() -> None:
    session = ClientSession(SessionSettings())
    session.connect(NOW)
    assert list(session.receive(b"CONNECTED\nsession:x\n\n\0", NOW)) == [Connected(Version.V1_0, "")]


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(RemoteProtocolError, match="version"):
        connected("1.3")


def test_a_message_right_behind_the_greeting_is_read_in_the_version_agreed_on() -> None:
    session = ClientSession(SessionSettings())
    session.connect(NOW)
    stream = session.receive(GREETING.format("1.2", "0,0").encode() + b"RECEIPT\nreceipt-id:a\\cb\n\n\0", NOW)
    assert isinstance(next(stream), Connected)
    session.receipts["a:b"] = NOW
    assert next(stream) == Receipt("a:b")


# The table.


def test_only_what_the_table_has_is_legal_for_us() -> None:
    for state in State:
        for step in ("CONNECT", "SEND", "SUBSCRIBE", "ACK", "DISCONNECT"):
            if (state, step) not in MOVES:
                session = ClientSession(SessionSettings())
                session.state = state
                with pytest.raises(LocalProtocolError, match="not due"):
                    session.move(step)


def test_only_what_the_table_has_is_legal_for_the_broker() -> None:
    for state in State:
        for command in COMMANDS:
            if (state, f"<{command}") not in MOVES:
                session = ClientSession(SessionSettings())
                session.state = state
                with pytest.raises(RemoteProtocolError, match="not due"):
                    list(session.receive(f"{command}\nreceipt-id:x\n\n\0".encode(), NOW))


def test_nothing_leads_out_of_closed_and_every_state_can_be_reached() -> None:
    assert not [step for state, step in MOVES if state is State.CLOSED]
    assert {State.NEW, *MOVES.values()} == set(State)


# Sending.


def test_a_message_bears_its_headers_its_length_and_its_receipt() -> None:
    [frame] = read(sent(connected(), "20240101/0001"))
    assert frame == Frame(
        "SEND",
        {
            "destination": "/queue/a",
            "persistent": "true",
            "empa-id": "20240101/0001",
            "receipt": "r1",
            "content-length": "4",
        },
        b"body",
    )


def test_a_body_is_handed_on_without_a_copy() -> None:
    body = b"x" * 1000
    assert any(piece is body for piece in connected().send({"destination": "/queue/a"}, body, "r1", NOW))


def test_receipts_are_matched_to_their_own_message_in_any_order() -> None:
    session = connected()
    for receipt in ("r1", "r2", "r3"):
        sent(session, receipt=receipt)
    wire = b"".join(b"RECEIPT\nreceipt-id:r%d\n\n\0" % number for number in (3, 1, 2))
    assert list(session.receive(wire, NOW)) == [Receipt("r3"), Receipt("r1"), Receipt("r2")]
    assert not session.receipts


@pytest.mark.parametrize("receipt", ["r2", "", "disconnect"])
def test_a_receipt_that_nobody_waits_for_is_an_offence(receipt: str) -> None:
    session = connected()
    sent(session)
    with pytest.raises(RemoteProtocolError, match="receipt"):
        list(session.receive(f"RECEIPT\nreceipt-id:{receipt}\n\n\0".encode(), NOW))


def test_a_receipt_that_comes_twice_is_an_offence() -> None:
    session = connected()
    sent(session)
    with pytest.raises(RemoteProtocolError, match="receipt"):
        list(session.receive(b"RECEIPT\nreceipt-id:r1\n\n\0" * 2, NOW))


def test_an_error_is_about_the_message_that_it_names_and_the_others_go_on_waiting() -> None:
    session = connected()
    sent(session)
    sent(session, receipt="r2")
    assert list(session.receive(b"ERROR\nreceipt-id:r1\nmessage:queue is full\n\n\0", NOW)) == [
        ErrorFrame("queue is full", "r1")
    ]
    assert list(session.receipts) == ["r2"]


def test_an_error_that_names_no_message_of_ours_is_about_everything() -> None:
    session = connected()
    sent(session)
    assert list(session.receive(b"ERROR\nreceipt-id:zz\nmessage:no\n\n\0", NOW)) == [ErrorFrame("no", None)]


def test_the_text_of_an_error_is_one_bounded_line() -> None:
    session = connected()
    [event] = session.receive(b"ERROR\n\n" + b"first\nsecond\xff\n" * 1000 + b"\0", NOW)
    assert isinstance(event, ErrorFrame)
    assert event.text.startswith("first second\ufffd first")
    assert len(event.text) <= 500


@pytest.mark.parametrize("message_id", ["a\0b", "\udcff"])
def test_an_id_that_cannot_be_sent_is_refused_and_the_session_goes_on(message_id: str) -> None:
    session = connected()
    with pytest.raises(RefusedError):
        sent(session, message_id)
    assert not session.receipts
    assert sent(session)


def test_an_id_with_a_line_end_is_escaped_where_the_version_can() -> None:
    [frame] = read(sent(connected("1.2"), "a\nb:c"))
    assert frame.headers["empa-id"] == "a\nb:c"
    with pytest.raises(RefusedError):
        sent(connected("1.0"), "a\nb:c")


# Taking.


def test_a_subscription_names_the_prefetch_in_every_brokers_words() -> None:
    [frame] = read(connected().subscribe("/queue/a", 7, 9000, NOW))
    assert frame.headers == {
        "destination": "/queue/a",
        "id": "1",
        "ack": "client-individual",
        "activemq.prefetchSize": "7",
        "prefetch-count": "7",
        "consumer-window-size": "9000",
        "receipt": "subscribe",
    }


@pytest.mark.parametrize(
    ("version", "token", "headers"),
    [
        ("1.2", "acknowledge-by", {"id": "acknowledge-by"}),
        ("1.1", "m1", {"message-id": "m1", "subscription": "1"}),
        ("1.0", "m1", {"message-id": "m1"}),
    ],
)
def test_each_version_acknowledges_by_its_own_header(version: str, token: str, headers: dict[str, str]) -> None:
    session = subscribed(version)
    wire = b"MESSAGE\nsubscription:1\nmessage-id:m1\nack:acknowledge-by\ndestination:/queue/a\n\nbody\0"
    [event] = session.receive(wire, NOW)
    assert isinstance(event, Message)
    assert (event.token, event.frame.body) == (token, b"body")
    assert read(session.acknowledge([event.token], NOW)) == [Frame("ACK", headers)]


def test_acknowledgements_leave_together() -> None:
    frames = read(subscribed().acknowledge(["a", "b:c"], NOW))
    assert [frame.headers["id"] for frame in frames] == ["a", "b:c"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_a_message_that_cannot_be_acknowledged_is_an_offence(version: str) -> None:
    with pytest.raises(RemoteProtocolError, match="a message without"):
        list(subscribed(version).receive(b"MESSAGE\nsubscription:1\n\n\0", NOW))


def test_goodbye_asks_for_a_receipt_and_messages_may_still_come() -> None:
    session = subscribed()
    assert read(session.disconnect(NOW)) == [Frame("DISCONNECT", {"receipt": "disconnect"})]
    events = list(session.receive(b"MESSAGE\nack:1\n\n\0RECEIPT\nreceipt-id:disconnect\n\n\0", NOW))
    assert isinstance(events[0], Message)
    assert events[1] == Receipt("disconnect")


# Time.


def test_the_greeting_has_a_deadline() -> None:
    session = ClientSession(SessionSettings(connect_timeout_seconds=10))
    session.connect(NOW)
    assert session.on_time(NOW + 9.9) == b""
    with pytest.raises(TimedOutError, match="CONNECT"):
        session.on_time(NOW + 10)


def test_a_receipt_has_a_deadline_of_its_own() -> None:
    session = connected(settings=SessionSettings(receipt_timeout_seconds=60))
    sent(session, receipt="r1", now=NOW)
    sent(session, receipt="r2", now=NOW + 30)
    assert session.on_time(NOW + 59) == b""
    list(session.receive(b"RECEIPT\nreceipt-id:r1\n\n\0", NOW + 50))
    assert session.on_time(NOW + 89) == b""
    with pytest.raises(TimedOutError, match="confirm"):
        session.on_time(NOW + 90)


@pytest.mark.parametrize(
    ("begin", "what"),
    [
        (lambda session: session.subscribe("/queue/a", 10, 1000, NOW), "our subscription"),
        (lambda session: session.disconnect(NOW), "the end of the conversation"),
    ],
)
def test_a_broker_that_beats_but_does_not_answer_is_given_up(
    begin: Callable[[ClientSession], bytes], what: str
) -> None:
    """To a receiver whose subscription it has forgotten it would look like an empty queue, for ever."""
    session = connected(settings=SessionSettings(receipt_timeout_seconds=60))
    begin(session)
    assert list(session.receive(b"\n", NOW + 59)) == []
    assert session.on_time(NOW + 59) == b""
    with pytest.raises(TimedOutError, match=f"did not confirm {what} in time"):
        session.on_time(NOW + 60)


def test_a_deadline_that_is_postponed_is_never_moved_forward() -> None:
    session = connected(settings=SessionSettings(receipt_timeout_seconds=60))
    sent(session, receipt="r1", now=NOW)
    session.postpone(NOW + 20)
    session.postpone(NOW + 10)
    assert session.on_time(NOW + 79) == b""
    with pytest.raises(TimedOutError, match="confirm"):
        session.on_time(NOW + 80)


@pytest.mark.parametrize(
    ("ours", "theirs", "every", "allowed"),
    [
        (30, "10000,20000", 30, 30 * SILENCE_FACTOR),
        (5, "10000,20000", 20, 10 * SILENCE_FACTOR),
        (5, "0,20000", 20, 0),
        (5, "10000,0", 0, 10 * SILENCE_FACTOR),
        (0, "10000,10000", 0, 0),
        (30, "0,0", 0, 0),
    ],
)
def test_signs_of_life_are_agreed_on_by_the_slower_end(ours: float, theirs: str, every: float, allowed: float) -> None:
    session = connected(beat=theirs, settings=SessionSettings(heartbeat_seconds=ours))
    assert (session.beat_every, session.silence_allowed) == (every, allowed)


def test_a_sign_of_life_is_due_when_nothing_was_written_for_a_while() -> None:
    session = connected(beat="0,10000", settings=SessionSettings(heartbeat_seconds=10))
    assert session.on_time(NOW + 9) == b""
    assert session.on_time(NOW + 10) == b"\n"
    assert session.on_time(NOW + 11) == b""
    sent(session, now=NOW + 15)
    assert session.on_time(NOW + 24) == b""


def test_a_silent_broker_is_given_up_and_a_heart_beat_is_enough_to_live() -> None:
    session = connected(beat="10000,0", settings=SessionSettings(heartbeat_seconds=10))
    allowed = 10 * SILENCE_FACTOR
    assert list(session.receive(b"\n", NOW + 20)) == []
    assert session.on_time(NOW + 20 + allowed - 0.1) == b""
    with pytest.raises(TimedOutError, match="silent"):
        session.on_time(NOW + 20 + allowed)


def test_where_nothing_is_due_time_brings_nothing() -> None:
    assert connected(settings=SessionSettings(heartbeat_seconds=0)).on_time(NOW + 1_000_000) == b""


@pytest.mark.parametrize("text", ["", "1", "1;2", "-1,0", "1,x", "1,2,3", "9" * 40 + ",0"])
def test_a_malformed_heart_beat_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError, match="heart-beat"):
        read_heartbeat(text)
