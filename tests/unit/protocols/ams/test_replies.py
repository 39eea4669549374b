# SPDX-License-Identifier: Apache-2.0
"""What is answered, with more or less in it than we were told of."""

import base64
import json
from datetime import UTC, datetime

import pytest

from ssm.protocols.ams.replies import (
    Fate,
    MalformedReplyError,
    explain,
    fate_of,
    read_pulled,
    read_token,
    require_published,
    retry_after,
)

NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
MOST = 1000


def pulled(**message: object) -> bytes:
    received = {"ackId": "projects/p/subscriptions/s:7", "message": message}
    return json.dumps({"receivedMessages": [received]}).encode()


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (200, Fate.DONE),
        (201, Fate.REFUSED),
        (204, Fate.REFUSED),
        (302, Fate.REFUSED),
        (400, Fate.WRONG),
        (401, Fate.LOGIN),
        (403, Fate.REFUSED),
        (404, Fate.REFUSED),
        (408, Fate.TEMPORARY),
        (409, Fate.REFUSED),
        (413, Fate.TOO_LARGE),
        (418, Fate.REFUSED),
        (429, Fate.TEMPORARY),
        (500, Fate.TEMPORARY),
        (502, Fate.TEMPORARY),
        (503, Fate.TEMPORARY),
        (504, Fate.TEMPORARY),
        (599, Fate.TEMPORARY),
    ],
)
def test_a_status_has_a_fate(status: int, fate: Fate) -> None:
    assert fate_of(status) is fate


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b'{"error":{"code":404,"message":"Topic doesn\'t exist","new":1}}', "Topic doesn't exist (HTTP 404)"),
        (502, b"<html><h1>Bad</h1>", "bad gateway (HTTP 502)"),
        (403, b"", "forbidden (HTTP 403)"),
        (403, b'{"error":"text"}', "forbidden (HTTP 403)"),
        (403, b"[1]", "forbidden (HTTP 403)"),
        (403, b'{"error":{"message":7}}', "forbidden (HTTP 403)"),
        (403, b'{"error":{"message":" "}}', "forbidden (HTTP 403)"),
        (418, b"\xff\xfe", "no reason given (HTTP 418)"),
    ],
)
def test_an_error_is_explained_in_the_service_s_words_or_ours(status: int, body: bytes, words: str) -> None:
    assert explain(status, body) == words


def test_an_explanation_is_bounded_and_one_line() -> None:
    body = json.dumps({"error": {"message": "a\nb\x1b" + "x" * 10_000}}).encode()
    assert len(explain(500, body)) < 400
    assert explain(500, body).isprintable()


def test_a_token_is_read() -> None:
    assert read_token(b'{"token":"s3cr3t","expires":"never"}') == "s3cr3t"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b"[]",
        b'{"token":7}',
        b'{"token":""}',
        b'{"token":"a b"}',
        b'{"token":"a\\r\\nx: y"}',
        json.dumps({"token": "x" * 5000}).encode(),
        '{"token":"é"}'.encode(),
    ],
)
def test_what_no_header_can_carry_is_no_token(body: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        read_token(body)


def test_as_many_ids_as_messages_were_published() -> None:
    require_published(b'{"messageIds":["1","2"],"new":{}}', 2)
    require_published(b'{"messageIds":[]}', 0)


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"messageIds":["1"]}', b'{"messageIds":"12"}', b'{"messageIds":["1"'])
def test_fewer_ids_leave_the_fate_of_messages_unknown(body: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        require_published(body, 2)


def test_a_message_is_read_and_unknown_members_are_passed_over() -> None:
    body = json.dumps(
        {
            "receivedMessages": [
                {
                    "ackId": "projects/p/subscriptions/s:41",
                    "deliveryAttempt": 3,
                    "message": {
                        "attributes": {"empaid": "5f/ab", "schema": "x"},
                        "data": base64.b64encode(b"\0body").decode(),
                        "messageId": "41",
                        "orderingKey": "k",
                        "publishTime": "2026-11-24T12:00:00.123456789Z",
                    },
                }
            ],
            "next": None,
        }
    ).encode()
    (one,) = read_pulled(body, MOST)
    assert (one.ack_id, one.offset, one.message_id) == ("projects/p/subscriptions/s:41", 41, "5f/ab")
    assert (one.body, one.full_size) == (b"\0body", None)


@pytest.mark.parametrize("attributes", [None, {}, {"other": "x"}, {"empaid": 7}, {"empaid": None}, "text", []])
def test_a_message_may_have_no_id(attributes: object) -> None:
    (one,) = read_pulled(pulled(attributes=attributes, data=""), MOST)
    assert one.message_id is None


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ("Ym9keQ==", b"body"),
        ("Ym9k\nZQ==\r\n", b"bode"),
        ("not base64!", b"not base64!"),
        ("Ym9keQ", b"Ym9keQ"),
        ("é", "é".encode()),
        ("\ud800", b"\xed\xa0\x80"),
        ("", b""),
        (None, b""),
        (7, b""),
    ],
)
def test_odd_data_is_a_message_all_the_same(data: object, body: bytes) -> None:
    (one,) = read_pulled(pulled(data=data), MOST)
    assert one.body == body


def test_a_message_without_a_message_is_an_empty_one() -> None:
    (one,) = read_pulled(b'{"receivedMessages":[{"ackId":"x:3","message":null}]}', MOST)
    assert (one.offset, one.body, one.message_id) == (3, b"", None)


def test_a_message_beyond_the_bound_is_cut() -> None:
    (one,) = read_pulled(pulled(data=base64.b64encode(b"x" * 1500).decode()), MOST)
    assert (len(one.body), one.full_size) == (1000, 1500)
    (one,) = read_pulled(pulled(data=base64.b64encode(b"x" * 1000).decode()), MOST)
    assert (len(one.body), one.full_size) == (1000, None)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"receivedMessages":null}',
        b'{"receivedMessages":{}}',
        b'{"receivedMessages":[7]}',
        b'{"receivedMessages":[{}]}',
        b'{"receivedMessages":[{"ackId":7}]}',
        b'{"receivedMessages":[{"ackId":"no-offset"}]}',
        b'{"receivedMessages":[{"ackId":"s:-1"}]}',
        b'{"receivedMessages":[{"ackId":"s:1\\n"}]}',
        b'{"receivedMessages":[{"ackId":"s:' + b"9" * 40 + b'"}]}',
        '{"receivedMessages":[{"ackId":"s:٣"}]}'.encode(),
        b"[" * 100_000,
        b'{"receivedMessages":[{"ackId":"s:1","message":{"data":"Ym',
    ],
)
def test_without_what_we_must_have_an_answer_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedReplyError):
        read_pulled(body, MOST)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("-1", None),
        ("1.5", None),
        ("9" * 18, 86400.0),
        ("9" * 400, None),
        ("Tue, 24 Nov 2026 12:00:30 GMT", 30.0),
        ("Tue, 24 Nov 2026 12:00:30 -0000", 30.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("Tue, 24 Nov 2099 12:00:30 GMT", 86400.0),
        ("Tue, 99 Nov 2026 12:00:30 GMT", None),
        (f"Tue, 24 Nov 2026 12:{'9' * 30}", None),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
    ],
)
def test_the_service_may_ask_for_time_in_two_ways(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds
