# SPDX-License-Identifier: Apache-2.0
"""What is asked, octet for octet where the service is strict."""

import base64
import json

import pytest

from ssm.protocols.ams.requests import acknowledge, exchange, outgoing, publish, pull


def test_a_message_is_published_in_base64_with_its_id_as_an_attribute() -> None:
    request = publish("accounting", "gLite-APEL", [outgoing("5f0a1c2c/5f0a1c41b2d3e7", b"\0\xffbody" * 100)])
    assert (request.method, request.path) == ("POST", "/v1/projects/accounting/topics/gLite-APEL:publish")
    (message,) = json.loads(request.body)["messages"]
    assert message["attributes"] == {"empaid": "5f0a1c2c/5f0a1c41b2d3e7"}
    assert base64.b64decode(message["data"], validate=True) == b"\0\xffbody" * 100
    assert "\n" not in message["data"]


@pytest.mark.parametrize("message_id", ['a"b\\c', "line\nend", "é€\U0001f600", "", "x" * 500])
def test_any_id_is_carried(message_id: str) -> None:
    request = publish("p", "t", [outgoing(message_id, b""), outgoing("other", b"x")])
    first, second = json.loads(request.body)["messages"]
    assert first == {"attributes": {"empaid": message_id}, "data": ""}
    assert second["attributes"] == {"empaid": "other"}


def test_publishing_nothing_asks_only_whether_we_may() -> None:
    assert json.loads(publish("p", "t", []).body) == {"messages": []}


def test_a_pull_asks_in_texts_and_does_not_wait() -> None:
    request = pull("accounting", "receiver_1", 64)
    assert (request.method, request.path) == ("POST", "/v1/projects/accounting/subscriptions/receiver_1:pull")
    assert json.loads(request.body) == {"maxMessages": "64", "returnImmediately": "true"}


def test_an_acknowledgement_names_the_last_message() -> None:
    request = acknowledge("p", "s", "projects/p/subscriptions/s:41")
    assert request.path == "/v1/projects/p/subscriptions/s:acknowledge"
    assert json.loads(request.body) == {"ackIds": ["projects/p/subscriptions/s:41"]}


def test_a_certificate_is_exchanged_under_the_name_of_the_host() -> None:
    request = exchange("msg.example.org")
    assert (request.method, request.body) == ("GET", b"")
    assert request.path == "/v1/service-types/ams/hosts/msg.example.org:authx509"


@pytest.mark.parametrize("name", ["", "a/b", "a:publish", "a?key=x", "../x", "a b", "a\r\nb", "é"])
def test_a_name_that_would_change_the_path_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        publish(name, "t", [])
    with pytest.raises(ValueError, match="not a name"):
        pull("p", name, 1)


@pytest.mark.parametrize("host", ["", "a/b", "a b", "host:443", "a\r\nb", "a?b"])
def test_a_host_that_would_change_the_path_is_no_host(host: str) -> None:
    with pytest.raises(ValueError, match="not a host"):
        exchange(host)


def test_bodies_are_not_shown() -> None:
    request = publish("p", "t", [outgoing("id", b"planted-secret")])
    assert base64.b64encode(b"planted-secret").decode() not in repr(request)
